# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
rm -rf "$work/t"
db rm /link
db symlink /a b
db symlink /b a
reads 0 '' fsu_ls @ -lR /
reads 1 'oo many (levels of )?symbolic links' fsu_cat @ /a
