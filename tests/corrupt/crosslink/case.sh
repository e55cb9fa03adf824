# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# two files have the same blocks: both read, the second one's end is noticed
standard
blk=$(bmap /big 0)
sif /hello 'block[0]' "$blk"
reads 0 '' fsu_cat @ /hello
run 0 '' fsu_rm @ /hello
run 0 'freed a second time' fsu_rm @ /big
