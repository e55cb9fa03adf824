# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
pokeblk "$(bmap /dir 0)" 16 '\364\007'
readall 1 "directory entry at 12: record crosses the block's end"
