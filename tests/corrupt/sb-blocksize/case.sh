# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1048 '\007'
reads 2 's_log_block_size is 7' fsu_ls -t ext2 @
poke 1048 '\377\377\377\377'
reads 2 's_log_block_size is 4294967295' fsu_ls -t ext2 @
