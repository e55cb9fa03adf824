# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# the second extent comes in front of the first; then two leaves change places
extents_standard
pokeblk "$leaf" 12 '\20\0'
reads 1 "extent node $leaf is unsorted" fsu_cat @ /many
reads 1 'unsorted' fsu_get @ -R / "$work/out"
reads 0 '' fsu_ls @ -l /
reads 0 '' fsu_cat @ /few
run 0 '' fsu_rm @ /many
extents_standard
pokeblk "$index" 12 '\377\17'
reads 1 "extent node $index (is unsorted|has blocks outside of its range)" fsu_cat @ /many
run 0 '' fsu_rm @ /many
reads 0 '' fsu_ls @ -lR /
