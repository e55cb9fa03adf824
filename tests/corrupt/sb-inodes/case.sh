# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1024 '\0\0\0\0'
readall 2 's_inodes_count is 0'
poke 1024 '\377\377\377\377'
readall 2 's_inodes_count is 4294967295'
