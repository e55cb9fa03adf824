# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1056 '\0\0\0\0'
readall 2 's_blocks_per_group is 0'
poke 1056 '\001\040\0\0'
readall 2 's_blocks_per_group is 8193'
