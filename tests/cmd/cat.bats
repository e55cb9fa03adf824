#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_cat, judged by cat.

load helper

setup() {
	fsu_setup
	mktree t
	mkimage d.img 8M t
}
teardown() { fsu_teardown; }

@test "content, of several files, by every kind of path" {
	expect 0 fsu_cat d.img hello /hello ./hello sub/../hello //hello
	[ "$output" = "$(for i in 1 2 3 4 5; do cat t/hello; done)" ]
	fsu_cat d.img sub/deep/random | cmp - t/sub/deep/random
	fsu_cat d.img sub/hole | cmp - t/sub/hole
	fsu_cat d.img sub/hole >out
	cmp out t/sub/hole
	[ "$(stat -c %b out)" -lt 100 ] # the hole stays one
	fsu_cat d.img sym | cmp - t/hello
}

@test "GNU's letters" {
	printf 'a\tb\n\n\n\nc\001\177\200\377\r\nlast' >odd
	printf 'x\n\n' >odd2
	fsu_put d.img odd odd2 /
	for o in -n -b -s -E -T -v -A -e -t -bs -ns -vET -nE -u; do
		cat $o odd odd2 odd >want
		fsu_cat d.img $o odd odd2 odd >got
		cmp want got || { echo "$o"; diff want got; false; }
	done
}

@test "globs are expanded over the image, and by no means on the host" {
	touch hello-on-the-host
	expect 0 fsu_cat d.img 'h*'
	[ "$output" = "$(printf 'hello\nhello')" ]
	expect 0 fsu_cat d.img 'sub/../h[e]ll?'
	[ "$output" = hello ]
	expect 1 fsu_cat d.img --no-glob 'h*'
	has "'h*': No such file or directory"
	expect 1 fsu_cat d.img 'z*z'
	has "'z*z': No such file"
	printf literal >'w*'
	fsu_put d.img 'w*' /
	echo other >wx
	fsu_put d.img wx /
	expect 0 fsu_cat d.img 'w*' # that name exists
	[ "$output" = literal ]
}

@test "failures: one line each, the rest is done, status 1" {
	expect 1 fsu_cat d.img nothere hello sub hello/x
	has "fsu_cat: d.img: nothere: No such file or directory"
	has "fsu_cat: d.img: sub: Is a directory"
	has "fsu_cat: d.img: hello/x: Not a directory"
	has hello
	[ "$(printf '%s\n' "$output" | wc -l)" -eq 4 ]
}

@test "a reader that goes away is no error message" {
	st=$(
		{ fsu_cat d.img sub/hole 2>err; echo $? >st; } | head -c 10 >/dev/null
		cat st
	)
	[ "$st" -eq 141 ]
	[ ! -s err ]
	fsu_cat -n d.img sub/text 2>err | head -n 1 >/dev/null
	[ ! -s err ]
}

@test "a full standard output is said, status 1" {
	[ -c /dev/full ] || skip "no /dev/full"
	run sh -c 'fsu_cat d.img hello >/dev/full'
	[ "$status" -eq 1 ]
	has "standard output: No space left on device"
	run sh -c 'fsu_cat -n d.img hello >/dev/full'
	[ "$status" -eq 1 ]
	has "No space left on device"
}

@test "appending and writing behind what is there" {
	echo first >out
	fsu_cat d.img hello >>out
	(
		echo second
		fsu_cat d.img sub/hole | head -c 5 | wc -c
		fsu_cat d.img hello
	) >>out
	printf 'first\nhello\nsecond\n5\nhello\n' | cmp - out
	# over old bytes: a hole must not let them through
	yes | head -c 3M >old
	fsu_cat d.img sub/hole 1<>old
	head -c 2M old | cmp - t/sub/hole
}
