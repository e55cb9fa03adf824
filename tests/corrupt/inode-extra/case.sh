# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard256
sif /hello extra_isize 4000
reads 1 "i_extra_isize 4000 can't be" fsu_cat @ /hello
reads 1 'i_extra_isize 4000' fsu_get @ -R / "$work/out"
