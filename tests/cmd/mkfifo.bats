#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_mkfifo and fsu_mknod, judged by mkfifo and mknod.

load helper
load pair

setup() {
	fsu_setup
	mkdir -p h/d
	echo x >h/file
	mkimage d.img 4M h
}
teardown() { fsu_teardown; }

@test "FIFOs: names, modes, umask" {
	pair mkfifo a 'b c' $'new\nline' d/e
	pair mkfifo a
	pair mkfifo no/x '' file/y d
	pair mkfifo z1 a z2
	pair mkfifo
	pair mkfifo -m 600 m1
	pair mkfifo -m +x m2
	pair mkfifo -m a=rwx m3
	pair mkfifo -m u+w,o= m4
	for u in 0 027 0777; do
		umask $u
		pair mkfifo u$u
		pair mkfifo -m g+w g$u
		umask 022
	done
	pair mkfifo -m 4755 bad
	pair mkfifo -m +t bad
	expect 2 fsu_mkfifo d.img -m zz bad
	has "invalid mode 'zz'"
	pair_trees
}

@test "mknod p is mkfifo" {
	pair mknod a p
	pair mknod -m 640 b p
	pair mknod a p
	pair mknod no/x p
	pair mknod
	pair mknod x
	pair mknod x b 1 2 3
	pair mknod x z 1 2
	pair mknod x pipe
	pair mknod x bb 1 2
	pair mknod x c 1
	pair mknod -m 7777 x p
	expect 2 fsu_mknod d.img x p 1 2
	has "extra operand '1': FIFOs"
	expect 2 fsu_mknod d.img x c
	has "missing operand after 'c': special files"
	pair_trees
}

@test "devices, by an ordinary user too" {
	chmod 777 .
	chmod 666 d.img
	as_user fsu_mknod d.img null c 1 3
	fsu_mknod d.img -m 660 sda b 8 0
	fsu_mknod d.img hex b 0x10 0xff
	fsu_mknod d.img oct u 010 020
	fsu_mknod d.img big c 4095 1048575
	fsu_mknod d.img mid c 256 256
	fsu_stat d.img -c '%n %A %Hr %Lr %t %T' null sda hex oct big mid >got
	cat >want <<-END
	null crw-r--r-- 1 3 1 3
	sda brw-rw---- 8 0 8 0
	hex brw-r--r-- 16 255 10 ff
	oct crw-r--r-- 8 16 8 10
	big crw-r--r-- 4095 1048575 fff fffff
	mid crw-r--r-- 256 256 100 100
	END
	diff want got
	fsck_clean d.img
	# What another reads there.
	debugfs -R 'stat /big' d.img 2>/dev/null | grep -q '(New-style) Device major.minor number: 4095:1048575 '
	debugfs -R 'stat /null' d.img 2>/dev/null | grep -q 'Device major.minor number: 01:03 '
}

@test "numbers that are none" {
	before=$(sum d.img)
	for n in x '' 1k 08 99999999999999999999 4294967296; do
		expect 2 fsu_mknod d.img bad c "$n" 1
		has "invalid major device number"
		expect 2 fsu_mknod d.img bad c 1 "$n"
		has "invalid minor device number"
	done
	expect 2 fsu_mknod d.img bad c 1 -- -2
	[ "$before" = "$(sum d.img)" ]
	expect 1 fsu_mknod d.img bad c 4096 0
	has "bad: Invalid argument"
	expect 1 fsu_mknod d.img bad c 0 1048576
	fsck_clean d.img
}

@test "the host's root makes the same" {
	need_root
	(cd h && mknod probe c 1 3) 2>/dev/null || skip "no devices here"
	rm -f h/probe
	pair mknod null c 1 3
	pair mknod -m 600 blk b 0x8 017
	pair mknod r4 c 4294967295 4294967296
	(cd h && stat -c '%n %A %t:%T %F' null blk) >want
	fsu_stat d.img -c '%n %A %t:%T %F' null blk >got
	diff want got
}
