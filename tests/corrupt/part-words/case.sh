# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# words that are none
mbr 4M 131:2048:2048 131:4096:2048
refuses DISKLABEL: "'DISKLABEL:' is no partition; say DISKLABEL:a"
refuses FOO:1 "'FOO:1' is no partition; say OFFSET:off"
refuses MBR:x "'MBR:x' is no partition; say MBR:1"
refuses MBR:0 "'MBR:0' is no partition"
refuses MBR:99999999999 "is no partition"
refuses GPT:name= "'GPT:name=' is no partition; say GPT:1, GPT:name="
refuses DISKLABEL:9 "is no partition; say DISKLABEL:a"
refuses OFFSET:1x "is no partition; say OFFSET:off"
refuses MBR:1%%MBR:2 "'' is no partition"
refuses MBR:9 "MBR:9: the table has partitions 1, 2$"
refuses GPT:1 "GPT:1: there is no GPT but a table .MBR. with partitions 1, 2: say MBR:1"
refuses OFFSET:5m "outside of the 4194304 bytes"
refuses OFFSET:1m,4m "outside of the 4194304 bytes"
refuses MBR:1%OFFSET:1m "outside of the 1048576 bytes"
