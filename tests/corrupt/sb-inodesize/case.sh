# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
for bytes in '\0\0' '\100\0' '\144\0' '\0\010' '\377\377'; do
	poke 1112 "$bytes"
	reads 2 's_inode_size is' fsu_ls @
done
