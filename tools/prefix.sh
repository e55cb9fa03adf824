#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# prefix.sh IN.o OUT.o: give every global symbol that IN.o defines and that
# doesn't start with "rump" the prefix rumpns_.
set -eu
in=$1 out=$2
nm --defined-only -g "$in" |
	awk '$3 !~ /^rump/ && $3 !~ /^__(asan|odr|ubsan|tsan|msan|sanitizer|start|stop)/ { print $3, "rumpns_" $3 }' >"$out.syms"
objcopy --redefine-syms="$out.syms" "$in" "$out"
