# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a mount that fails must not have freed the orphans before
standard
ino=$(debugfs -R 'stat /big' "$img" 2>/dev/null | sed -n 's/^Inode: \([0-9]*\).*/\1/p')
db sif '/big' links_count 0
poke 1256 "$(printf '\\%03o' "$ino")"
sif '<2>' mode 0100644
echo x >"$work/one"
before=$(hash_of)
run 2 'the root is not a directory' fsu_put @ "$work/one" /one
[ "$before" = "$(hash_of)" ]
tap $? "$case: the image is as it was"
