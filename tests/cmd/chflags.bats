#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_chflags: what debugfs finds in the inode, and what flags keep from happening.

load helper
load attr

setup() {
	fsu_setup
	attr_tree
	attr_image
}
teardown() { fsu_teardown; }

# flags FILE: the inode's, in hexadecimal.
flags() { debugfs -R "stat \"$1\"" d.img 2>/dev/null | sed -n 's/.*Flags: \(0x[0-9a-f]*\).*/\1/p'; }
is_flags() {
	local got
	got=$(flags "$1")
	[ "$got" = "$2" ] || { echo "$1: $got, not $2"; return 1; }
	fsck_clean d.img
}

@test "chattr's letters, each" {
	local n=1 l hex
	while read -r l hex; do
		fsu_chflags d.img "+$l" a
		is_flags a "$hex"
		fsu_chflags d.img "-$l" a
		is_flags a 0x0
		fsu_chflags d.img "=$l" a
		is_flags a "$hex"
		fsu_chflags d.img "=" a
		n=$((n + 1))
	done <<-'EOF'
		i 0x10
		a 0x20
		d 0x40
		A 0x80
		S 0x8
		D 0x10000
		T 0x20000
		c 0x4
		t 0x8000
		s 0x1
		u 0x2
		j 0x4000
	EOF
	[ "$n" = 13 ]
	is_flags a 0x0
	fsu_chflags d.img +dA +S d/f
	is_flags d/f 0xc8
	fsu_chflags d.img +s -dS d/f
	is_flags d/f 0x81
	fsu_chflags d.img -A -s +i -- d/f
	is_flags d/f 0x10
}

@test "BSD's names, with and without no, and numbers" {
	local f hex
	while read -r f hex; do
		expect 0 fsu_chflags d.img "$f" a
		is_flags a "$hex"
	done <<-'EOF'
		schg 0x10
		nodump 0x50
		noschg 0x40
		dump,sappnd 0x20
		nosappnd,noatime,sync 0x88
		atime,nosync,uchg 0x10
		0 0x0
		simmutable,sappend 0x30
		noschange,nosappnd 0x0
		dirsync,topdir,compressed,notail 0x38004
		nodirsync,notopdir,nocompressed,nonotail 0x0
		secrm,undel,journal 0x4003
		0400000 0x10
		01 0x40
		0 0x0
	EOF
	expect 0 fsu_chflags d.img schg,nodump b
	expect 0 fsu_ls d.img -lO b
	has "schg,nodump"
	expect 0 fsu_chflags d.img "$(fsu_ls d.img -lO b | awk '{ print $5 }')" 'sp ace'
	is_flags 'sp ace' 0x50
}

@test "what can't be: words, letters, flags that ext2 lacks, flags of links" {
	before=$(sum d.img)
	for f in foo schg,foo '' nofoo 99 +x +iE =P 077777777777777; do
		expect 2 fsu_chflags d.img "$f" a
		has "invalid flag"
	done
	expect 2 fsu_chflags d.img
	expect 2 fsu_chflags d.img schg
	expect 2 fsu_chflags d.img +i
	expect 2 fsu_chflags d.img -i
	[ "$before" = "$(sum d.img)" ]
	for f in uarch hidden opaque 0100; do
		expect 1 fsu_chflags d.img "$f" a
		has "a: Operation not supported"
	done
	expect 1 fsu_chflags d.img -h schg sym
	has "sym: Operation not supported"
	expect 1 fsu_chflags d.img schg fifo
	expect 0 fsu_chflags d.img -h nodump sym
	is_flags sym 0x40
	expect 0 fsu_chflags d.img schg sym
	is_flags a 0x10
	expect 1 fsu_chflags d.img schg nofile dangling b
	has "nofile: No such file or directory"
	has "dangling: No such file or directory"
	is_flags b 0x10
	expect 0 fsu_chflags d.img -f schg nofile
	[ -z "$output" ]
}

@test "immutable and append-only files refuse changes, until it is taken off" {
	fsu_chflags d.img schg a d/sub
	fsu_chflags d.img sappnd b
	for c in 'fsu_chmod d.img 600 a' 'fsu_chown d.img 1 a' 'fsu_touch d.img a' 'fsu_rm d.img -f a' 'fsu_mv d.img a z' \
		'fsu_put d.img h/b /a' 'fsu_mkdir d.img d/sub/new' 'fsu_rm d.img -f d/sub/g' 'fsu_touch d.img d/sub/new' \
		'fsu_rm d.img -rf d' 'fsu_rm d.img b' 'fsu_chmod d.img 600 b' 'fsu_put d.img h/a /b'; do
		expect 1 $c
		has "Operation not permitted"
	done
	[ "$(fsu_cat d.img a b d/sub/g)" = $'x\nx\nx' ]
	fsu_chflags d.img -R noschg,nosappnd .
	fsu_rm d.img -rf d a b
	fsck_clean d.img
}

@test "-R -H -L -P, -v" {
	expect 0 fsu_chflags d.img -R nodump d
	for f in d d/f d/sub d/sub/deep/h; do is_flags "$f" 0x40; done
	is_flags other/o 0x0
	expect 0 fsu_chflags d.img -RH 0 symd
	is_flags d/f 0x0
	expect 1 fsu_chflags d.img -RL nodump d
	has "d/sub/dang: No such file or directory"
	is_flags other/o 0x40
	expect 0 fsu_chflags d.img -RP 0 symd
	is_flags d/f 0x40
	expect 0 fsu_chflags d.img -R +D d
	is_flags d 0x10040
	is_flags d/f 0x40
	expect 0 fsu_chflags d.img -v schg a b
	[ "$output" = $'a\nb' ]
	expect 0 fsu_chflags d.img -v schg a b
	[ -z "$output" ]
	expect 0 fsu_chflags d.img -vv noschg,nodump b
	[ "$output" = "b: 0400000 [schg] -> 01 [nodump]" ]
}

@test "lsattr on a kernel mount says the same" {
	need_root
	mkdir mnt
	mount -o loop,ro d.img mnt 2>/dev/null || skip "no loop mount here"
	umount mnt
	for l in i a d A S c t s u; do
		fsu_touch d.img "F$l"
		fsu_chflags d.img "+$l" "F$l"
	done
	mount -o loop,ro d.img mnt
	run lsattr mnt/F*
	umount mnt
	for l in i a d A S c t s u; do
		printf '%s\n' "$output" | grep -q -- "^[-]*$l[-]* mnt/F$l\$" || { echo "$output"; return 1; }
	done
}
