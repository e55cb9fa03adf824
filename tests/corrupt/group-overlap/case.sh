# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
standard
dd if="$img" of="$img.desc" bs=1 skip=2048 count=4 status=none
dd if="$img.desc" of="$img" bs=1 seek=2052 conv=notrunc status=none
readall 2 'overlap'
