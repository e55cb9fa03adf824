# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1121 '\020'
readall 2 'feature dirdata is not supported'
poke 1123 '\200'
readall 2 'features dirdata, bit 31 are not supported'
