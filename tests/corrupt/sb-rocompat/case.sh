# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
poke 1125 '\001'
reads 0 '' fsu_ls @
before=$(hash_of)
run 1 'feature quota is not supported for writing' fsu_put @ /etc/passwd /
[ "$before" = "$(hash_of)" ]
tap $? "$case: the image is as it was"
