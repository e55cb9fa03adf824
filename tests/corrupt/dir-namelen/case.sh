# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
pokeblk "$(bmap /dir 0)" 6 '\377'
readall 1 "name crosses the record's end"
