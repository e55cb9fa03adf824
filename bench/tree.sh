#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tree.sh DEST [SOURCE..]: a tree of 60,000+ files and 700+ MB to measure with,
# copied from the sources (the host's /usr/share and /usr/lib if none is named)
# until it has enough of both.
set -eu
dest=$1
shift
[ $# -gt 0 ] || set -- /usr/share /usr/lib /usr/include
want_files=${BENCH_FILES:-60100} want_kib=${BENCH_KIB:-720000}
mkdir -p "$dest"
round=0
while :; do
	for src in "$@"; do
		for sub in "$src"/*/; do
			sub=${sub%/}
			[ -d "$sub" ] && [ ! -L "$sub" ] || continue
			kib=$(du -sk "$sub" 2>/dev/null | cut -f1)
			# Neither a tree of its own size nor nothing but one big file.
			[ "$kib" -lt 150000 ] || continue
			mkdir -p "$dest/r$round$src"
			cp -a "$sub" "$dest/r$round$src/" 2>/dev/null || true
			files=$(find "$dest" -type f | wc -l)
			total=$(du -sk --apparent-size "$dest" | cut -f1)
			[ "$files" -lt "$want_files" ] || [ "$total" -lt "$want_kib" ] || exit 0
		done
	done
	round=$((round + 1))
	[ "$round" -lt 20 ] || { echo "tree.sh: not enough to copy from" >&2; exit 1; }
done
