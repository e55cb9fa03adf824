#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# prefix.sh [-m] IN.o OUT.o: give every global symbol that IN.o defines and that
# doesn't start with "rump" the prefix rumpns_.  With -m (a driver that is to be a
# module) also those that it takes from the kernel, which is all that it doesn't
# define but what the compiler itself calls.  The address sanitizer's marks of variables
# go with them: the host's side has some of these files too.
set -eu
defined=--defined-only
if [ "$1" = -m ]; then
	defined=
	shift
fi
in=$1 out=$2
nm $defined -g "$in" |
	awk '{ s = $NF }
	s ~ /^__odr_asan[.]/ { print s, "__odr_asan.rumpns_" substr(s, 12); next }
	s ~ /^rump/ || s ~ /^__(asan|odr|ubsan|tsan|msan|sanitizer|start|stop)/ { next }
	$(NF - 1) == "U" && s ~ /^(_GLOBAL_OFFSET_TABLE_|mem(cpy|move|set|cmp)|__.*)$/ { next }
	{ print s, "rumpns_" s }' >"$out.syms"
objcopy --redefine-syms="$out.syms" "$in" "$out"
