# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# the first extent reaches over the second
extents_standard
pokeblk "$leaf" 16 '\377\0'
reads 1 "extent node $leaf has extents that overlap" fsu_cat @ /many
reads 1 'overlap' fsu_get @ -R / "$work/out"
reads 0 '' fsu_ls @ -l /
reads 0 '' fsu_cat @ /few
run 0 '' fsu_rm @ /many
reads 0 '' fsu_ls @ -lR /
