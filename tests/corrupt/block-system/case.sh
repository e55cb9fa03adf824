# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a file whose block is the inode table, one whose block is the superblock
standard
sif /hello 'block[0]' 10
sif /dir/in 'block[0]' 1
reads 1 'block 10 .* is out of range' fsu_cat @ /hello
reads 1 'block 1 .* is out of range' fsu_cat @ /dir/in
before=$(hash_of)
run 1 'out of range' fsu_put @ --in-place /etc/passwd /hello
