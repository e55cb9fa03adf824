# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# the reserved inodes would need more bits than a bitmap has
mke2fs -q -F -t ext2 -b 1024 -I 128 -N 32768 "$img" 33000 >/dev/null 2>&1
poke 1108 '\060\165\0\0'
readall 2 's_first_ino is 30000'
echo x >"$work/one"
run 2 's_first_ino is 30000' fsu_put @ "$work/one" /one
