#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# rumptest.sh [OBJDIR]: prove that the kernel needs nothing of its host but
# rumpuser(3), as gcc builds it and as clang builds it (a compiler that is not
# there is left out, and said so).  OBJDIR names one more build to look at; one
# with sanitizers calls its run-time, and is not held to this.
#
# rumptest.sh --archive FILE | --module FILE | --hypercalls FILE: look at one
# file only.
#
# Of the kernel's archive:
#	what it doesn't define is declared in rumpuser.h, or one of the four
#	functions that a compiler may call in freestanding code
#	what it defines for others starts with "rump"
#	no thread-local storage, no constructors (nothing runs by itself)
# Of a driver's module: what it takes starts with "rump", or is one of the four;
# it shows rump_modinfo and nothing else.
# Of the host side: it defines all that rumpuser.h declares.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 2
header=include/rump/rumpuser.h
failed=0

# complain WHAT LIST: a line each; an empty list is fine
complain() {
	[ -n "$2" ] || return 0
	failed=1
	echo "$2" | sed "s|^|rumptest: $file: $1: |" >&2
}

declared() {
	sed -n 's/^[a-z].*[ *]\(rumpuser_[a-z0-9_]*\)(.*/\1/p' "$header" | sort -u
}

# undefined FILE [-D]: names that are wanted, and not defined by another member
undefined() {
	# shellcheck disable=SC2086 # no option, or one
	nm ${2-} --defined-only "$1" | awk 'NF == 3 { print $3 }' | sort -u >"$tmp/def"
	# shellcheck disable=SC2086
	nm ${2-} -u "$1" | awk '$1 ~ /^[Uwv]$/ { print $2 }' | sort -u |
		comm -23 - "$tmp/def"
}

check_archive() {
	file=$1
	nm "$file" >"$tmp/nm" 2>/dev/null || {
		complain "cannot be read" x
		return
	}
	[ -s "$tmp/nm" ] || complain "empty" "no symbols"
	{
		declared
		# _GLOBAL_OFFSET_TABLE_: made by the linker, whoever links
		printf '%s\n' memcpy memmove memset memcmp _GLOBAL_OFFSET_TABLE_
	} | sort -u >"$tmp/allowed"
	complain "wants" "$(undefined "$file" | comm -23 - "$tmp/allowed")"
	complain "defines" \
		"$(nm -g --defined-only "$file" | awk 'NF == 3 && $3 !~ /^rump/ { print $3 }')"
	objdump -h "$file" | awk '$1 ~ /^[0-9]+$/ { print $2 }' | sort -u >"$tmp/sections"
	complain "thread-local storage" "$(grep '^\.t\(data\|bss\)' "$tmp/sections")"
	complain "runs by itself" \
		"$(grep '^\.\(init\|fini\|preinit\|ctors\|dtors\)' "$tmp/sections")"
}

check_module() {
	file=$1
	[ -r "$file" ] || {
		complain "cannot be read" x
		return
	}
	complain "wants" "$(undefined "$file" -D |
		grep -v -x -e 'rump.*' -e 'mem\(cpy\|move\|set\|cmp\)\(@.*\)\{0,1\}')"
	shown=$(nm -D --defined-only "$file" | awk 'NF == 3 && $2 != "A" { print $3 }')
	[ "$shown" = rump_modinfo ] ||
		complain "shows other than rump_modinfo" "${shown:-nothing}"
}

check_hypercalls() {
	file=$1
	nm -g --defined-only "$file" 2>/dev/null | awk 'NF == 3 { print $3 }' |
		sort -u >"$tmp/def"
	complain "lacks" "$(declared | comm -23 - "$tmp/def")"
}

# with CC: build what is to be looked at, and look
check_compiler() {
	cc=$1 dir=build/$1
	if ! command -v "$cc" >/dev/null; then
		echo "rumptest: no $cc here: left out"
		return
	fi
	if ! make -s CC="$cc" SAN= O="$dir" "$dir/lib/librumpkernel.a" \
		"$dir/lib/librumpuser.a" modules; then
		failed=1
		return
	fi
	check_all "$dir"
}

check_all() {
	check_archive "$1/lib/librumpkernel.a"
	check_hypercalls "$1/lib/librumpuser.a"
	for module in "$1"/lib/librumpfs_*.so; do
		[ ! -e "$module" ] || check_module "$module"
	done
	looked="$looked $1"
}

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
looked=
case ${1-} in
--archive) check_archive "$2" ;;
--module) check_module "$2" ;;
--hypercalls) check_hypercalls "$2" ;;
*)
	check_compiler gcc
	check_compiler clang
	case ${1-} in
	'' | build/gcc | build/clang) ;;
	*-address* | *-undefined* | *-thread* | *-fuzz*) ;;
	*) check_all "$1" ;;
	esac
	[ "$failed" -ne 0 ] || echo "rumptest: the kernel wants rumpuser(3) and nothing else:${looked:- nothing looked at}"
	[ -n "$looked" ] || failed=1
	;;
esac
exit "$failed"
