#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_ecp and fsu_emv: copies and moves between host and image, by direction.

load helper

setup() {
	fsu_setup
	mktree h
	mkimage d.img 16M
	fsu_rm d.img -rf lost+found
}
teardown() { fsu_teardown; }

# What a tree is, the owner aside (an ordinary user keeps his own).
tree() {
	(
		cd "$1" || exit
		find . -printf '%P|%y|%m|%n|%T@|%l\n' | sed 's/^|.*|.*|.*|.*|/.|/; s/^\([^|]*\)|d|\([0-7]*\)|[0-9]*/\1|d|\2/' | sort
		find . -type f -exec sha256sum {} + | sort -k2
	)
}

@test "ecp: -p is put, -g is get, neither is refused" {
	fsu_ecp d.img -p h/hello /
	[ "$(fsu_cat d.img hello)" = hello ]
	fsu_ecp d.img -pR h /copy
	fsu_ecp d.img -g hello out
	cmp out h/hello
	mkdir dir
	fsu_ecp d.img -gvR /copy/sub /hello dir >said
	grep -q "'/hello' -> 'dir/hello'" said
	diff -r h/sub dir/sub
	[ -f h/hello ] && [ "$(fsu_cat d.img hello)" = hello ]
	expect 2 fsu_ecp d.img h/hello /x
	has "which way? -g gets"
	expect 2 fsu_emv d.img h/hello /x
	has "which way? -g gets"
	expect 1 fsu_ecp d.img -p h /y
	has "is a directory"
	echo from stdin | fsu_ecp d.img -p - /stdin
	[ "$(fsu_cat d.img stdin)" = "from stdin" ]
	# -g alone leaves the image as it is.
	before=$(sum d.img)
	fsu_ecp d.img -g hello out2
	[ "$before" = "$(sum d.img)" ]
	fsck_clean d.img
}

@test "emv: a tree into the image and back is the same tree" {
	tree h >want
	fsu_emv d.img -p h /moved
	[ ! -e h ]
	fsck_clean d.img
	fsu_emv d.img -g /moved back
	expect 1 fsu_stat d.img /moved
	tree back >got
	diff want got
	[ "$(fsu_ls d.img -A /)" = "" ]
	fsck_clean d.img
}

@test "emv: files, links, directories as operands; -v says both steps" {
	mkdir dir
	fsu_emv d.img -pv h/hello h/sym h/fifo h/sub / >said
	for n in hello sym fifo sub; do
		[ ! -e "h/$n" ] && [ ! -L "h/$n" ]
	done
	grep -qx "'h/hello' -> '/hello'" said
	grep -qx "removed 'h/hello'" said
	grep -qx "removed directory 'h/sub'" said
	[ "$(fsu_stat d.img -c %F sym)" = "symbolic link" ]
	[ -e h/hard ] # the other name of hello
	fsu_emv d.img -g hello sym fifo sub dir
	[ "$(readlink dir/sym)" = hello ] && [ -p dir/fifo ] && [ -f dir/sub/text ]
	[ "$(fsu_ls d.img -A /)" = "" ]
	# dir/. moves what is in it.
	fsu_emv d.img -p dir/. /
	[ -d dir ] && [ -z "$(ls -A dir)" ]
	[ "$(fsu_cat d.img hello)" = hello ]
	mkdir all
	fsu_emv d.img -g / all
	[ "$(fsu_ls d.img -A /)" = "" ]
	[ "$(cat all/hello)" = hello ]
	fsck_clean d.img
}

@test "emv: hard links stay one file, in one command" {
	fsu_emv d.img -p h/hello h/hard /
	[ "$(fsu_stat d.img -c %h hello)" = 2 ]
	[ "$(fsu_stat d.img -c %i hello)" = "$(fsu_stat d.img -c %i hard)" ]
	mkdir o
	fsu_emv d.img -g hello hard o
	[ "$(stat -c %h o/hello)" = 2 ]
	fsck_clean d.img
}

@test "emv: two files for one destination: the second stays" {
	mkdir a b
	echo 1 >a/f
	echo 2 >b/f
	expect 1 fsu_emv d.img -p a/f b/f /
	has "will not overwrite just-created '/f' with 'b/f'"
	[ ! -e a/f ] && [ "$(cat b/f)" = 2 ] && [ "$(fsu_cat d.img f)" = 1 ]
	# Two names of one file at the destination must not become one content.
	echo x >x
	fsu_put d.img x /p
	fsu_ln d.img p q
	echo 3 >p
	echo 4 >q
	fsu_ecp d.img -pd p q /
	[ "$(fsu_cat d.img p)" = 3 ] && [ "$(fsu_cat d.img q)" = 4 ]
	[ ! -e p ] && [ ! -e q ]
	# The same operand twice.
	echo 5 >five
	expect 1 fsu_emv d.img -p five five /
	[ "$(fsu_cat d.img five)" = 5 ] || [ "$(cat five)" = 5 ]
	fsck_clean d.img
}

