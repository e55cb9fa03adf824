# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
sif /big 'block[IND]' 70000
reads 1 'indirect block 70000 is out of range' fsu_cat @ /big
run 0 'indirect block 70000' fsu_rm @ /big
