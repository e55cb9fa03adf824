# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# links without a partition: one that ends, one that leads to itself, one to nowhere
mbr 8M 5:4096:8192
ebr 4096 0:0:0
refuses MBR:5 "MBR:5: the table has partition 1$"
refuses MBR:1 "MBR:1 is an extended partition without logical ones"
mbr 8M 5:4096:8192
ebr 4096 5:0:1024
reads 2 "MBR:5: " fsu_ls "$img%MBR:5%"
ebr 4096 5:1024:1024
refuses MBR:5 "breaks off .there is no table. at sector 5120"
mbr 8M 5:4096:8192
ebr 4096 131:63:100 5:999999:1024
refuses MBR:5 "leads past the end of the image at sector 1004095"
