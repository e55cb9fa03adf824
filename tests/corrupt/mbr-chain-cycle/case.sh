# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# the second link of the logical partitions leads back to the first
mbr 8M 131:2048:1024 5:4096:8192
ebr 4096 131:63:100 5:1024:1024
ebr 5120 131:63:100 5:2048:1024
ebr 6144 131:63:100 5:1024:1024
refuses MBR:5 "MBR:5: the chain of logical partitions goes round in a circle at sector 5120"
refuses MBR:9 "MBR:9: the chain of logical partitions goes round"
reads 0 "goes round" fsu_part @
