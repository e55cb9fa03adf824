# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
pokeblk "$(bmap /dir 0)" 4 '\0\0'
readall 1 'directory entry at 0: bad record length'
