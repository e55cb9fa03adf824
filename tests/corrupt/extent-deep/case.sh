# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# deeper than five levels; of another depth than its parent says
extents_standard
sif /many 'block[1]' 0x60004
reads 1 'extent depth 6 exceeds 5' fsu_cat @ /many
sif /many 'block[1]' 0xffff0004
reads 1 'extent depth 65535 exceeds 5' fsu_cat @ /many
sif /many 'block[1]' 0x50004
reads 1 'wrong depth' fsu_cat @ /many
reads 1 'wrong depth' fsu_get @ -R / "$work/out"
reads 0 '' fsu_ls @ -l /
reads 0 '' fsu_cat @ /few
run 0 '' fsu_rm @ /many
reads 0 '' fsu_ls @ -lR /
