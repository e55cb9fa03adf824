#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# seeds_sysvbfs.sh DIR: small boot file systems for the fuzzer to start from: both
# byte orders, empty (from mkfs.bfs, where there is one), full, a move half done.
set -eu
out=$1
bfs="$(cd "$(dirname "$0")" && pwd)/../cmd/bfs.py"
PATH=$PATH:/sbin:/usr/sbin
mkdir -p "$out"
for order in le be; do
	python3 "$bfs" make "$out/few-$order" $order 64 hello=6 empty=0 big=14000 unix=3000
	python3 "$bfs" make "$out/half-$order" $order 64 hello=6 big=14000 unix=3000
	python3 "$bfs" half "$out/half-$order" unix 70 1024
	python3 "$bfs" make "$out/overlap-$order" $order 64 hello=6 big=14000 unix=3000
	python3 "$bfs" half "$out/overlap-$order" unix 40 512
	# shellcheck disable=SC2046 # words
	python3 "$bfs" make "$out/full-$order" $order 48 \
		$(for i in $(seq 27); do echo "file-number-$i=$((i * 50))"; done)
done
if command -v mkfs.bfs >/dev/null; then
	rm -f "$out/empty"
	truncate -s 64K "$out/empty"
	mkfs.bfs -N 48 "$out/empty" >/dev/null 2>&1 || rm -f "$out/empty"
fi
