# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# the double indirect block leads to itself
standard
blk=$(debugfs -R 'stat /far' "$img" 2>/dev/null | sed -n 's/.*(DIND):\([0-9]*\).*/\1/p')
byte=$(printf '\\%03o\\%03o\\0\\0' $((blk & 255)) $((blk >> 8)))
all=
for i in $(seq 256); do all=$all$byte; done
pokeblk "$blk" 0 "$all"
reads 0 '' fsu_ls @ -l /
reads 0 '' fsu_cat @ /far
run 0 '' fsu_rm @ /far
reads 0 '' fsu_ls @ -lR /
