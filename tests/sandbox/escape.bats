#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A driver that a hostile image has taken over gets nowhere: escape.c is that driver,
# in fsu_cat (which needs nothing of the host), fsu_put (which reads one file) and
# fsu_get (which writes in one directory).

load ../cmd/helper

setup() {
	fsu_setup
	truncate -s 64k d.img
	echo secret >beside
	mkdir out
	PATH=$BUILD/tests/sandbox:$PATH
	case $(uname -m) in
	x86_64 | aarch64) ;;
	*) skip "escape.c doesn't know this machine's instruction" ;;
	esac
	without landlock true || skip "no seccomp here"
	escmain fsu_cat -o verbose -t escape d.img report >words 2>&1
	grep -q 'sandbox: system calls by seccomp' words
}

need_landlock() {
	[ "$(python3 -c 'import ctypes
print(ctypes.CDLL(None).syscall(444, None, 0, 1))')" -ge 2 ] || skip "no Landlock here"
	grep -q 'files by Landlock' words
}
teardown() {
	fsu_teardown
}

# tried CMD..: what the driver says, "read: fork: 1" a line, into tried.
tried() {
	local st=0
	escmain "$@" >out.1 2>out.2 || st=$?
	cat out.2
	sed -n 's/^.*: escape: \(.*\): \([^:]*\): \([0-9]*\)$/\1 \2 \3/p' out.2 >tried
	grep -q '^mount ' tried
	return $st
}

# refused NAME..: in every try, EPERM or EACCES.
refused() {
	local name
	for name; do
		awk -v name="$name" '$2 == name { n++; if ($3 != 1 && $3 != 13) bad = 1 }
			END { exit bad || !n }' tried || {
			echo "$name was not refused:"
			grep " $name " tried
			return 1
		}
	done
}

# works NAME..: in every try.
works() {
	local name
	for name; do
		awk -v name="$name" '$2 == name { n++; if ($3 != 0) bad = 1 }
			END { exit bad || !n }' tried || {
			echo "$name did not work:"
			grep " $name " tried
			return 1
		}
	done
}

@test "fsu_cat: no file, no socket, no process, nothing else either" {
	tried fsu_cat -t escape d.img report
	[ "$(cat out.1)" = "nothing to see" ]
	grep -q '^read ' tried # both when it was mounted and when it was read
	refused open-passwd open-beside make-beside make-out make-tmp \
		socket bind connect fork vfork exec
	refused $(awk '{ print $2 }' tried | sort -u)
	[ "$(awk '{ print $2 }' tried | sort -u | wc -l)" -ge 30 ]
}

@test "-o nosandbox: each of them works, so that the tests can fail" {
	tried fsu_cat -o nosandbox -t escape d.img report
	works open-passwd open-beside make-beside make-out make-tmp
	works socket bind connect fork vfork
	tried fsu_get -o nosandbox -t escape d.img report out/
	works open-passwd open-beside make-beside make-out make-tmp
	works socket bind connect fork vfork
}

@test "fsu_get: only below its destination" {
	need_landlock
	tried fsu_get -t escape d.img report out/
	[ "$(cat out/report)" = "nothing to see" ]
	works make-out
	refused open-passwd open-beside make-beside make-tmp
	refused $(awk '$2 != "make-out" { print $2 }' tried | sort -u)
}

@test "fsu_get to a new name: in that directory; to standard output: nowhere" {
	need_landlock
	tried fsu_get -t escape d.img report out/new
	[ "$(cat out/new)" = "nothing to see" ]
	works make-out
	refused open-passwd make-beside make-tmp
	tried fsu_get -t escape d.img report -
	refused open-passwd make-out make-beside make-tmp
}

@test "fsu_put: reads its source, and writes nothing" {
	grep -q 'files by Landlock' words || skip "no Landlock here"
	# The driver can't write, so that the command fails in the end.
	tried fsu_put -t escape d.img beside /x || [ -s tried ]
	works open-beside
	refused open-passwd make-beside make-out make-tmp
	refused $(awk '$2 != "open-beside" { print $2 }' tried | sort -u)
}

@test "fsu_put from standard input: not even that" {
	echo x >in
	tried fsu_put -t escape d.img - /x <in || [ -s tried ]
	refused $(awk '{ print $2 }' tried | sort -u)
}

@test "without Landlock: commands work; who opens nothing still can't" {
	tried_without() {
		escmain() { command without "$how" "$BUILD/tests/sandbox/escmain" "$@"; }
		tried "$@"
		unset -f escmain
	}
	how=landlock
	tried_without fsu_cat -t escape d.img report
	case $BUILD in
	*address* | *thread*) # their leak checker reads files at the end
		refused $(awk '$2 !~ /^open-/ { print $2 }' tried | sort -u)
		;;
	*) refused $(awk '{ print $2 }' tried | sort -u) ;;
	esac
	tried_without fsu_put -t escape d.img beside /x || [ -s tried ]
	refused make-beside make-out make-tmp socket connect fork vfork exec
	tried_without fsu_get -t escape d.img report out/
	refused socket connect fork vfork exec mount ptrace
	how=seccomp
	tried_without fsu_cat -t escape d.img report
	if grep -q 'files by Landlock' words; then
		refused open-passwd open-beside make-beside make-out make-tmp
	fi
	how=both
	tried_without fsu_cat -o verbose -t escape d.img report
	has_line='sandbox: system calls are not guarded, opening files is not guarded'
	grep -q "$has_line" out.2
	[ "$(cat out.1)" = "nothing to see" ]
}

@test "-o verbose says what is in force" {
	expect 0 escmain fsu_cat -o verbose,nosandbox -t escape d.img report
	has "sandbox: none (-o nosandbox)"
	expect 0 escmain fsu_cat -o verbose -t escape d.img report
	has "sandbox: system calls by seccomp"
}
