# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# symlinks to nothing, and with a NUL inside, short and long
standard
sif /link size 0
reads 1 'the symbolic link is empty or has a NUL' fsu_get @ -R /link "$work/out/link"
reads 1 'is damaged' fsu_ls @ -l /
standard
sif /link size 10
sif /longlink size 200
reads 1 'empty or has a NUL' fsu_get @ -R /link "$work/out/link"
reads 1 'empty or has a NUL' fsu_get @ -R /longlink "$work/out/link"
run 0 '' fsu_rm @ /link /longlink
