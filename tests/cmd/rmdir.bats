#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_rmdir, judged by rmdir.

load helper
load pair

setup() {
	fsu_setup
	mkdir -p h/1/2/3 h/a/b h/e1 h/e2 'h/z z/y' h/full/sub h/q/r/s/t h/w/x/y
	echo f >h/full/f
	echo f >h/a/f
	echo f >h/file
	ln -s e1 h/le
	ln -s nowhere h/dangling
	ln -s file h/lf
	mkimage d.img 4M h
}
teardown() { fsu_teardown; }

@test "empty ones go, others stay" {
	pair rmdir e1 'z z/y'
	pair rmdir -v e2
	pair rmdir full
	pair rmdir full a/b nosuch file lf dangling
	pair rmdir ''
	pair rmdir file/x nosuch/x
	pair rmdir
	pair rmdir 1/.
	pair rmdir .
	pair_trees
}

@test "links aren't followed" {
	pair rmdir le
	pair rmdir le/
	pair rmdir dangling/
	pair rmdir lf/
	pair_trees
}

@test "-p and what is above" {
	pair rmdir -pv 1/2/3
	pair rmdir -pv a/b
	pair rmdir -pv q//r/s/./t
	pair rmdir -p full/sub
	pair rmdir -pv './z z//y//'
	pair_trees
}

@test "--ignore-fail-on-non-empty" {
	pair rmdir --ignore-fail-on-non-empty full
	pair rmdir -v --ignore-fail-on-non-empty full e1 nosuch
	pair rmdir -pv --ignore-fail-on-non-empty a/b w/x/y
	pair rmdir --ignore file
	pair_trees
}

@test "the root" {
	before=$(sum d.img)
	expect 1 fsu_rmdir d.img /
	expect 1 fsu_rmdir d.img /..
	expect 1 fsu_rmdir d.img /full/sub/..
	[ "$before" = "$(sum d.img)" ]
	fsu_rmdir d.img -p /w/x/y 2>err || true
	has_root=$(cat err)
	case $has_root in *"failed to remove directory '/'"*) ;; *) echo "$has_root"; false ;; esac
	fsck_clean d.img
}
