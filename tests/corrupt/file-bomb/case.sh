# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a small image that would be 16 GiB on the host: all entries of each indirect
# block are one block
standard
ents() { # block, what all its entries are
	byte=$(printf '\\%03o\\%03o\\0\\0' $(($2 & 255)) $(($2 >> 8)))
	all=
	for _ in $(seq 256); do all=$all$byte; done
	pokeblk "$1" 0 "$all"
}
far=$(debugfs -R 'stat /far' "$img" 2>/dev/null |
	sed -n 's/.*(DIND):\([0-9]*\).*/\1/p')
data=$(bmap /big 0)
ents "$far" "$data"
for i in 1 2; do # /big has the blocks that lead to it
	ents $((data + i)) "$far"
	far=$((data + i))
done
sif /far 'block[TIND]' "$far"
sif /far size 16106127360
sif /far 'block[IND]' 0
sif /far 'block[DIND]' 0
reads 1 'more blocks than the file system has' fsu_get @ /far "$work/out/far"
reads 1 '/far: ' fsu_get @ /far "$work/out/far"
reads 0 '' fsu_ls @ -l /
