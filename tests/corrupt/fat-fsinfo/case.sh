# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2046
# FSInfo's numbers are hints, and it may not be there at all
if fat_standard 32; then
	for value in 0 1 5 0xfffffffe 0xffffffff; do
		fat_standard 32
		want=$(fsu_df "$img" --output=avail | tail -1)
		fatat fsinfo free $value
		fatat fsinfo next $value
		[ "$(fsu_df "$img" --output=avail | tail -1)" = "$want" ]
		tap $? "$case: free $value isn't believed"
		run 0 '' fsu_put @ /etc/passwd /
		run 0 '' fsck.fat -n @
	done
	for value in 0 31 0xffff; do
		fat_standard 32
		fatat bpb fsinfo $value
		readall 0 ''
		run 0 '' fsu_put @ /etc/passwd /
		run 0 '' fsu_cat @ /passwd
	done
fi
