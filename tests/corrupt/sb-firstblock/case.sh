# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1044 '\0'
readall 2 's_first_data_block is 0'
