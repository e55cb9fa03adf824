#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A directory's default access control list goes to what is made in it: what a
# kernel mount does, written down, and done again where there may be one.

load helper

setup() {
	fsu_setup
	umask 027
	# u::rwx u:1000:rwx u:2000:r-x g::r-x g:3000:--- m::rwx o::r-x
	long=0x0200000001000700ffffffff02000700e803000002000500d007000004000500ffffffff08000000b80b000010000700ffffffff20000500ffffffff
	# u::rwx g::r-x o::---: no more than a mode says
	short=0x0200000001000700ffffffff04000500ffffffff20000000ffffffff
	# u::rw- u:1000:rwx g::--- m::r-- o::---
	tight=0x0200000001000600ffffffff02000700e803000004000000ffffffff10000400ffffffff20000000ffffffff
}
teardown() { fsu_teardown; }

lists() {
	fsu_mkdir "$1" long short tight
	fsu_xattr "$1" set system.posix_acl_default $long long
	fsu_xattr "$1" set system.posix_acl_default $short short
	fsu_xattr "$1" set system.posix_acl_default $tight tight
}

# make_all: with our commands, in d.img.
make_all() {
	for x in long short tight; do
		fsu_touch d.img $x/f
		fsu_mkdir d.img $x/s
		fsu_mkdir d.img -p $x/s/t/u
		fsu_touch d.img $x/s/t/g
		fsu_ln d.img -s f $x/l
		fsu_mkfifo d.img $x/p
	done
}

# acl FILE KIND
acl() { fsu_xattr d.img get -h -e hex "system.posix_acl_$2" "$1" 2>/dev/null | sed -n 's/^[^#].*=//p'; }

@test "modes and lists of new files and directories" {
	for size in 128 256; do
		mkimage d.img 4M "" -I $size
		lists d.img
		make_all
		[ "$(fsu_stat d.img -c %a long/f long/s long/s/t long/s/t/g long/p long/l | tr '\n' ' ')" = "664 775 775 664 664 777 " ]
		[ "$(fsu_stat d.img -c %a short/f short/s short/s/t/u short/s/t/g short/p | tr '\n' ' ')" = "640 750 750 640 640 " ]
		[ "$(fsu_stat d.img -c %a tight/f tight/s tight/s/t/u tight/s/t/g tight/p | tr '\n' ' ')" = "640 640 640 640 640 " ]
		for d in long/s long/s/t long/s/t/u; do
			[ "$(acl $d default)" = $long ]
			[ "$(acl $d access)" = $long ]
		done
		# rw- for the owner, the mask and r-- for others are left of it
		[ "$(acl long/s/t/g access)" = 0x0200000001000600ffffffff02000700e803000002000500d007000004000500ffffffff08000000b80b000010000600ffffffff20000400ffffffff ]
		[ "$(acl long/f access)" = "$(acl long/p access)" ]
		[ -z "$(acl long/f default)" ]
		[ -z "$(acl long/l access)" ]
		[ "$(acl short/s default)" = $short ]
		[ -z "$(acl short/s access)" ] && [ -z "$(acl short/f access)" ]
		[ "$(acl tight/s access)" = $tight ]
		fsck_clean d.img
	done
}

@test "a copy has what was copied, and -m what was said" {
	mkimage d.img 4M
	lists d.img
	echo x >src
	chmod 600 src
	fsu_put d.img -p src /long/
	fsu_mkdir d.img -m 700 long/m
	[ "$(fsu_stat d.img -c %a long/src long/m | tr '\n' ' ')" = "600 700 " ]
	[ -z "$(acl long/src access)" ]
	fsck_clean d.img
}

@test "a damaged list is an error, and nothing is made" {
	mkimage d.img 4M
	fsu_mkdir d.img d
	debugfs -w -R 'ea_set -r d system.posix_acl_default x' d.img 2>/dev/null
	fsu_xattr d.img list d | grep -q posix_acl_default || skip "debugfs sets no such list"
	expect 1 fsu_touch d.img d/f
	has "access control list is damaged"
	expect 1 fsu_stat d.img d/f
}

@test "a kernel mount does the same" {
	need_root
	mkimage d.img 4M "" -I 256
	lists d.img
	cp d.img k.img
	mkdir mnt
	mount -o loop k.img mnt 2>/dev/null || skip "no loop mount here"
	(
		cd mnt
		for x in long short tight; do
			touch $x/f
			mkdir $x/s
			mkdir -p $x/s/t/u
			touch $x/s/t/g
			ln -s f $x/l
			mkfifo $x/p
		done
		find long short tight | sort | xargs stat -c '%n %a' >../want.mode
		getfattr -hR -d -m - -e hex long short tight | sort >../want.acl
	)
	umount mnt
	make_all
	fsu_stat d.img -c '%n %a' $(cut -d' ' -f1 want.mode) | diff want.mode -
	fsu_xattr d.img dump -hR -e hex long short tight | sort | diff want.acl -
}
