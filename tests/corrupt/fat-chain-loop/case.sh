# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2046
# chains that come back: to their start, to their middle, to themselves; a file's and a
# directory's
for fat in 12 16 32; do
	fat_standard $fat || break
	set -- $(fatat chain /big)
	for to in "$1" "$3" "$7"; do
		fat_standard $fat
		fatat fat "$7" "$to"
		reads 1 'its chain is a loop' fsu_cat @ /big
		# what comes before it repeats itself is read
		[ "$(wc -c <"$work/stdout")" = 3584 ]
		tap $? "$case: seven clusters are read"
		reads 0 '' fsu_cat @ /hello
		nochange 'two chains lead to|begins with cluster'
	done
	fat_standard $fat
	fatat fat "$(fatat chain /dir)" "$(fatat chain /dir)"
	readall 1 'its chain is a loop'
	reads 0 '' fsu_cat @ /big
	nochange 'begins with cluster|loop'
done
