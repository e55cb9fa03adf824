# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a leaf, an extent, an index behind the device's end or among the bitmaps
extents_standard
pokeblk "$leaf" 20 '\1\0\0\0'
reads 1 'block 1 .of the file: 0. is out of range' fsu_cat @ /many
pokeblk "$leaf" 18 '\377\377'
reads 1 'is out of range' fsu_cat @ /many
reads 1 'is out of range' fsu_get @ -R / "$work/out"
reads 0 '' fsu_ls @ -l /
reads 0 '' fsu_cat @ /few
run 0 '' fsu_rm @ /many
extents_standard
pokeblk "$index" 16 '\377\377\377\377'
reads 1 'extent node 4294967295 is out of range' fsu_cat @ /many
pokeblk "$index" 16 '\2\0\0\0'
reads 1 'extent node 2 is out of range' fsu_cat @ /many
run 0 '' fsu_rm @ /many
extents_standard
pokeblk "$leaf" 2 '\377\377'
reads 1 'has more entries than room' fsu_cat @ /many
pokeblk "$leaf" 2 '\100\0\377\377'
reads 1 'room for an impossible number' fsu_cat @ /many
pokeblk "$leaf" 0 '\0\0'
reads 1 'wrong magic' fsu_cat @ /many
run 0 '' fsu_rm @ /many
reads 0 '' fsu_ls @ -lR /
