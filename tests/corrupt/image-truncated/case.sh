# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
truncate -s 20000 "$img"
reads 2 'the device only 20000' fsu_ls @
run 2 'the device only 20000' fsu_put @ /etc/passwd /
