# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
rm -f "$img"
mke2fs -q -F -t ext3 -b 1024 "$img" 4096 >/dev/null 2>&1
db feature needs_recovery
reads 0 'journal needs recovery and was not replayed' fsu_ls @
before=$(hash_of)
run 1 'journal needs recovery: mounted read-only' fsu_put @ /etc/passwd /
[ "$before" = "$(hash_of)" ]
tap $? "$case: the image is as it was"
