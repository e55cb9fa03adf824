#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_xattr, judged by getfattr and setfattr.

load helper
load pair
load attr

setup() {
	fsu_setup
	attr_tree
	setfattr -n user.test -v x h/a 2>/dev/null || skip "the host's file system has no user attributes here"
	setfattr -x user.test h/a
	cd h
	setfattr -n user.text -v 'some text' a
	setfattr -n user.empty a
	setfattr -n user.quotes -v '"a \"b\" \\ c\012d"' a
	setfattr -n user.binary -v 0x00ff80010203 a
	setfattr -n user.nul -v 0x61626300 a
	setfattr -n user.utf8 -v 'nä' b
	setfattr -n $'user.na=me\nx' -v v b
	setfattr -n user.blank -v 'a b' 'sp ace' $'new\nline' d d/f d/sub/deep/h other/o
	setfattr -n user.few -v 0x6162636465666768696a6b6c6d6e6f0102 d/f
	cd ..
	attr_image
	PAIR_SORT=sort
}
teardown() { fsu_teardown; }

# get HOSTARGS -- OURARGS: getfattr in h and fsu_xattr say and return the same.
get() {
	local host=() hs=0 fs=0
	while [ "$1" != -- ]; do host+=("$1"); shift; done
	shift
	(cd h && getfattr "${host[@]}") >want.out 2>want.err || hs=$?
	fsu_xattr d.img "$@" >got.out 2>got.err || fs=$?
	for s in out err; do
		sed -e 's/^fsu_xattr: d\.img: //' -e 's/^getfattr: //' want.$s | sort >want.$s.p
		# (getfattr's dump loses a NUL at the end of a text)
		sed -e 's/^fsu_xattr: d\.img: //' -e 's/^\(user\.nul=.*\)\\000"$/\1"/' got.$s | sort >got.$s.p
		diff want.$s.p got.$s.p || { echo "in: $*"; return 1; }
	done
	[ "$hs" -eq "$fs" ] || { echo "$*: status $fs, the host's $hs"; return 1; }
}

@test "list, get and dump as getfattr prints them" {
	get -m - a b d fifo 'sp ace' $'new\nline' -- list a b d fifo 'sp ace' $'new\nline'
	get -d a b d 'sp ace' $'new\nline' d/f -- dump a b d 'sp ace' $'new\nline' d/f
	for e in text hex base64; do
		get -d -e $e a b d/f -- dump -e $e a b d/f
		get -n user.quotes -e $e a -- get -e $e user.quotes a
	done
	for n in text empty quotes binary nul nosuch; do
		get -n user.$n a b -- get user.$n a b
		get --only-values -n user.$n a -- get --only-values user.$n a
	done
	get -d -m 't$' a b -- dump -m 't$' a b
	get -m 'e.*t' a b -- list -m 'e.*t' a b
	get -d ./a .//d d/sub/../f -- dump ./a .//d d/sub/../f
	get -d nofile a dangling loop -- dump nofile a dangling loop
	fsu_xattr d.img dump a | grep -qF 'user.nul="abc\000"'
	get --only-values -d -m text a b -- dump --only-values -m text a b
}

@test "-R, -L, -P, -h" {
	get -R -d . -- dump -R .
	get -R -d d other -- dump -R d other
	get -R -m - d -- list -R d
	get -R -P -d d symd -- dump -RP d symd
	get -d sym symd -- dump sym symd
	get -h -d sym a -- dump -h sym a
	expect 0 fsu_xattr d.img dump -hR /
	has "# file: d/sub/deep/h"
	expect 0 fsu_xattr d.img dump -hR --absolute-names /
	has "# file: /d/sub/deep/h"
	expect 1 fsu_xattr d.img dump -RL d
	has "# file: d/tother/o"
	has "d/sub/dang: No such file or directory"
}

