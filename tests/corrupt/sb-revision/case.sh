# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1100 '\002'
readall 2 'revision 2 is not supported'
