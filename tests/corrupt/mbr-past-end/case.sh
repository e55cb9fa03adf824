# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
mbr 2M 131:2048:2048 131:9999:100 131:3000:4294967295
refuses MBR:2 "MBR:2 begins outside of the 2097152 bytes"
refuses MBR:3 "MBR:3 ends [0-9]* bytes past the end: the image is cut off"
reads 0 "" fsu_part @
