# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1230 '\377\377'
readall 2 's_reserved_gdt_blocks is 65535'
