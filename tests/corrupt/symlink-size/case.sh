# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif /longlink size 5000
readall 1 'a symbolic link of 5000 bytes'
