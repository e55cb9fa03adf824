# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2046
# two files that share clusters: nothing is written to such a volume
for fat in 12 16 32; do
	fat_standard $fat || break
	first=$(fatat chain /hello)
	set -- $(fatat chain /big)
	# the same beginning
	fatat set /other first "$first"
	reads 0 '' fsu_cat @ /hello
	nochange "'(OTHER|other)' begins with cluster $first, as another file does"
	# the beginning in the middle of another
	fat_standard $fat
	fatat set /other first "$4"
	nochange "begins with cluster $4, which is in the middle"
	# one chain that enters another
	fat_standard $fat
	fatat fat "$first" "$4"
	nochange "two chains lead to cluster $4"
	# a file and a directory
	fat_standard $fat
	fatat set /other first "$(fatat chain /dir)"
	nochange 'as another file does'
	# in a directory below; two names of a directory
	fat_standard $fat
	fatat set /dir/sub/deep first "$first"
	nochange "as another file does"
	fat_standard $fat
	fatat set /dir/sub first "$(fatat chain /dir)"
	nochange "as another file does"
	# clusters that are free: the next file would get them
	fat_standard $fat
	fatat fat "$first" 0
	nochange "begins with cluster $first, which is free"
	fat_standard $fat
	fatat fat "$5" 0
	nochange "a chain leads to cluster $5, which is free"
done
