# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# Two names become a second ".." and a second ".": files must not vanish in silence.
mkdir -p "$work/dots/d"
for name in aa b cc; do echo $name >"$work/dots/d/$name"; done
rm -f "$img"
mke2fs -q -F -t ext2 -b 1024 -I 128 -m 0 -d "$work/dots" "$img" 200 >/dev/null 2>&1
block=$(bmap /d 0)
# Records of 12 bytes behind the first two; names at byte 8 of each, in any order.
for off in 24 36 48; do
	first=$(dd if="$img" bs=1 skip=$((block * 1024 + off + 8)) count=1 status=none)
	case $first in
	a) pokeblk "$block" $((off + 8)) '..' ;;
	b) pokeblk "$block" $((off + 8)) '.' ;;
	esac
done
readall 1 'where none belongs'
run 0 '' test -f "$work/out/d/cc"
reads 1 '' fsu_ls @ -a /d
