#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# layers.sh: check that calls go one way, downwards, by looking at what each
# file includes.  Prints each include that breaks the rule; exits 1 if any did.
#
# floor  6 cmd  5 lib/fsu  4 lib/ukfs  3 sys  2 vfs dev fs/<x>  1 kern  0 hypercall
set -eu
cd "$(dirname "$0")/.."

includes() { # "file:header" for each quoted or <rump/..> include below $@
	grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.[ch]' "$@" 2>/dev/null |
		sed -nE 's/^([^:]+):[0-9]+:[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]+)[>"].*/\1 \2/p'
}

bad=$(
	# The hypercall layer: installed headers and the host's; no kernel, no floor above.
	includes lib/hypercall | awk '$2 ~ /^(kern|vfs|dev|sys\/sys_|fs|ukfs|fsu|newfs)\// { print $1 ": hypercall may not include " $2 }'

	# The kernel: freestanding headers, ours, rumpuser.h for kern, dev, vfs only.
	includes lib/rumpkernel | awk '
	function fs_of(p) { return match(p, /fs\/[a-z0-9]+\//) ? substr(p, RSTART, RLENGTH) : "" }
	{
		f = $1; h = $2; sub(/^lib\/rumpkernel\//, "", f)
		floor = f; sub(/\/.*/, "", floor)
		if (h ~ /^(stdint|stddef|stdbool|stdarg|limits)\.h$/) next
		if (h ~ /^rump\/(rump|rump_abi|rump_syscalls)\.h$/) next
		if (h == "rump/rumpuser.h") {
			if (floor != "kern" && floor != "dev" && floor != "vfs")
				print $1 ": only kern, dev and vfs may include " h
			next
		}
		if (h ~ /^kern\//) next
		if (h ~ /^(vfs|dev)\//) {
			if (floor == "kern") print $1 ": kern may not include " h
			next
		}
		if (h ~ /^fs\//) {
			if (floor != "fs" || (f ~ /^fs\/[^\/]*\// && fs_of(f) != fs_of(h)))
				print $1 ": another driver: " h
			next
		}
		if (h ~ /^sys\//) {
			if (floor != "sys") print $1 ": may not include " h
			next
		}
		if (h !~ /\//) { next }
		print $1 ": not a header of the kernel: " h
	}'

	# Formatters: their own, on-disk types, geometry, checksums and names; no in-core kernel headers.
	includes lib/newfs | awk '
	$2 ~ /^(vfs|dev|sys\/sys_|fsu|ukfs)\// { print $1 ": a formatter may not include " $2 }
	$2 ~ /^kern\// && $2 != "kern/ondisk_int.h" { print $1 ": a formatter may not include " $2 }
	$2 ~ /^fs\// && $2 !~ /_(ondisk|geom|csum|name)\.h$/ { print $1 ": a formatter may not include " $2 }'

	# Above the system calls: no kernel internals.
	includes lib/ukfs lib/fsu cmd | awk '
	$2 ~ /^(kern|vfs|dev|fs|sys\/sys_)\// { print $1 ": no kernel internals above the system calls: " $2 }'
	includes lib/ukfs | awk '$2 ~ /^(fsu|newfs)\// { print $1 ": ukfs may not include " $2 }'
	includes lib/fsu | awk '$2 ~ /^newfs\// { print $1 ": fsu may not include " $2 }'
)
if [ -n "$bad" ]; then
	printf '%s\n' "$bad"
	exit 1
fi
