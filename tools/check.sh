#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# check.sh: install what building and the tests' judges need, build, run all
# tests.  Without root and sudo the judges that are missing are skipped (and
# counted), never silently.  Ends with "N passed, N failed, N skipped".
set -eu
cd "$(dirname "$0")/.."
sh tools/deps.sh build
sh tools/deps.sh check || echo "check.sh: going on without what is missing" >&2
jobs=$(nproc)
make --no-print-directory -j"$jobs" all
if command -v clang >/dev/null 2>&1; then
	make --no-print-directory -j"$jobs" CC=clang all
fi
make --no-print-directory lint
make --no-print-directory -j"$jobs" rumptest
make --no-print-directory -j"$jobs" check
