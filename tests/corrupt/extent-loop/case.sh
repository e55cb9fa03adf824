# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# an index node is its own child, then its parent's
extents_standard
pokeblk "$index" 16 "$(le32 "$index")"
reads 1 "extent node $index has a wrong depth" fsu_cat @ /many
reads 1 'wrong depth' fsu_get @ -R / "$work/out"
reads 0 '' fsu_ls @ -l /
reads 0 '' fsu_cat @ /few
run 0 '' fsu_rm @ /many
reads 0 '' fsu_ls @ -lR /
# two leaves in one place
extents_standard
pokeblk "$index" 28 "$(le32 "$leaf")"
reads 1 "extent node $leaf has blocks outside of its range" fsu_cat @ /many
run 0 '' fsu_rm @ /many
reads 0 '' fsu_ls @ -lR /
