# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif /dir size 0x7ffffc00
readall 1 'size 2147482624 is too large'
