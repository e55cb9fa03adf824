# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif /longlink 'block[0]' 0
reads 1 "the symbolic link's block is missing" fsu_get @ -R / "$work/out"