@test "set and rm, values in each form" {
	local v
	for v in text 'a b' '' '"quoted"' '"with \"q\" \\ \012x"' 'back\\slash' 'a\012b' 'a\qb' 0x 0x00ff 0X4142 0sYWJj 0sYWI= 0SYQ==; do
		setfattr -n user.v -v "$v" h/b
		expect 0 fsu_xattr d.img set user.v "$v" b
		get -n user.v -e hex b -- get -e hex user.v b || { echo "value $v"; return 1; }
	done
	for v in 0xz 0x123 '0s!' '"open'; do
		expect 2 fsu_xattr d.img set user.v "$v" b
		has "bad input encoding: $v"
	done
	expect 1 fsu_xattr d.img rm user.v b nofile
	has "nofile: No such file or directory"
	expect 1 fsu_xattr d.img rm user.v b
	[ "$output" = "fsu_xattr: d.img: b: No such attribute" ]
	expect 0 fsu_xattr d.img set -R user.all 1 d
	setfattr -n user.all -v 1 h/d h/d/f h/d/sub h/d/sub/g h/d/sub/deep h/d/sub/deep/h
	get -R -d d -- dump -R d
	expect 1 fsu_xattr d.img set nonamespace x a
	has "a: Operation not supported"
	expect 1 fsu_xattr d.img set user.x x fifo
	has "fifo: Operation not permitted"
	expect 0 fsu_xattr d.img set trusted.t 1 fifo
	expect 0 fsu_xattr d.img set -h trusted.link 2 sym
	expect 0 fsu_xattr d.img get -h --only-values trusted.link sym
	[ "$output" = 2 ]
	debugfs -R 'ea_get -V fifo trusted.t' d.img 2>/dev/null | grep -qx 1
	fsck_clean d.img
}

@test "dump and restore, there and back, and with setfattr" {
	fsu_xattr d.img set trusted.t 'for root' d fifo
	fsu_xattr d.img dump -hR . >all
	for n in text empty quotes binary nul; do fsu_xattr d.img rm user.$n a; done
	fsu_xattr d.img rm $'user.na=me\nx' b
	fsu_xattr d.img rm -R user.blank d 2>/dev/null || true
	fsu_xattr d.img restore <all
	fsu_xattr d.img dump -hR . | cmp - all
	get -hR -d d a b 'sp ace' $'new\nline' -- dump -m '^user' -hR d a b 'sp ace' $'new\nline'
	(cd h && getfattr -hR -d .) >host.dump
	cat host.dump | fsu_xattr d.img restore
	fsu_xattr d.img dump -hR . | cmp - all
	mkdir new
	(cd h && find . -type f -o -type d) | while read -r f; do [ -d "h/$f" ] && mkdir -p "new/$f" || : >"new/$f"; done 2>/dev/null
	: >$'new/new\nline'
	fsu_xattr d.img dump -m '^user' -hR . >user.dump
	(cd new && setfattr --restore=../user.dump)
	(cd new && getfattr -hR -d . | sort) >got
	(cd h && getfattr -hR -d . | sort) >want
	diff want got
	printf '# file: nofile\nuser.a="b"\n\n# file: a\nuser.z="1"\n' >two
	expect 1 fsu_xattr d.img restore <two
	has "nofile: No such file or directory"
	[ "$(fsu_xattr d.img get --only-values user.z a)" = 1 ]
	printf 'user.a="b"\n' >none
	expect 1 fsu_xattr d.img restore <none
	has "line 1: no '# file:' line before it"
	printf '# file: a\nuser.a=0xq\n' >bad
	expect 1 fsu_xattr d.img restore <bad
	has "line 2: bad input encoding"
	fsck_clean d.img
}

@test "immutable files, values that don't fit, access control lists" {
	debugfs -w -R 'set_inode_field b flags 0x10' d.img 2>/dev/null
	expect 1 fsu_xattr d.img set user.v 1 b
	has "b: Operation not permitted"
	debugfs -w -R 'set_inode_field b flags 0' d.img 2>/dev/null
	big=$(printf 'b%.0s' $(seq 5000))
	expect 1 fsu_xattr d.img set user.big "$big" b
	has "doesn't fit"
	get -d b -- dump b
	expect 0 fsu_xattr d.img set system.posix_acl_access \
		0x0200000001000600ffffffff02000400e803000004000400ffffffff10000600ffffffff20000000ffffffff a
	[ "$(fsu_stat d.img -c %a a)" = 660 ]
	expect 0 fsu_ls d.img -l a
	has "-rw-rw----+"
	expect 0 fsu_xattr d.img list a
	has system.posix_acl_access
	expect 1 fsu_xattr d.img set system.posix_acl_access 0x00 a
	has "Invalid argument"
	fsck_clean d.img
}

@test "usage" {
	before=$(sum d.img)
	expect 2 fsu_xattr d.img
	expect 2 fsu_xattr d.img frob a
	expect 2 fsu_xattr d.img get user.x
	expect 2 fsu_xattr d.img set user.x v
	expect 2 fsu_xattr d.img list
	expect 2 fsu_xattr d.img restore x
	expect 2 fsu_xattr d.img dump -e foo a
	expect 2 fsu_xattr d.img dump -m '(' a
	expect 0 fsu_xattr d.img dump -hR .
	[ "$before" = "$(sum d.img)" ]
	chmod a-w d.img
	expect 0 fsu_xattr d.img list a
	expect 2 fsu_xattr d.img rm user.text a
}
