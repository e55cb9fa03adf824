# SPDX-License-Identifier: BSD-2-Clause
# What the tests of commands share.  BUILD is the object tree, its bin in PATH
# (tests/run.sh sees to both).  Each test runs in a folder of its own.

# shellcheck disable=SC2034,SC2154

if [ -z "${BUILD-}" ]; then
	BUILD=$(cd "$BATS_TEST_DIRNAME/../../build/gcc" && pwd)
	PATH=$BUILD/bin:$PATH
fi
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8 TZ=UTC
umask 022

fsu_setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p home
	export HOME=$BATS_TEST_TMPDIR/home
	unset FSU_DEVICE FSU_TYPE FSU_MNTOPTS SOURCE_DATE_EPOCH
}

fsu_teardown() {
	cd /
	chmod -R u+rwx "$BATS_TEST_TMPDIR" 2>/dev/null || true
}

# mkimage IMAGE [SIZE] [DIR] [mke2fs option..]: an ext2 image by mke2fs.
mkimage() {
	local img=$1 size=${2-8M} dir=${3-}
	shift; [ $# -eq 0 ] || shift; [ $# -eq 0 ] || shift
	rm -f "$img"
	truncate -s "$size" "$img"
	mke2fs -q -F -t ext2 ${dir:+-d "$dir"} "$@" "$img" >/dev/null 2>&1
}

# mktree DIR: a small tree with some of everything that an ordinary user can make.
mktree() {
	mkdir -p "$1/sub/deep/er" "$1/empty"
	echo hello >"$1/hello"
	: >"$1/zero"
	ln "$1/hello" "$1/hard"
	ln -s hello "$1/sym"
	ln -s nowhere "$1/dangling"
	ln -s "$(printf 'x%.0s' $(seq 1 100))" "$1/longsym"
	seq 1 20000 >"$1/sub/text"
	head -c 300000 /dev/urandom >"$1/sub/deep/random"
	truncate -s 2M "$1/sub/hole"
	printf data | dd of="$1/sub/hole" bs=1 seek=1000000 conv=notrunc status=none
	mkfifo "$1/fifo"
	printf x >"$1/name with space"
	printf y >"$1/näme"
	chmod 600 "$1/sub/text"
	chmod 4755 "$1/zero"
	chmod 1777 "$1/empty"
	touch -d '2001-02-03 04:05:06.123456789' "$1/hello"
	touch -h -d '2003-02-01 01:02:03.5' "$1/sym"
	touch -d '1999-12-31 23:59:59.999999999' "$1/sub/deep"
}

# manifest DIR: what a tree is, to be compared as text (links by group).
manifest() {
	(
		cd "$1" || exit
		find . -printf '%P|%y|%m|%U:%G|%n|%T@|%l\n' | sed 's/^|/.|/' | sort
		find . -type f -printf '%P\n' | sort | tr '\n' '\0' | xargs -0r sha256sum
		find . -type f -links +1 -printf '%i %P\n' | sort -k2 |
			awk '{ if (!($1 in g)) g[$1] = ++n; sub(/^[0-9]+ /, "& "); print "group", g[$1], $2 }'
		find . -exec getfattr -h -d -m - {} + 2>/dev/null | sort
	)
}

# The image is unharmed (foreign judge).
fsck_clean() {
	local out
	out=$(e2fsck -fn "$1" 2>&1) || { echo "$out"; return 1; }
}

# sum FILE: to see that nothing changed.
sum() {
	sha256sum <"$1"
}

# expect STATUS cmd..: run it; $output has both streams.
expect() {
	local want=$1
	shift
	run "$@"
	[ "$status" -eq "$want" ] || {
		echo "status $status, not $want: $*"
		echo "$output"
		return 1
	}
}

# has TEXT: $output contains it.
has() {
	case $output in
	*"$1"*) ;;
	*)
		echo "no '$1' in:"
		echo "$output"
		return 1
		;;
	esac
}

# one_line: $output is a single line.
one_line() {
	[ "$(printf '%s\n' "$output" | wc -l)" -eq 1 ] || {
		echo "not one line:"
		echo "$output"
		return 1
	}
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

# as_user cmd..: as an ordinary user (root: nobody).
as_user() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
	else
		"$@"
	fi
}
