#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_mv, judged by mv.

load helper
load pair

setup() {
	fsu_setup
	mkdir -p h/d/sub h/e h/full
	echo a >h/a
	echo bb >h/b
	echo ccc >h/c
	echo dddd >h/d/x
	echo e >h/full/x
	echo n >$'h/new\nline'
	ln h/a h/hard
	ln -s d h/ld
	ln -s nowhere h/dangling
	touch -d 2001-01-01 h/a
	touch -d 2002-02-02 h/b
	mkimage d.img 4M h
}
teardown() { fsu_teardown; }

@test "renames, into directories, over files" {
	pair mv a a2
	pair mv a2 d
	pair mv -v b c
	pair mv -v d/a2 d/x e
	pair mv -v $'new\nline' ld
	pair mv -v e/x e/y
	pair mv e e2
	pair mv e2/ e3
	pair mv -v hard dangling
	pair mv ld ld2
	pair mv -v full d/sub
	pair_trees
}

@test "what can't be moved" {
	pair mv nosuch x
	pair mv a a
	pair mv a ./a
	pair mv a hard
	pair mv d d
	pair mv d d/sub
	pair mv d d/sub/x
	pair mv d ld/sub/y
	pair mv a nosuch/
	pair mv a nosuch/x
	pair mv a b/
	pair mv a b/x
	pair mv d a
	pair mv -T a d
	pair mv -T d full
	pair mv a b nosuch
	pair mv a b c
	pair mv '' x
	pair mv a ''
	pair mv a/ x
	pair mv -t b a
	pair mv -t nosuch a
	pair mv a nosuch nosuch2 b d
	pair_trees
}

@test "-n, -u, -i, -f" {
	pair mv -n a b
	pair mv -nv a b
	pair mv -u a b
	pair mv -uv b a
	pair mv -u c nothere
	PAIR_ANSWERS=no
	echo n >no
	pair mv -i nothere hard
	pair mv -if nothere hard
	PAIR_ANSWERS=yes
	echo y >yes
	pair mv -i d/x hard
	pair mv -fi hard a
	pair mv -fin a full/x
	pair_trees
}

@test "-t, -T, --strip-trailing-slashes, two of one name" {
	pair mv -vt d a b c
	pair mv -T e e4
	pair mv -T d/sub e4
	pair mv -T e4 ld
	expect 1 fsu_mv d.img ld/ ld3
	expect 0 fsu_mv d.img --strip-trailing-slashes ld/ ld3
	mv h/ld h/ld3
	mkdir h/s1 h/s2
	echo 1 >h/s1/f
	echo 2 >h/s2/f
	fsu_put d.img -R h/s1 h/s2 /
	pair mv s1/f s2/f d
	pair_trees
}

@test "backups" {
	pair mv -b a b
	pair mv -vb b c
	pair mv -v --backup=numbered c full/x
	echo q >h/q
	fsu_put d.img h/q /
	pair mv -v --backup=existing q full/x
	echo r >h/r
	fsu_put d.img h/r /
	pair mv -v -S .old r d/x
	expect 2 fsu_mv d.img --backup=what d/x y
	pair mv -nb d/x full/x
	pair_trees
}

@test "usage" {
	pair mv
	pair mv a
	pair mv -T a b c
	pair mv -t d -T a
	expect 2 fsu_mv d.img
	expect 2 fsu_mv d.img a
	has "missing destination file operand after 'a'"
}

@test "directories over empty directories, and .. follows" {
	pair mv -T d/sub e
	mkdir h/top
	fsu_mkdir d.img top
	pair mv full top
	fsu_ls d.img -id / top/full/../.. >ids
	[ "$(awk '{print $1}' ids | sort -u | wc -l)" -eq 1 ]
	pair_trees
}

@test "a full directory tree moves without room" {
	dd if=/dev/zero of=fill bs=1k count=4000 status=none
	fsu_put d.img fill / 2>/dev/null || true
	pair mv -v b a
	fsck_clean d.img
}

@test "several into a directory: what was just moved stays, another name of it may go" {
	mkdir -p l/a l/b
	echo one >l/a/x
	ln l/a/x l/into-y
	echo two >l/b/y
	mkdir l/d
	ln l/a/x l/d/y
	echo three >l/b/x
	mkimage l.img 2M l
	expect 0 fsu_mv l.img -t /d /a/x /b/y
	[ "$(fsu_cat l.img /d/x)" = one ]
	[ "$(fsu_cat l.img /d/y)" = two ]
	mkimage l.img 2M l
	expect 1 fsu_mv l.img -t /d /a/x /b/x
	has "just-created"
	[ "$(fsu_cat l.img /d/x)" = one ]
	fsck_clean l.img
}
