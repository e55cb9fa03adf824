# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif /dir 'block[0]' 0
readall 1 'a hole in the directory'
