# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 2060 '\377\377'
readall 2 'group 0: free blocks 65535 is out of range'
poke 2060 '\001\0'
run 0 'group 0: [0-9]+ blocks are free, not 1' fsu_put @ /etc/passwd /new
run 0 '' fsu_cat @ /new
cmp -s /etc/passwd "$work/stdout"
tap $? "$case: the file is whole"
