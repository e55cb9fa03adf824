#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_put: into an image, judged by e2fsck, debugfs and by getting it back.

load helper

setup() {
	fsu_setup
	mktree t
	mkimage d.img 8M '' -I 256
}
teardown() { fsu_teardown; }

meta() { # IMAGE PATH: mode, owner and group as debugfs has them
	debugfs -R "stat $2" "$1" 2>/dev/null |
		sed -n 's/.*Mode: *\([0-7]*\).*/\1/p; s/^User: *\([0-9]*\) *Group: *\([0-9]*\).*/\1:\2/p' |
		tr '\n' ' '
}

@test "-R DIR/. / and back: identical, nanoseconds and all" {
	need_root
	setfattr -n user.colour -v blue t/hello
	setfattr -n user.colour -v red t/sub
	command -v setfacl >/dev/null && setfacl -m u:1234:rw t/sub/text
	setfattr -n security.capability \
		-v 0x0100000200200000000000000000000000000000 t/sub/text
	chown 12:34 t/sub/deep/random t/sub
	chown -h 56:78 t/sym
	mknod t/null c 1 3
	mknod t/blk b 300 70000
	touch -d '2100-01-01 00:00:00.000000001' t/hello
	touch -d '1905-01-01' t/zero
	expect 0 fsu_put d.img -R -p t/. /
	[ -z "$output" ]
	fsck_clean d.img
	expect 0 fsu_get d.img -R -p / out
	[ "$(stat -c %y t)" = "$(stat -c %y out)" ]
	rmdir out/lost+found
	touch -r t out
	manifest t >want
	manifest out >got
	diff want got
	[ "$(stat -c %b out/sub/hole)" -le "$(stat -c %b t/sub/hole)" ]
	# what debugfs gets out is the same, too
	mkdir dump
	debugfs -R "rdump / dump" d.img 2>/dev/null
	cmp dump/sub/deep/random t/sub/deep/random
	cmp dump/sub/hole t/sub/hole
	debugfs -R 'stat sub/hole' d.img 2>/dev/null | grep -q 'Blockcount: [0-9]\{1,2\}$'
}

@test "new files are 0:0 with the host's mode less umask; -p, --owner and --mode" {
	need_root
	chown 12:34 t/hello
	chmod 666 t/hello
	umask 027
	expect 0 fsu_put d.img t/hello t/zero /
	[ "$(meta d.img /hello)" = "0640 0:0 " ]
	[ "$(meta d.img /zero)" = "0750 0:0 " ] # no set-id
	expect 0 fsu_put d.img -p t/hello /p
	[ "$(meta d.img /p)" = "0666 12:34 " ]
	expect 0 fsu_put d.img -p t/zero /z
	[ "$(meta d.img /z)" = "04755 0:0 " ]
	expect 0 fsu_put d.img --owner=7:8 --mode=2751 t/hello /o
	[ "$(meta d.img /o)" = "02751 7:8 " ]
	expect 0 fsu_put d.img -p --owner=:9 t/hello /o2
	[ "$(meta d.img /o2)" = "0666 12:9 " ]
	expect 0 fsu_put d.img --owner=nobody t/hello /o3
	[ "$(meta d.img /o3)" = "0640 $(id -u nobody):0 " ]
	expect 2 fsu_put d.img --owner=nosuchuser t/hello /o4
	expect 2 fsu_put d.img --mode=abc t/hello /o4
	fsck_clean d.img
}

@test "a replaced file keeps inode, owner, mode and links" {
	expect 0 fsu_put d.img --owner=7:8 --mode=0600 t/hello /f
	ino=$(debugfs -R 'stat /f' d.img 2>/dev/null | sed -n 's/^Inode: \([0-9]*\).*/\1/p')
	debugfs -w -R "link <$ino> /g" d.img 2>/dev/null
	debugfs -w -R "set_inode_field <$ino> links_count 2" d.img 2>/dev/null
	fsck_clean d.img
	expect 0 fsu_put d.img t/sub/deep/random /f
	[ "$(meta d.img /f)" = "0600 7:8 " ]
	[ "$(debugfs -R 'stat /f' d.img 2>/dev/null | sed -n 's/^Inode: \([0-9]*\).*/\1/p')" = "$ino" ]
	fsu_cat d.img g | cmp - t/sub/deep/random
	fsck_clean d.img
}

