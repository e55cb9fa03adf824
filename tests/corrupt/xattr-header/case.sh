# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# the block of attributes is some file's data
standard
sif /hello file_acl "$(bmap /big 3)"
reads 0 '' fsu_ls @ -l /hello
reads 0 '' fsu_cat @ /hello
reads 1 "the block's header is damaged" fsu_get @ -p /hello "$work/out"
