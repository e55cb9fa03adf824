#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# suite.sh OBJDIR: every behaviour on every file system.
# VT_FS="ext2 rumpfs": only those.
set -u
PATH=$PATH:/usr/sbin:/sbin
vt=$1/tests/vfs/vt
status=0
for fs in ${VT_FS:-$("$vt" --list)}; do
	echo "# ---- $fs"
	"$vt" "$fs" || status=1
done
# Lock order and freed memory are checked with RUMP_DEBUG.
for fs in ${VT_FS:-rumpfs ext2-1k sysvbfs fat32 cd9660}; do
	echo "# ---- $fs, checked"
	RUMP_DEBUG=1 "$vt" "$fs" || status=1
done
exit $status