@test "standard input, process substitution, and a pipe from the same image" {
	echo from stdin | fsu_put d.img - /in
	[ "$(fsu_cat d.img in)" = "from stdin" ]
	[ "$(meta d.img /in)" = "0644 0:0 " ]
	(read -r _; fsu_put d.img - /rest) <<-END
		one
		two
	END
	[ "$(fsu_cat d.img rest)" = two ]
	fsu_put d.img <(seq 1 10) /subst
	[ "$(fsu_cat d.img subst)" = "$(seq 1 10)" ]
	fsu_put d.img t/sub/text /text
	timeout 20 sh -c 'fsu_cat d.img /text | sed s/1/x/ | fsu_put d.img - /text'
	fsu_cat d.img text | cmp - <(sed s/1/x/ t/sub/text)
	head -c 20M /dev/zero | tr '\0' a >big # beyond what is kept in memory
	mkimage b.img 64M
	timeout 20 sh -c 'fsu_put b.img - /big <big; fsu_cat b.img big | cat | fsu_put b.img - /big2'
	fsu_cat b.img big2 | cmp - big
	fsck_clean b.img
	expect 1 sh -c 'echo x | fsu_put d.img - /' # it needs a name
	fsck_clean d.img
}

@test "where to: no DEST, a directory, a new name, -t, -T, -D" {
	expect 0 fsu_put d.img t/hello
	expect 0 fsu_cat d.img /hello
	expect 0 fsu_put d.img -R t/sub
	fsu_cat d.img /sub/text | cmp - t/sub/text
	expect 0 fsu_put d.img t/hello t/zero /sub
	expect 0 fsu_cat d.img sub/hello
	expect 1 fsu_put d.img t/hello /no/such
	has "/no: No such file or directory"
	expect 0 fsu_put d.img -D t/hello /no/such
	expect 0 fsu_cat d.img no/such
	expect 0 fsu_put d.img -D -t /very/deep t/hello
	expect 0 fsu_cat d.img very/deep/hello
	expect 1 fsu_put d.img -T t/hello /sub
	has "/sub: Is a directory"
	expect 1 fsu_put d.img t/sub /x
	has "t/sub: is a directory (-R copies it)"
	expect 1 fsu_put d.img nothere t/zero /
	has "fsu_put: nothere: No such file or directory"
	expect 0 fsu_cat d.img zero # the rest was done
	expect 1 fsu_put d.img t/hello /new/
	has "/new/: Not a directory"
	expect 0 fsu_put d.img -D t/hello /new/
	expect 0 fsu_cat d.img new/hello
	expect 0 fsu_put d.img -R t/sub/ /newdir/
	expect 0 fsu_cat d.img newdir/text
	expect 0 fsu_put d.img -Rn t/. / # hard links that are there, too
	expect 0 fsu_put d.img -Rn t/. /
	[ -z "$output" ]
	fsck_clean d.img
}

@test "no globs: names are what the host's shell made of them" {
	printf x >'a*'
	expect 0 fsu_put d.img 'a*' /
	expect 0 fsu_cat d.img --no-glob 'a*'
	[ "$output" = x ]
}

@test "a symlink on the way is followed where DEST names it, never below" {
	fsu_put d.img -R t/. /
	echo new >sym
	expect 0 fsu_put d.img sym /sym # DEST is /sym itself
	[ "$(fsu_cat d.img hello)" = new ]
	mkdir n
	ln -s /sub n/link
	fsu_put d.img -R n /n
	mkdir -p m/link
	echo evil >m/link/evil
	expect 1 fsu_put d.img -R m/. /n
	expect 1 fsu_cat d.img /sub/evil
	fsck_clean d.img
}

@test "full: ENOSPC with how much is needed, nothing half-written, old content kept" {
	mkimage s.img 1M
	before=$(fsu_df s.img / 2>/dev/null | tail -1)
	head -c 2M /dev/urandom >big
	expect 1 fsu_put s.img big /
	one_line
	has "2097152 bytes needed"
	expect 1 fsu_cat s.img big
	fsck_clean s.img
	[ "$before" = "$(fsu_df s.img / 2>/dev/null | tail -1)" ]
	head -c 500k /dev/urandom >half
	head -c 600k /dev/urandom >other
	expect 0 fsu_put s.img half /f
	expect 1 fsu_put s.img other /f
	has "--in-place"
	fsu_cat s.img f | cmp - half
	fsck_clean s.img
	expect 0 fsu_put s.img --in-place other /f
	fsu_cat s.img f | cmp - other
	fsck_clean s.img
	# no inodes
	mkimage i.img 1M '' -N 16
	mkdir many
	for i in $(seq 1 30); do echo $i >many/$i; done
	expect 1 fsu_put i.img -R many /
	has "0 inodes free"
	fsck_clean i.img
	expect 0 fsu_cat i.img many/1
}

@test "the image itself, in a tree that is put into it, is left out" {
	mkdir tree
	mv d.img tree/
	echo x >tree/x
	expect 0 fsu_put tree/d.img -R tree/. /
	has "is the image itself; left out"
	expect 0 fsu_cat tree/d.img x
	expect 1 fsu_cat tree/d.img d.img
	fsck_clean tree/d.img
}

