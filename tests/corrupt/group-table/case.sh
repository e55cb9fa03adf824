# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 2056 '\050\001'
readall 2 'group 0: inode table 296 is out of range'
