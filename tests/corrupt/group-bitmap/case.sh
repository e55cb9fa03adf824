# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 2048 '\0\0\0\0'
readall 2 'group 0: block bitmap 0 is out of range'
poke 2048 '\377\377\377\177'
readall 2 'group 0: block bitmap 2147483647 is out of range'
