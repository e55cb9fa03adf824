# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# the bitmap has the inode table as free: nothing is allocated there
standard
blk=$(debugfs -R stats "$img" 2>/dev/null | sed -n 's/.*block bitmap at \([0-9]*\).*/\1/p')
pokeblk "$blk" 0 '\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
readall 0 ''
run 1 'the bitmap says that block [0-9]+ is free' fsu_put @ /etc/passwd /new
