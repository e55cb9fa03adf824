# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a name in a directory leads to the directory itself, and one to its parent
standard
dir=$(debugfs -R 'stat /dir' "$img" 2>/dev/null | sed -n 's/^Inode: \([0-9]*\).*/\1/p')
pokeblk "$(bmap /dir 0)" 24 "$(printf '\\%03o' "$dir")"
pokeblk "$(bmap /dir/sub 0)" 12 '\0'
run 1 '' fsu_ls @ -lR /