@test "emv: -n, -u and -i leave the source" {
	echo old >h/old
	echo new >new
	fsu_put d.img new /old
	fsu_emv d.img -pn h/old /
	[ "$(cat h/old)" = old ] && [ "$(fsu_cat d.img old)" = new ]
	touch -d 2001-01-01 h/old
	fsu_emv d.img -pu h/old /
	[ "$(cat h/old)" = old ]
	echo n | fsu_emv d.img -pi h/old /
	[ "$(cat h/old)" = old ]
	echo y | fsu_emv d.img -pi h/old /
	[ ! -e h/old ] && [ "$(fsu_cat d.img old)" = old ]
	# In a tree, the rest goes; the directories above what stays, stay.
	mkdir -p t/s/d
	echo 1 >t/s/one
	echo 2 >t/s/d/two
	fsu_mkdir d.img -p /t/s
	fsu_put d.img new /t/s/one
	fsu_emv d.img -pn t /
	[ "$(cat t/s/one)" = 1 ] && [ ! -e t/s/d ]
	[ "$(fsu_cat d.img t/s/d/two)" = 2 ] && [ "$(fsu_cat d.img t/s/one)" = new ]
	# A hard link whose first name was left isn't made a link to what is there.
	echo h1 >l1
	ln l1 l2
	fsu_put d.img new /l1
	fsu_emv d.img -pn l1 l2 /
	[ "$(cat l1)" = h1 ] && [ "$(fsu_cat d.img l2)" = h1 ] && [ "$(fsu_cat d.img l1)" = new ]
	fsck_clean d.img
}

@test "emv: over what is there, as mv" {
	echo new >f
	echo target >t
	fsu_put d.img t /t
	fsu_ln d.img -s t /link
	fsu_emv d.img -pT f /link
	[ "$(fsu_stat d.img -c %F link)" = "regular file" ]
	[ "$(fsu_cat d.img t)" = target ]
	mkdir d
	echo x >f
	fsu_mkdir d.img /f
	expect 1 fsu_emv d.img -pT f /f
	[ "$(cat f)" = x ]
	expect 1 fsu_emv d.img -pT d /t
	[ -d d ]
	# On the host a symlink in the way is replaced, too.
	echo keep >keep
	ln -s keep hl
	fsu_emv d.img -gT /t hl
	[ ! -L hl ] && [ "$(cat keep)" = keep ] && [ "$(cat hl)" = target ]
	fsck_clean d.img
}

@test "no room: what didn't fit is where it was, what did is moved" {
	mkdir big
	for i in 1 2 3 4 5 6; do
		head -c 600000 /dev/urandom >"big/$i"
	done
	cp -r big copy
	mkimage s.img 2M
	expect 1 fsu_emv s.img -p big /
	has "No space left in the image"
	fsck_clean s.img
	fsu_get s.img -R /big got
	[ -n "$(ls big)" ] && [ -n "$(ls got)" ]
	for i in 1 2 3 4 5 6; do
		cmp "copy/$i" "big/$i" 2>/dev/null || cmp "copy/$i" "got/$i"
	done
}

@test "a destination that can't be written: nothing is removed" {
	need_root
	[ -w /sys/fs ] || true
	chmod 777 .
	mkdir -m 755 ro
	fsu_put d.img -R h/sub /
	chmod 666 d.img
	before=$(fsu_ls d.img -lR /)
	expect 1 as_user fsu_emv d.img -g sub ro
	[ "$before" = "$(fsu_ls d.img -lR /)" ]
	fsck_clean d.img
}

@test "a source that can't be removed: it is in both places, and said" {
	need_root
	chmod 777 .
	mkdir src
	echo x >src/f
	chmod 666 d.img
	expect 1 as_user fsu_emv d.img -p src /
	has "src/f: copied, but not removed: Permission denied"
	[ -f src/f ] && [ "$(fsu_cat d.img src/f)" = x ]
	fsck_clean d.img
}

@test "standard input, -L, the image itself" {
	expect 2 fsu_emv d.img -p - /x </dev/null
	has "standard input can't be moved"
	expect 2 fsu_ecp d.img -pdL h/sym /
	has "a move follows no symlinks"
	mkdir w
	mv d.img w
	echo x >w/f
	expect 0 fsu_emv w/d.img -p w /
	has "is the image itself; left out"
	[ -f w/d.img ] && [ ! -e w/f ]
	[ "$(fsu_cat w/d.img w/f)" = x ]
	fsck_clean w/d.img
}

@test "a name that isn't there, and one that is" {
	expect 1 fsu_emv d.img -p nosuch h/hello /
	[ ! -e h/hello ] && [ "$(fsu_cat d.img hello)" = hello ]
	expect 1 fsu_emv d.img -g nosuch hello .
	[ "$(cat hello)" = hello ]
	expect 1 fsu_emv d.img -g 'h*' .
	fsu_put d.img hello /hello
	fsu_emv d.img -g --glob 'h*' h
	[ "$(cat h/hello)" = hello ]
	expect 1 fsu_stat d.img hello
}

@test "emv of a read-only image" {
	fsu_put d.img h/hello /
	chmod 444 d.img
	expect 2 fsu_emv d.img -g hello x
	expect 0 fsu_ecp d.img -g hello x
	[ "$(cat x)" = hello ]
}
