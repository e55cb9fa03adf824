# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# A log whose second transaction names a block that isn't there: refused, and the
# state without it can be looked at.
standard
rm -f "$img"
mke2fs -q -F -t ext3 -b 1024 "$img" 4096 >/dev/null 2>&1
db feature needs_recovery
python3 "$here/../journal/jcraft.py" "$img" '
j.log((3000, b"one"))
j.commit()
j.log((4096, b"two"))
j.commit()'
reads 2 'transaction [0-9]*: outside of the device is block 4096' fsu_ls @
reads 0 'was not replayed' fsu_ls -o norecovery @
before=$(hash_of)
run 2 'transaction [0-9]*: outside of the device is block 4096' fsu_put @ /etc/passwd /
[ "$before" = "$(hash_of)" ]
tap $? "$case: the image is as it was"
