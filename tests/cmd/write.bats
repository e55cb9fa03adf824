#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_write, judged by the shell's > and >>.

load helper

setup() {
	fsu_setup
	mkdir -p h/d
	seq 1 1000 >h/f
	echo one >h/one
	ln -s f h/lf
	ln -s new h/dangling
	ln h/one h/one2
	chmod 640 h/one
	mkimage d.img 4M h
}
teardown() { fsu_teardown; }

@test "the new content and nothing of the old" {
	echo short | fsu_write d.img f
	[ "$(fsu_cat d.img f)" = short ]
	[ "$(fsu_stat d.img -c %s f)" -eq 6 ]
	seq 1 5000 >big
	fsu_write d.img lf <big
	fsu_cat d.img f | cmp - big
	[ "$(fsu_stat d.img -c %F lf)" = "symbolic link" ]
	fsu_write d.img d/made <big
	fsu_cat d.img d/made | cmp - big
	fsu_write d.img f </dev/null
	[ "$(fsu_stat d.img -c %s f)" -eq 0 ]
	echo x | fsu_write d.img dangling
	[ "$(fsu_cat d.img new)" = x ]
	fsck_clean d.img
}

@test "mode, owner and links stay; new files take the umask" {
	ino=$(fsu_stat d.img -c '%i %a %h %u' one)
	echo two | fsu_write d.img one
	[ "$(fsu_stat d.img -c '%i %a %h %u' one)" = "$ino" ]
	[ "$(fsu_cat d.img one2)" = two ]
	umask 027
	echo two | fsu_write d.img n1
	echo two | fsu_write d.img -a n2
	[ "$(fsu_stat d.img -c '%a %u:%g' n1)" = "640 0:0" ]
	[ "$(fsu_stat d.img -c '%a %u:%g' n2)" = "640 0:0" ]
}

@test "-a adds" {
	cp h/f want
	for i in 1 2 3; do
		seq "$i" 700 >>want
		seq "$i" 700 | fsu_write d.img -a f
	done
	fsu_cat d.img f | cmp - want
	head -c 700000 /dev/urandom >more
	cat more >>want
	fsu_write d.img --append f <more
	fsu_cat d.img f | cmp - want
	fsu_write d.img -a f </dev/null
	fsu_cat d.img f | cmp - want
	# Only what is still to be read of a file that is standard input.
	for o in '' -a; do
		{ read -r line; fsu_write d.img $o rest; } <h/f
	done
	[ "$line" = 1 ]
	fsu_cat d.img rest | cmp - <(sed 1d h/f; sed 1d h/f)
	fsck_clean d.img
}

@test "a pipe from the image into itself" {
	fsu_cat d.img f | sed s/1/one/ | fsu_write d.img f
	fsu_cat d.img f | cmp - <(sed s/1/one/ h/f)
	fsu_cat d.img f | fsu_write d.img -a f
	[ "$(fsu_cat d.img f | wc -l)" -eq 2000 ]
	fsck_clean d.img
}

@test "without room the old content stays" {
	dd if=/dev/urandom of=big bs=1k count=5000 status=none
	for o in '' -a; do
		expect 1 fsu_write d.img $o f <big
		has "f: No space left in the image: 5120000 bytes are needed"
		one_line
		fsu_cat d.img f | cmp - h/f
		expect 1 fsu_write d.img $o none <big
		expect 1 fsu_stat d.img none
		fsck_clean d.img
	done
	dd if=/dev/urandom of=most bs=1k count=3000 status=none
	fsu_write d.img f <most
	expect 1 fsu_write d.img f <most
	fsu_write d.img --in-place f <most
	fsu_cat d.img f | cmp - most
	fsck_clean d.img
}

@test "what isn't a file to be written" {
	before=$(sum d.img)
	expect 1 fsu_write d.img d </dev/null
	has "d: Is a directory"
	expect 1 fsu_write d.img -a d </dev/null
	has "d: Is a directory"
	expect 1 fsu_write d.img no/such </dev/null
	expect 1 fsu_write d.img '' </dev/null
	expect 2 fsu_write d.img </dev/null
	expect 2 fsu_write d.img a b </dev/null
	expect 1 fsu_write d.img f <.
	[ "$before" = "$(sum d.img)" ]
}
