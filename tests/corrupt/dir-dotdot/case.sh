# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# ".." leads to a file
standard
ino=$(debugfs -R 'stat /hello' "$img" 2>/dev/null | sed -n 's/^Inode: \([0-9]*\).*/\1/p')
pokeblk "$(bmap /dir 0)" 12 "$(printf '\\%03o' "$ino")"
reads 0 '' fsu_ls @ -l /dir
reads 1 'is no directory' fsu_ls @ -l /dir/sub/../../hello
