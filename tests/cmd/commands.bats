#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What every command has: a page, a screen of help, completion, tests, and its name
# where users look for it.

load helper

setup() {
	fsu_setup
	top=$BATS_TEST_DIRNAME/../..
}
teardown() { fsu_teardown; }

commands() { (cd "$BUILD/bin" && printf '%s\n' *); }

# for_each CHECK: run it for every command, and name all that fail.
for_each() {
	local c bad=
	for c in $(commands); do
		"$1" "$c" >said 2>&1 || { bad="$bad $c"; sed "s/^/$c: /" said; }
	done
	[ -z "$bad" ] || { echo "failed:$bad"; return 1; }
}

@test "there are commands" { [ "$(commands | wc -l)" -gt 20 ]; }

page() { # COMMAND: its manual page's path
	ls "$top/man/$1".[18]
}
has_page() {
	local p
	p=$(page "$1") || return 1
	grep -qx ".Nm $1" "$p"
}
@test "a manual page, with its name" { for_each has_page; }

lint() { mandoc -Tlint -W warning "$(page "$1")"; }
@test "which mandoc has nothing against" {
	command -v mandoc >/dev/null || skip "no mandoc"
	for_each lint
}

# A screen: 24 lines of 80 columns.  All of GNU ls's letters want two.
lines_allowed() { case $1 in fsu_ls) echo 48 ;; *) echo 24 ;; esac; }
fits() {
	"$1" --help >help || return 1
	head -n 1 help | grep -q "^usage: $1" || return 1
	! grep "^usage: $1 $1" help || return 1
	awk -v max="$(lines_allowed "$1")" 'length > 80 { print; bad = 1 } END { if (NR > max) { print NR " lines"; bad = 1 } exit bad }' help
}
@test "--help fits a screen" { for_each fits; }

version() {
	[ "$("$1" --version)" = "$1 (fs-utils) $(sed -n 's/^VERSION := //p' "$top/Makefile")" ]
}
@test "--version" { for_each version; }

# Status of usage errors: exec's own, since others are those of what it runs.
usage_status() { if [ "$1" = fsu_exec ]; then echo 125; else echo 2; fi; }
bare() {
	local st=0
	"$1" </dev/null >out 2>err || st=$?
	[ $st -eq "$(usage_status "$1")" ] && [ ! -s out ] && grep -q "^$1: missing" err &&
		grep -q "^Try '$1 --help'" err
}
@test "without arguments: a usage error, on standard error" { for_each bare; }

unknown() {
	local st=0
	"$1" --no-such-option </dev/null >out 2>err || st=$?
	[ $st -eq "$(usage_status "$1")" ] && [ ! -s out ] && grep -q "unrecognized option '--no-such-option'" err
}
@test "an unknown option: the same" { for_each unknown; }

no_image() {
	local st=0
	case $1 in makefs | newfs-img) return 0 ;; esac
	FSU_DEVICE=nothere.img "$1" --help >/dev/null || return 1
	"$1" nothere.img x y z </dev/null >out 2>err || st=$?
	[ $st -eq "$(usage_status "$1")" ] && [ ! -s out ] && [ -s err ]
}
@test "an image that isn't there: status 2, nothing on standard output" { for_each no_image; }

completes() {
	[ -e "$BUILD/share/bash-completion/completions/$1" ] &&
		grep -q "^	$1)\$" "$BUILD/share/bash-completion/completions/fs-utils" &&
		grep "^complete -F" "$BUILD/share/bash-completion/completions/fs-utils" | grep -qw -- "$1"
}
@test "completion" { for_each completes; }

tested() {
	case $1 in
	makefs) [ -e "$top/tests/makefs/tree.bats" ] ;;
	newfs-img) [ -e "$top/tests/makefs/newfs.bats" ] ;;
	*) [ -e "$top/tests/cmd/${1#fsu_}.bats" ] || sed -sn 3p "$top"/tests/cmd/*.bats | grep -qw "$1" ;;
	esac
}
@test "tests" { for_each tested; }

named() { grep -qw -- "$1" "$top/README.md"; }
@test "README.md" { for_each named; }
listed() { grep -q "^\.\(It \)\?Xr $1 [18]" "$top/man/fs-utils.7"; }
@test "fs-utils(7)" { for_each listed; }
told() { grep -qw -- "$1" "$top/CHANGELOG.md"; }
@test "CHANGELOG.md" { for_each told; }

# Nothing is named that isn't there.
@test "no page, README line or list names a command that doesn't exist" {
	local c bad=
	for c in $(cat "$top/README.md" "$top"/man/*.[1-9] | grep -ow 'fsu_[a-z][a-z]*' | sort -u); do
		case $c in fsu_history) continue ;; esac
		[ -x "$BUILD/bin/$c" ] || bad="$bad $c"
	done
	[ -z "$bad" ] || { echo "not there:$bad"; return 1; }
}

# The commands without prefix are there in the shell.
@test "fsu_sh has all of them" {
	local c
	truncate -s 1M d.img
	mke2fs -q -F -t ext2 d.img >/dev/null 2>&1
	for c in $(commands); do
		case $c in fsu_sh | makefs | newfs-img) continue ;; esac
		fsu_sh d.img -r -c "${c#fsu_} --version" | grep -qx "$c (fs-utils) .*" || { echo "$c"; return 1; }
	done
}
