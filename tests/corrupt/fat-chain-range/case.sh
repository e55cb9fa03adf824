# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2046
# a chain that leads to 0, 1, the reserved range, past the end
for fat in 12 16 32; do
	fat_standard $fat || break
	set -- $(fatat chain /big)
	case $fat in
	12) reserved=0xff0 past=0x800 ;;
	16) reserved=0xfff0 past=0xf000 ;;
	32) reserved=0xffffff0 past=0x800000 ;;
	esac
	for to in 0 1 $reserved $past; do
		fat_standard $fat
		fatat fat "$4" $to
		reads 0 '' fsu_ls @ -lR /
		reads 1 'its chain leads from cluster [0-9]+ to' fsu_cat @ /big
		[ "$(wc -c <"$work/stdout")" -ge 1536 ]
		tap $? "$case: what is before it is read"
		rm -rf "$work/out"
		reads 1 'its chain leads from cluster [0-9]+ to' fsu_get @ -R / "$work/out"
		reads 0 '' fsu_cat @ /big2
		# others can be changed, and the damage stays where it is
		if [ $to != 0 ]; then
			run 0 '' fsu_put @ /etc/passwd /new
			run 0 '' fsu_cat @ /new
		fi
	done
	# the first cluster of a file, of a directory
	for to in 1 $past; do
		fat_standard $fat
		fatat set /hello first $to
		readall 1 'begins with cluster'
		reads 0 '' fsu_cat @ /big
		fat_standard $fat
		fatat set /dir first $to
		readall 1 'begins with cluster'
		reads 0 '' fsu_cat @ /big
	done
	# a file that has bytes, but no cluster; and a chain that is too short
	fat_standard $fat
	fatat set /hello first 0
	readall 1 'bytes in no clusters'
	fat_standard $fat
	fatat set /big size 6000
	reads 1 'chain is shorter than its size' fsu_cat @ /big
	reads 0 '' fsu_cat @ /big2
done
