#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_rm, judged by rm.

load helper
load pair

setup() {
	fsu_setup
	mkdir -p h/d/sub/deep h/d2/e h/empty h/full
	for f in a b c 'sp ace' $'new\nline' d/f1 d/f2 d/sub/g d/sub/deep/h d2/e/f full/x; do
		echo x >"h/$f"
	done
	: >h/zero
	ln h/a h/hard
	ln -s a h/sym
	ln -s d h/symd
	ln -s nowhere h/dangling
	mkfifo h/fifo
	mkimage d.img 4M h
	PAIR_SORT=sort # rm goes through a tree in any order
}
teardown() { fsu_teardown; }

@test "files, links, FIFOs; what isn't there; directories" {
	pair rm a 'sp ace' $'new\nline' sym dangling fifo
	pair rm nothere
	pair rm -f nothere d/nothere c/x
	pair rm c/x ''
	pair rm d
	pair rm d b
	pair rm -d d
	pair rm -d empty
	pair rm -v zero c
	pair rm
	pair rm -f
	pair_trees
}

@test "-r takes trees, and never what a symlink leads to" {
	pair rm -r symd
	[ -e h/d/f1 ]
	pair rm -rv d d2/
	pair rm -Rf full nothere
	pair_trees
	mkdir h/keep h/keep/in
	ln -s keep h/lk
	fsu_mkdir d.img -p keep/in
	fsu_put d.img -R h/lk /
	expect 1 fsu_rm d.img -r lk/
	has "cannot remove 'lk/': Not a directory"
	fsu_stat d.img keep/in >/dev/null
}

@test "the root, . and .. are refused" {
	for o in / // /. . .. ./ d/. d/..; do
		before=$(sum d.img)
		expect 1 fsu_rm d.img -rf "$o"
		case $o in
		/ | //) has "it is dangerous to operate recursively on '$o'" ;;
		*) has "refusing to remove '.' or '..' directory: skipping '$o'" ;;
		esac
		[ "$before" = "$(sum d.img)" ] || fsu_stat d.img d/sub/g >/dev/null
	done
	expect 1 fsu_rm d.img -rf --no-preserve-root /
	has "cannot remove '/'"
	[ "$(fsu_ls d.img -A)" = "" ]
	fsck_clean d.img
}

@test "-i and -I ask as rm does" {
	yes y | head -n 100 >yes
	yes n | head -n 100 >no
	printf 'y\nn\ny\ny\ny\nn\ny\ny\ny\n' >some
	PAIR_SORT=cat
	PAIR_ANSWERS=no
	pair rm -i a zero fifo sym empty
	pair rm -ri full
	pair rm -I a b c
	pair rm -I a b c zero
	pair rm -rI d
	pair rm -id empty
	[ -e h/a ] && [ -e h/d ] && [ -e h/empty ]
	PAIR_ANSWERS=yes
	pair rm -i a zero sym
	pair rm -ri empty
	pair rm -ri full
	pair rm -id d
	pair rm -I b c fifo hard
	pair rm --interactive=never 'sp ace'
	PAIR_ANSWERS=some
	pair rm -ri d2
	pair_trees
}

@test "what an answer keeps keeps the directories above it" {
	# into d? f1? f2? into sub? into deep? h? deep? g?
	printf 'y\nn\ny\ny\ny\ny\ny\nn\n' >mixed
	expect 0 sh -c 'fsu_rm d.img -ri d <mixed'
	has "remove regular file 'd/sub/g'? "
	[ "$(printf '%s' "$output" | grep -o '? ' | wc -l)" -eq 8 ]
	[ "$(fsu_ls d.img -R d | tr '\n' ' ')" = "d: f1 sub  d/sub: g " ]
	fsck_clean d.img
}

@test "usage" {
	expect 2 fsu_rm d.img --interactive=x a
	expect 2 fsu_rm d.img -q a
	expect 2 fsu_rm
	before=$(sum d.img)
	expect 0 fsu_rm d.img -f
	[ "$before" = "$(sum d.img)" ]
}

@test "immutable files stay" {
	need_root
	debugfs -w -R 'sif c flags 0x10' d.img 2>/dev/null
	debugfs -w -R 'sif d/sub/g flags 0x10' d.img 2>/dev/null
	expect 1 fsu_rm d.img -f c
	has "cannot remove 'c': Operation not permitted"
	expect 1 fsu_rm d.img -rv d
	has "removed 'd/f1'"
	has "cannot remove 'd/sub/g': Operation not permitted"
	one=$(printf '%s\n' "$output" | grep -c cannot)
	[ "$one" -eq 1 ] # nothing about d/sub and d
	fsu_stat d.img d/sub/g >/dev/null
	fsck_clean d.img
}

@test "space and inodes come back" {
	free=$(fsu_stat d.img -f -c '%f %d' /)
	mkdir big
	head -c 700000 /dev/urandom >big/x
	for i in $(seq 200); do echo $i >big/$i; done
	fsu_put d.img -R big /
	fsu_rm d.img -r big
	[ "$(fsu_stat d.img -f -c '%f %d' /)" = "$free" ]
	fsck_clean d.img
}
