#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_truncate, judged by truncate.

load helper
load pair

setup() {
	fsu_setup
	mkdir -p h/d
	seq 1 1000 >h/f
	seq 1 300 >h/g
	: >h/zero
	ln -s f h/lf
	ln -s newone h/dangling
	mkimage d.img 8M h
}
teardown() { fsu_teardown; }

sizes() {
	(cd h && find . -type f -printf '%P %s\n' | sort) >want.sizes
	fsu_get d.img -R / back
	rm -rf back/lost+found
	(cd back && find . -type f -printf '%P %s\n' | sort) >got.sizes
	diff want.sizes got.sizes
	(cd h && find . -type f -exec sha256sum {} + | sort) >want.sums
	(cd back && find . -type f -exec sha256sum {} + | sort) >got.sums
	diff want.sums got.sums
	rm -rf back
	fsck_clean d.img
}

@test "sizes, absolute and relative" {
	pair truncate -s 100 f
	pair truncate -s 5000 f
	pair truncate -s +1k f
	pair truncate -s -300 f
	pair truncate -s '<4000' f
	pair truncate -s '>100' f
	pair truncate -s '>9000' f
	pair truncate -s /1000 f
	pair truncate -s %777 f
	pair truncate -s %777 f
	pair truncate -s -99999 g
	pair truncate -s 1KiB new1
	pair truncate -s 2kB new2
	pair truncate -s 1M new3 d/new4 zero
	pair truncate --size=' 5' lf
	pair truncate -s ' +5' lf
	pair truncate -s 010 dangling
	pair truncate -s 0 g f
	sizes
	# A hole takes no room.
	[ "$(fsu_stat d.img -c %b new3)" -eq 0 ]
}

@test "-r, -c, -o" {
	pair truncate -r f g
	pair truncate -r f -s +5 g
	pair truncate -r f -s '<10' d/n1
	pair truncate -cs 5 nosuch
	pair truncate -c -s 5 no/such
	pair truncate -cs 7 f
	pair truncate -r nosuch g
	blk=$(fsu_stat d.img -c %o g)
	fsu_truncate d.img -o -s 2 g
	truncate -s $((2 * blk)) h/g
	sizes
}

@test "what can't be" {
	pair truncate -s 5
	pair truncate
	pair truncate f
	pair truncate -s x f
	pair truncate -s 5q f
	pair truncate -s +-5 f
	pair truncate -s '<+5' f
	pair truncate -s /0 f
	pair truncate -s %0 f
	pair truncate -s +99999999999999999999 f
	pair truncate -s 9223372036854775808 f
	pair truncate -s '' f
	pair truncate -r f -s 5 g
	pair truncate -o -r f g
	pair truncate -s 5 no/such
	pair truncate -s 5 .
	pair truncate -s 5 ''
	pair truncate -s 5 f/x
	pair truncate -s +9223372036854775807 g
	expect 1 fsu_truncate d.img -s 9223372036854775807 f
	has "failed to truncate 'f' at 9223372036854775807 bytes: File too large"
	expect 1 fsu_truncate d.img -s 7E f
	sizes
}

@test "the umask is for new files, and the clock for all" {
	umask 077
	SOURCE_DATE_EPOCH=1000000000 fsu_truncate d.img -s 9 f n
	[ "$(fsu_stat d.img -c '%a %Y %Z' f)" = "644 1000000000 1000000000" ]
	[ "$(fsu_stat d.img -c '%a %Y %u:%g' n)" = "600 1000000000 0:0" ]
}
