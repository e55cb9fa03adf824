# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1108 '\002'
readall 2 's_first_ino is 2'
poke 1108 '\0\377'
readall 2 's_first_ino is'
