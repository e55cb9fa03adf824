# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif /hello flags 0x80000
reads 1 "has extents, which the file system says it hasn't" fsu_cat @ /hello
reads 1 "has extents" fsu_get @ -R / "$work/out"
