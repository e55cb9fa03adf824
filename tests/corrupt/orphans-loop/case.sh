# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# the list of orphans leads to itself, then out of the table
standard
ino=$(debugfs -R 'stat /big' "$img" 2>/dev/null | sed -n 's/^Inode: \([0-9]*\).*/\1/p')
db sif '/big' links_count 0
db sif '/big' dtime "$ino"
poke 1256 "$(printf '\\%03o' "$ino")"
echo x >"$work/one"
reads 0 '' fsu_ls @ /dir
run 0 "can't be cleaned up|orphan" fsu_put @ "$work/one" /one
poke 1256 '\377\377\377\377'
run 0 'the list of orphans is bad' fsu_put @ "$work/one" /two
reads 0 '' fsu_cat @ /two
