# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
: >"$img"
reads 2 'is empty' fsu_ls @
