# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
pokeblk "$(bmap /dir 0)" 32 '/'
readall 1 'the name has a slash or a NUL'
# What is behind the bad name is there all the same.
run 0 '' test -f "$work/out/dir/in" -o -d "$work/out/dir/sub"
