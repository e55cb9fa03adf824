# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif /hello 'block[0]' 4000000
reads 0 '' fsu_ls @ -lR /
reads 1 'block 4000000 .* is out of range' fsu_cat @ /hello
run 0 '' fsu_rm @ /hello
