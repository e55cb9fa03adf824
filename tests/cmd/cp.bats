#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_cp: inside an image, and from one to another.

load helper

setup() {
	fsu_setup
	mktree t
	mkimage d.img 16M '' -I 256
	fsu_put d.img -R -p t /t
}
teardown() { fsu_teardown; }

@test "a tree with -a: identical" {
	expect 0 fsu_cp d.img -a /t /c
	[ -z "$output" ]
	fsck_clean d.img
	expect 0 fsu_get d.img -a / out
	manifest out/t >want
	manifest out/c >got
	diff want got
	[ "$(stat -c %b out/c/sub/hole)" -le "$(stat -c %b t/sub/hole)" ]
}

@test "files: new name, directory, -t, -T, -D, overwriting keeps owner and mode" {
	expect 0 fsu_cp d.img t/hello /a
	[ "$(fsu_cat d.img a)" = hello ]
	expect 0 fsu_cp d.img t/hello t/sub/text t/empty
	fsu_cat d.img t/empty/text | cmp - t/sub/text
	expect 1 fsu_cp d.img t/hello t/sub/text /none
	expect 1 fsu_cp d.img t/sub /x
	has "is a directory (-R copies it)"
	expect 0 fsu_cp d.img -D t/hello /x/y/z
	expect 0 fsu_cat d.img x/y/z
	expect 1 fsu_cp d.img -T a t
	expect 0 fsu_cp d.img -p t/zero /z
	expect 0 fsu_cp d.img t/hello /z
	debugfs -R 'stat /z' d.img 2>/dev/null | grep -q 'Mode: *04755'
	fsck_clean d.img
}

@test "onto itself and into itself are errors" {
	expect 1 fsu_cp d.img t/hello t/hello
	has "are the same file"
	expect 1 fsu_cp d.img t/hello t/hard
	has "are the same file"
	expect 1 fsu_cp d.img -R t t/sub/copy
	has "into itself"
	expect 1 fsu_cp d.img -R t t
	has "into itself"
	expect 1 fsu_cp d.img -R t/sub t
	has "into itself"
	expect 1 fsu_cat d.img t/t/hello
	[ "$(fsu_cat d.img t/hello)" = hello ]
	fsck_clean d.img
}

@test "-l and -s make links" {
	expect 0 fsu_cp d.img -l t/hello /l
	expect 0 fsu_cp d.img -Rl t/sub /subl
	debugfs -R 'stat /l' d.img 2>/dev/null | grep -q 'Links: 3'
	debugfs -R 'stat /subl/text' d.img 2>/dev/null | grep -q 'Links: 2'
	expect 0 fsu_cp d.img -s /t/hello /s
	debugfs -R 'stat /s' d.img 2>/dev/null | grep -q 'Fast link dest: "/t/hello"'
	expect 1 fsu_cp d.img -s t/hello /x/s
	expect 2 fsu_cp d.img -l -s t/hello /s
	fsck_clean d.img
}

@test "-n -i -u -f -v" {
	echo other | fsu_put d.img - /o
	expect 0 fsu_cp d.img -n t/hello /o
	[ "$(fsu_cat d.img o)" = other ]
	run sh -c 'echo n | fsu_cp d.img -i t/hello /o'
	[ "$(fsu_cat d.img o)" = other ]
	expect 0 fsu_cp d.img -u t/hello /o # from 2001
	[ "$(fsu_cat d.img o)" = other ]
	expect 0 fsu_cp d.img -fv t/hello /o
	[ "$output" = "'t/hello' -> '/o'" ]
	[ "$(fsu_cat d.img o)" = hello ]
}

@test "globs only with --glob, and never in DEST" {
	expect 1 fsu_cp d.img 't/h*' /c
	mkdir m
	fsu_put d.img -R m /m
	expect 0 fsu_cp d.img --glob 't/h*' /m
	expect 0 fsu_cat d.img m/hello m/hard
	expect 1 fsu_cp d.img --glob t/hello t/zero '/m*'
	fsck_clean d.img
}

@test "--to=IMAGE2: the destination is in another image" {
	mkimage e.img 16M '' -I 256
	before=$(sum d.img)
	expect 0 fsu_cp d.img --to=e.img -a /t /c
	[ "$(sum d.img)" = "$before" ]
	fsck_clean e.img
	fsu_get d.img -a /t out1
	fsu_get e.img -a /c out2
	manifest out1 >want
	manifest out2 >got
	diff want got
	[ "$(stat -c %b out2/sub/hole)" -le "$(stat -c %b t/sub/hole)" ]
	expect 0 fsu_cp d.img --to=e.img t/sub/text /c/hello # replaces
	fsu_cat e.img c/hello | cmp - t/sub/text
	expect 0 fsu_cp d.img --to=d.img t/hello /same # the same image
	expect 0 fsu_cat d.img same
	expect 1 fsu_cp d.img --to=e.img -l t/hello /l
	has "Invalid cross-device link"
	expect 2 fsu_cp d.img --to=nothere t/hello /l
	has "nothere"
	fsck_clean d.img
	fsck_clean e.img
}

@test "full: the target is left as it was" {
	mkimage s.img 1M
	head -c 700k /dev/urandom >f
	fsu_put s.img f /f
	expect 1 fsu_cp s.img f g
	has "No space left in the image: 716800 bytes needed"
	expect 1 fsu_cat s.img g
	fsu_cat s.img f | cmp - f
	fsck_clean s.img
}

@test "-a keeps file flags, also of what it makes immutable" {
	debugfs -w -R 'set_inode_field /t/hello flags 0x40' d.img 2>/dev/null # nodump
	debugfs -w -R 'set_inode_field /t/zero flags 0x10' d.img 2>/dev/null # immutable
	debugfs -w -R 'set_inode_field /t/sub flags 0x20' d.img 2>/dev/null # append-only
	expect 0 fsu_cp d.img -a /t /c
	for i in hello:0x40 zero:0x10 sub:0x20; do
		debugfs -R "stat /c/${i%:*}" d.img 2>/dev/null | grep -q "Flags: ${i#*:}"
	done
	expect 0 fsu_cat d.img c/sub/text
	expect 1 fsu_cp d.img t/hello c/zero
	has "Operation not permitted"
	expect 0 fsu_cp d.img -R /t /plain # without -p: none
	debugfs -R "stat /plain/zero" d.img 2>/dev/null | grep -q "Flags: 0x0"
	fsck_clean d.img
}