@test "unreadable sources: the rest is done, status 1" {
	mkdir s bin
	echo a >s/a
	echo b >s/b
	echo c >s/c
	cp "$BUILD/bin/fsu_put" bin
	chmod 755 . ..
	[ "$(id -u)" -ne 0 ] || chown 65534 d.img
	chmod 000 s/b
	expect 1 as_user bin/fsu_put d.img -R s /
	one_line
	has "s/b: Permission denied"
	expect 0 fsu_cat d.img s/a s/c
	expect 1 fsu_cat d.img s/b
	fsck_clean d.img
}

@test "-n -i -u -f -v -x, FIFOs and devices in a tree" {
	fsu_put d.img t/hello /f
	echo new >new
	expect 0 fsu_put d.img -n new /f
	[ "$(fsu_cat d.img f)" = hello ]
	run sh -c 'echo n | fsu_put d.img -i new /f'
	[ "$(fsu_cat d.img f)" = hello ]
	touch -d 1990-01-01 new
	expect 0 fsu_put d.img -u new /f
	[ "$(fsu_cat d.img f)" = hello ]
	touch -d 2090-01-01 new
	expect 0 fsu_put d.img -uv new /f
	[ "$output" = "'new' -> '/f'" ]
	[ "$(fsu_cat d.img f)" = new ]
	expect 0 fsu_put d.img -R t /
	debugfs -R 'stat /t/fifo' d.img 2>/dev/null | grep -q 'Type: FIFO'
	fsck_clean d.img
}

@test "-L and -H follow, -R alone doesn't" {
	ln -s sub t/dirlink
	rm t/dangling t/longsym
	expect 0 fsu_put d.img -RL t /l
	fsu_cat d.img l/sym | cmp - t/hello
	debugfs -R 'stat /l/dirlink' d.img 2>/dev/null | grep -q 'Type: directory'
	expect 0 fsu_put d.img -RH t/dirlink /h
	debugfs -R 'stat /h' d.img 2>/dev/null | grep -q 'Type: directory'
	expect 0 fsu_put d.img -R t/dirlink /p
	debugfs -R 'stat /p' d.img 2>/dev/null | grep -q 'Type: symlink'
	ln -s . t/sub/loop
	expect 1 timeout 20 fsu_put d.img -RL t/sub /loop
	fsck_clean d.img
}

@test "works under fakeroot: owners and devices that aren't" {
	command -v fakeroot >/dev/null || skip "fakeroot is missing"
	case $BUILD in *-address* | *-thread*) skip "a sanitizer wants to be preloaded first" ;; esac
	expect 0 fakeroot sh -c '
		chown 12:34 t/hello && mknod t/null c 1 3 &&
		fsu_put d.img -R -p t/. /'
	[ "$(meta d.img /hello)" = "0644 12:34 " ]
	debugfs -R 'stat /null' d.img 2>/dev/null | grep -q 'character special'
	fsck_clean d.img
}

@test "many files, then the same again: clean, and no inode more" {
	mkdir many
	for i in $(seq 1 800); do echo "$i" >"many/file-$i"; done
	expect 0 fsu_put d.img -R many /
	n=$(dumpe2fs -h d.img 2>/dev/null | grep '^Free')
	expect 0 fsu_put d.img -R many /
	fsck_clean d.img
	[ "$n" = "$(dumpe2fs -h d.img 2>/dev/null | grep '^Free')" ]
	expect 0 fsu_get d.img -R many out
	diff -r many out
}

@test "a sparse image on a host's disk that is full: it is the host that is named" {
	need_root
	mkdir small
	mount -t tmpfs -o size=1m none small 2>/dev/null || skip "no mounts here"
	newfs-img -t ext2 -s 20m small/d.img
	head -c 3000000 /dev/urandom >big
	expect 1 fsu_put small/d.img big /big
	has "No space left on the host"
	head -c 12000000 /dev/urandom >big # more than half of what the image has
	expect 1 fsu_put small/d.img big /big
	has "No space left on the host"
	expect 1 fsu_write small/d.img /big <big
	has "No space left on the host"
	e2fsck -fn small/d.img || { umount small; false; }
	umount small
}

@test "a stream without an end isn't waited for: the image says how much it could take" {
	mkimage d.img 8M
	for source in /dev/zero -; do
		expect 1 timeout 60 fsu_put d.img "$source" /z </dev/zero
		one_line
		has "fsu_put: d.img:"
		has "no end within 8388608 bytes"
	done
	expect 1 timeout 60 fsu_put "d.img%OFFSET:0,4m%" - /z </dev/zero
	has "no end within 4194304 bytes"
	expect 1 fsu_stat d.img /z
	head -c 9M /dev/zero >t9
	expect 1 fsu_put d.img - /z <t9
	has "No space left"
	fsck_clean d.img
}
