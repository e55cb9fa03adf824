# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1028 '\0\0\0\0'
readall 2 's_blocks_count is 0'
poke 1028 '\377\377\377\377'
readall 2 'the device only'
