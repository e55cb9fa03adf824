# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
pokeblk "$(bmap /dir 0)" 24 '\377\377\377\177'
readall 1 'inode number out of range'
