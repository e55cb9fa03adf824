# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
awk 'BEGIN { srand(7); for (i = 0; i < 60000; i++) printf "%c", 33 + rand() * 90 }' >"$img"
reads 2 'no file system' fsu_ls @
