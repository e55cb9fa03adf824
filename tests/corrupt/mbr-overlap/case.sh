# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
mbr 4M 131:2048:2048 131:3000:2048
refuses MBR:1 "MBR:1 overlaps MBR:2, .*OFFSET:1048576,1048576"
refuses MBR:2 "MBR:2 overlaps MBR:1"
