# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2046
# boot sectors that can't be: each says why, and nothing is read
if fat_standard 16; then
	bad() { # FAT FIELD VALUE REGEX
		fat_standard "$1"
		fatat bpb "$2" "$3"
		reads 2 "$4" fsu_ls -t msdos @ /
		[ "$(wc -l <"$work/err")" -le 2 ]
		tap $? "$case: $2=$3 is told in a line or two"
		reads 2 "$4" fsu_put -t msdos @ /etc/passwd /
	}
	for fat in 12 16 32; do
		bad $fat fats 0 'no FAT'
		bad $fat fats 255 'no room for clusters|more clusters than|FAT 3 of 255 is none'
		bad $fat sector 0 'sector size'
		bad $fat sector 513 'sector size'
		bad $fat sector 32768 'sector size'
		bad $fat spc 0 'power of two'
		bad $fat spc 3 'power of two'
		bad $fat reserved 0 'reserved'
		bad $fat reserved 65535 'no room for clusters|its chain leads from cluster 2 to a free one'
		bad $fat media 1 'FAT'
	done
	bad 16 sectors16 1 'no room for clusters'
	bad 16 fatsectors16 65535 'no room for clusters'
	bad 16 fatsectors16 1 'too small for its clusters'
	bad 12 fatsectors16 1 'too small for its clusters'
	bad 16 rootents 0 'no root directory'
	bad 32 fatsectors32 0xffffffff 'no room for clusters'
	bad 32 fatsectors32 1 'too small for its clusters'
	bad 32 fatsectors32 0 'no sectors'
	bad 32 sectors32 0xffffffff 'larger than the device|more clusters|too small'
	bad 32 sectors32 0 'no sectors'
	bad 32 root 0 'root directory is outside'
	bad 32 root 1 'root directory is outside'
	bad 32 root 0xffffffff 'root directory is outside'
	bad 32 rootents 512 'root directory'
	bad 32 version 1 'version'
	bad 32 flags 0x8f 'said to be active'
	# all at their largest
	fat_standard 32
	poke 11 '\000\020\200\377\377\377'
	poke 32 '\377\377\377\377\377\377\377\377'
	reads 2 'boot sector' fsu_ls -t msdos @ /
	# cut off
	fat_standard 32
	truncate -s 1000000 "$img"
	reads 2 'larger than the device' fsu_ls -t msdos @ /
fi
