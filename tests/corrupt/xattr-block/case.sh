# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif /hello file_acl 200000
reads 1 'attribute block 200000 is out of range' fsu_cat @ /hello
reads 1 'attribute block 200000' fsu_get @ -R / "$work/out"
