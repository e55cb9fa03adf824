#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh [NAME]...: build the fuzz targets (tests/fuzz/fuzz_NAME.c; all of them
# if none is named) with clang, address and undefined-behaviour sanitizers, and
# run each for FUZZ_TIME seconds (0: build only).
#
# The corpus is kept in FUZZ_DIR/NAME (build/fuzz), begun by seeds_NAME.sh;
# what was found is left in FUZZ_DIR/NAME.found.
set -eu
cd "$(dirname "$0")/../.."
: "${FUZZ_TIME:=0}" "${FUZZ_DIR:=build/fuzz}" "${MAKE:=make}"
if [ $# -eq 0 ]; then
	for f in tests/fuzz/fuzz_*.c; do
		f=${f##*/fuzz_}
		set -- "$@" "${f%.c}"
	done
fi

san=address,undefined
o=build/clang-address-undefined-fuzz
$MAKE CC=clang SAN=$san FUZZ=1 $o/lib/libukfs.a
mkdir -p "$FUZZ_DIR"
status=0
for name; do
	common=
	if grep -q '"fs_fuzz.h"' "tests/fuzz/fuzz_$name.c"; then
		common="tests/fuzz/fs_ops.c tests/fuzz/fs_mutate.c"
	fi
	# shellcheck disable=SC2086 # a list
	clang -std=gnu11 -g -O1 -Wall -Wextra -Werror -Iinclude \
		-fsanitize=fuzzer,$san -fno-sanitize-recover=all \
		-o "$FUZZ_DIR/fuzz_$name" "tests/fuzz/fuzz_$name.c" $common \
		$o/lib/libukfs.a -lblkid -lpthread
	[ "$FUZZ_TIME" -gt 0 ] || continue
	mkdir -p "$FUZZ_DIR/$name" "$FUZZ_DIR/$name.found"
	sh "tests/fuzz/seeds_$name.sh" "$FUZZ_DIR/$name"
	nice -n 19 "$FUZZ_DIR/fuzz_$name" -max_total_time="$FUZZ_TIME" -max_len=524288 \
		-timeout=100 -rss_limit_mb=1024 -use_value_profile=0 \
		-artifact_prefix="$FUZZ_DIR/$name.found/" "$FUZZ_DIR/$name" ||
		status=1
done
exit $status
