#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The line of progress, on terminals made by script(1).

load helper

setup() {
	fsu_setup
	command -v script >/dev/null || skip "no script(1)"
	mkimage d.img 200M
	head -c 50000000 /dev/urandom >big
}
teardown() { fsu_teardown; }

# tty [-w COLUMNS] CMD: run it on a terminal; `seen` gets what it wrote there, a
# carriage return as a line's end of its own.
tty() {
	local cols=100
	if [ "$1" = -w ]; then
		cols=$2
		shift 2
	fi
	script -qec "stty cols $cols; $1" typescript </dev/null >/dev/null
	grep -av '^Script ' typescript | tr '\r' '\n' | grep -v '^$' >seen || :
}

@test "-v on a terminal: bytes, per cent, rate; gone at the end" {
	tty "fsu_put d.img -v big /"
	grep -q '^fsu_put: [0-9.]*M of 48M [0-9]*%' seen
	grep -q '[0-9]/s, 0:0[0-9] left$\|[KMG]/s, 0:0[0-9] left$' seen
	[ "$(tail -n 1 seen | tr -d ' ')" = '' ] # blanks over it
	fsu_cat d.img big | cmp - big
}

@test "get, cp, tar both ways, makefs" {
	fsu_put d.img big /
	mkdir t
	cp big t/one
	cp big t/two
	tty "fsu_get d.img -v big out"
	grep -q '^fsu_get: .*M of 48M' seen
	tty "fsu_cp d.img -v big big2"
	grep -q '^fsu_cp: .*M of 48M' seen
	tty "fsu_tar d.img -cv -f x.tar"
	grep -q '^fsu_tar: [0-9.]*[KM]*, [0-9]* file' seen
	grep -q '^\./big$' seen
	fsu_rm d.img big2
	tty "fsu_tar d.img -xv -f x.tar big"
	grep -q '^fsu_tar: .*M of 96M' seen
	tty "makefs -v -t ext2 m.img t"
	grep -q '^makefs: writing .* of 96M' seen
	grep -q '^makefs: m.img: ext2, ' seen
	[ "$(tail -n 1 seen | cut -c1-14)" = 'makefs: m.img:' ]
	fsck_clean d.img
	fsck_clean m.img
}

@test "without -v: nothing before two seconds, then by itself" {
	tty "fsu_put d.img big /"
	[ ! -s seen ]
	mkfifo slow
	(
		head -c 1000000 big
		sleep 2.3
		head -c 1000000 big
		sleep 0.5
	) >slow &
	tty "fsu_put d.img slow /f"
	grep -q '^fsu_put: [0-9.]*[KM], .*/s, 0:02$' seen || { cat seen; false; }
	wait
	[ "$(fsu_stat d.img -c %s /f)" = 2000000 ]
}

@test "where standard error is no terminal there is none" {
	fsu_put d.img -v big / 2>err
	[ ! -s err ]
	tty "fsu_put d.img -v big / 2>err"
	[ ! -s err ]
	! grep -q 'of 48M' seen
}

@test "a narrow terminal isn't wrapped" {
	tty -w 30 "fsu_put d.img -v big /"
	grep -q '^fsu_put: ' seen
	[ "$(wc -L <seen)" -le 29 ]
}

@test "a message stands on a line of its own" {
	mkdir t
	cp big t/a
	mkdir t/b
	cp big t/c
	fsu_mkdir d.img b.d
	fsu_put d.img big /b # where t has a directory
	tty "fsu_put d.img -R -v t/. / 1>/dev/null || :"
	grep -q '^fsu_put: d.img: /b' seen || { cat seen; false; }
	# what was on the line is blanked before
	tr '\n' ' ' <typescript | tr '\r' '\n' | grep -B 1 'd.img: /b' | head -n 1 | grep -q '^ *$'
}
