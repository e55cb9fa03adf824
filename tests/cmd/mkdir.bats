#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_mkdir, judged by mkdir.

load helper
load pair

setup() {
	fsu_setup
	mkdir -p h/dir
	echo x >h/file
	ln -s dir h/ldir
	ln -s nowhere h/dangling
	mkimage d.img 4M h
}
teardown() { fsu_teardown; }

@test "plain directories, and what is in the way" {
	pair mkdir a b 'c d' $'new\nline' dir/e
	pair mkdir a
	pair mkdir file ldir dangling
	pair mkdir no/such file/x ''
	pair mkdir x a y
	pair mkdir
	pair_trees
}

@test "-p makes parents and minds nothing that is there" {
	pair mkdir -p a/b/c a/b/c a//b///d/ ./e/../f ldir/g
	pair mkdir -pv a/b/c/d/e g/h
	pair mkdir -p file/x
	pair mkdir -p file
	pair mkdir -p dangling/x
	pair mkdir -v v1 v1/v2
	pair_trees
}

@test "-m: octal and symbolic, the umask, parents without it" {
	pair mkdir -m 700 m1
	pair mkdir -m 7777 m2
	pair mkdir -m 0 m3
	pair mkdir -m u=rwx,g=rx,o= m4
	pair mkdir -m g+s m5
	pair mkdir -m +t,o-x m6
	pair mkdir -m =,u+X m7
	pair mkdir -m u=rw,g=u,o=g m8
	pair mkdir -m a-w,+w m9
	pair mkdir -m 01777 m10
	pair mkdir -pm 711 m11/x/y
	for m in zz 8 u+q 77777 '' u 'u=r,' +-+ o=700 =700 -22; do
		pair mkdir -m "$m" bad"$m"
	done
	for u in 0 027 077 0777; do
		umask $u
		pair mkdir u$u
		pair mkdir -p p$u/q
		pair mkdir -m +x x$u
		pair mkdir -m =rw w$u
		pair mkdir -m g+w g$u
		umask 022
	done
	chmod -R u+rwx h >/dev/null 2>&1 || true
	fsck_clean d.img
}

@test "SOURCE_DATE_EPOCH is the time that it is" {
	SOURCE_DATE_EPOCH=1000000000 fsu_mkdir d.img old
	[ "$(fsu_stat d.img -c '%Y %Z %W' old)" = "1000000000 1000000000 1000000000" ]
	before=$(sum d.img)
	for e in x -1 1.5 99999999999999999999; do
		SOURCE_DATE_EPOCH=$e expect 2 fsu_mkdir d.img new
	done
	[ "$before" = "$(sum d.img)" ]
}

@test "long names, a long path, and no room" {
	n255=$(printf 'n%.0s' $(seq 255))
	pair mkdir "$n255"
	pair mkdir "${n255}n"
	p=$(printf 'ab/%.0s' $(seq 300))
	pair mkdir -p "$p"
	pair_trees
	mkimage full.img 256K "" -N 16
	expect 1 fsu_mkdir full.img a b c d e f g h i j k l
	has "No space left in the image"
	fsck_clean full.img
}
