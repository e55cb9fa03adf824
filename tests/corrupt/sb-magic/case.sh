# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1080 'xx'
reads 2 'no file system' fsu_ls @
reads 2 'no ext2 superblock' fsu_ls -t ext2 @
