# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif /hello size 0x40000000000006
readall 1 'size 18014398509481990 is too large'
