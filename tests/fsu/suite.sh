#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# suite.sh OBJDIR: what commands share, called directly.
set -u
PATH=$PATH:/usr/sbin:/sbin
tmp=$(mktemp -d "${TMPDIR:-/tmp}/fsu-fsu.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0
"$1/tests/fsu/t_fsu" || status=1
mkdir "$tmp/t"
echo a >"$tmp/t/a"
echo b >"$tmp/t/b"
truncate -s 1M "$tmp/d.img"
mke2fs -q -F -t ext2 -d "$tmp/t" "$tmp/d.img" >/dev/null 2>&1
"$1/tests/fsu/t_command" "$tmp/d.img" || status=1
exit $status
