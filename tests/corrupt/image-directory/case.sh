# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
mkdir "$img"
reads 2 'is a directory' fsu_ls @
rmdir "$img"
