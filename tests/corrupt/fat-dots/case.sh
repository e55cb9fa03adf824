# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2046
# ".." that isn't there or leads elsewhere: told, and the others are read
for fat in 16 32; do
	fat_standard $fat || break
	at=$(fatat at "$(fatat chain /dir/sub)")
	poke $((at + 32)) 'XX'
	readall 1 '".." is missing or leads nowhere'
	reads 0 '' fsu_cat @ /dir/in
	fat_standard $fat
	poke $((at + 32 + 26)) '\377\177'
	readall 0 '".." is missing or leads nowhere|leads from cluster 32767 to a free one'
	fat_standard $fat
	fatat set /dir/sub first 0
	readall 1 'begins with cluster 0'
	reads 0 '' fsu_cat @ /dir/in
done
