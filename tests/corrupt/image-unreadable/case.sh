# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# root reads anything, and so it does here
standard
chmod 0 "$img"
[ "$(id -u)" -eq 0 ] || run 2 'ermission denied' fsu_ls @
chmod 600 "$img"
reads 0 '' fsu_ls @
