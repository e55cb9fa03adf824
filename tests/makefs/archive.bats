# SPDX-License-Identifier: BSD-2-Clause
# makefs of archives and manifests: the same tree, the same image.

load ../cmd/helper
load judge

setup() {
	fsu_setup
	mktree tree
	rm tree/zero tree/empty -rf # set-id bits and the like need root in tar
	touch -d @1600000000.5 tree
}
teardown() { fsu_teardown; }

pax() {
	tar --format=pax --xattrs --acls --sparse -C tree -cf "$1" .
}

@test "tar: the same image as from the directory, by any filter and in any order" {
	makefs a.img tree
	pax t.tar
	makefs b.img t.tar
	cmp a.img b.img
	for z in gzip bzip2 xz zstd lz4; do
		command -v $z >/dev/null || continue
		$z -c <t.tar >t.tar.z
		makefs c.img t.tar.z
		cmp a.img c.img
		makefs d.img - <t.tar.z
		cmp a.img d.img
		# shellcheck disable=SC2002
		cat t.tar.z | makefs e.img -
		cmp a.img e.img
	done
	(cd tree && find . -print | sort -r | tar --format=pax --sparse --no-recursion -cf ../r.tar -T -)
	makefs f.img r.tar
	cmp a.img f.img
}

@test "under LC_ALL=C, names in UTF-8" {
	makefs a.img tree
	pax t.tar
	LC_ALL=C makefs b.img t.tar
	cmp a.img b.img
	bsdtar --format=pax -C tree -cf b.tar .
	LC_ALL=C makefs c.img b.tar
	fsck_clean c.img
	LC_ALL=C run debugfs -R 'ls -p /' c.img
	has "näme"
}

@test "tar with owners, devices, attributes and ACLs, as from the directory" {
	need_root
	mknod tree/blk b 8 17
	mknod tree/chr c 5 1
	chown 1234:70000 tree/hello
	chown -h 7:8 tree/sym
	chmod 4755 tree/sub/text
	setfattr -n user.small -v v tree/hello || skip "no attributes here"
	setfattr -n user.big -v "$(head -c 300 /dev/zero | tr '\0' b)" tree/sub/text
	setfacl -m u:1000:rw,g:12:r tree/hello
	setfacl -d -m u:1000:rwx tree/sub
	touch -d @1600000000.5 tree
	makefs a.img tree
	holds a.img tree
	tar --format=pax --xattrs --acls --sparse --numeric-owner -C tree -cf t.tar .
	makefs b.img t.tar
	cmp a.img b.img
}

@test "cpio and zip" {
	(cd tree && find . | cpio -o -H newc 2>/dev/null) >t.cpio || skip "no cpio"
	makefs a.img t.cpio
	fsck_clean a.img
	[ "$(debugfs -R 'cat hard' a.img 2>/dev/null)" = hello ]
	run debugfs -R 'stat hello' a.img
	has "Links: 2"
	bsdtar --format=zip -C tree -cf t.zip hello sub sym
	makefs b.img t.zip
	fsck_clean b.img
	[ "$(debugfs -R 'cat /sub/text' b.img 2>/dev/null | sha256sum)" = "$(sha256sum <tree/sub/text)" ]
	run debugfs -R 'stat sym' b.img
	has 'Fast link dest: "hello"'
	# shellcheck disable=SC2002
	cat t.zip | makefs c.img -
	cmp b.img c.img
}

@test "directories that an archive doesn't name, and its root" {
	tar -C tree --format=pax -cf t.tar sub/deep/random
	makefs x.img t.tar
	fsck_clean x.img
	run debugfs -R 'stat /' x.img
	has "Mode:  0755"
	run debugfs -R 'stat /sub/deep' x.img
	has "Mode:  0755"
}

@test "in one archive the later entry wins; '..' never leads out" {
	mkdir v
	echo one >v/f
	tar --format=pax -C v -cf t.tar f
	echo two >v/f
	tar --format=pax -C v -rf t.tar f
	makefs x.img t.tar
	[ "$(debugfs -R 'cat f' x.img 2>/dev/null)" = two ]
	fsck_clean x.img
	mkdir v/w
	tar --format=pax -P -C v/w -cf u.tar ../f
	expect 1 makefs y.img u.tar
	has "'..' leads out of the tree"
	fsck_clean y.img
	tar --format=pax -P -cf abs.tar "$PWD/v/f"
	makefs z.img abs.tar
	[ "$(debugfs -R "cat $PWD/v/f" z.img 2>/dev/null)" = two ]
}

@test "an archive and a directory merge" {
	tar --format=pax -C tree -cf t.tar sub
	mkdir two
	echo two >two/new
	makefs x.img two t.tar
	fsck_clean x.img
	[ "$(debugfs -R 'cat new' x.img 2>/dev/null)" = two ]
	mkdir two/sub
	echo mine >two/sub/text
	expect 1 makefs y.img two t.tar
	has "sub/text: is in more than one source"
	makefs -r z.img two t.tar
	[ "$(debugfs -R 'cat /sub/text' z.img 2>/dev/null | sha256sum)" = "$(sha256sum <tree/sub/text)" ]
}

@test "a manifest with nanoseconds: the same image" {
	rm -f tree/hard # (bsdtar tells of links by numbers)
	touch -d @1600000000.5 tree
	makefs a.img tree
	(cd tree && bsdtar --format=mtree --options='!all,type,mode,uid,gid,size,time,link,device' -cf ../m .)
	head -1 m | grep -q '#mtree'
	(cd tree && makefs ../b.img ../m)
	cmp a.img b.img
	cp m tree/.manifest
	makefs c.img tree/.manifest
	cmp a.img c.img
	(cd tree && makefs ../d.img - <../m)
	cmp a.img d.img
	# shellcheck disable=SC2002
	cat m | (cd tree && makefs ../e.img -)
	cmp a.img e.img
}

@test "a manifest with links by inode, /set, .., contents= and devices" {
	echo content >file
	cat >m <<-'END'
		# a comment, and an empty line

		/set type=file uid=3 gid=4 mode=0644 time=1000000000.000000005
		. type=dir mode=0711
		    a contents=file nlink=2 inode=7
		    b contents=file nlink=2 inode=7
		    dir type=dir mode=01777
		        c\040d contents=file mode=04755 \
		            uid=77
		        n type=char device=native,1,3 mode=666
		    ..
		    l type=link link=some\040where
		    p type=fifo
		./dir/by/path contents=file gid=99
		/unset uid
		e contents=file uname=dæmon
	END
	mkdir db
	echo 'dæmon:x:42:43::/:' >db/passwd
	makefs -N db x.img m
	fsck_clean x.img
	run debugfs -R 'stat a' x.img
	has "Links: 2"
	has "User:     3   Group:     4"
	has "mtime: 0x3b9aca00"
	run debugfs -R 'stat "/dir/c d"' x.img
	has "Mode:  04755"
	has "User:    77"
	run debugfs -R 'stat l' x.img
	has '"some where"'
	run debugfs -R 'stat /dir/n' x.img
	has "01:03"
	run debugfs -R 'stat /dir/by/path' x.img
	has "Group:    99"
	run debugfs -R 'stat e' x.img
	has "User:    42"
	expect 1 makefs y.img m
	has "'dæmon' is unknown"
}

@test "-F changes attributes and adds; -x leaves out what it doesn't list" {
	cat >spec <<-'END'
		. type=dir
		hello type=file uid=9 gid=8 mode=0400 time=5.000000000
		sub type=dir mode=0700
		    deep type=dir
		        random type=file
		    ..
		    new type=dir uid=1
		    ..
		..
		dev type=block device=native,8,1 uid=2
		nothere type=file optional
	END
	makefs -F spec x.img tree
	fsck_clean x.img
	run debugfs -R 'stat hello' x.img
	has "Mode:  0400"
	has "User:     9   Group:     8"
	has "mtime: 0x00000005"
	run debugfs -R 'stat dev' x.img
	has "Type: block special"
	[ "$(debugfs -R 'cat sub/text' x.img 2>/dev/null | sha256sum)" = "$(sha256sum <tree/sub/text)" ]
	makefs -x -F spec y.img tree
	fsck_clean y.img
	run debugfs -R 'stat sub/text' y.img
	has "not found"
	run debugfs -R 'stat sub/deep/random' y.img
	has "Size: 300000"
	expect 2 makefs -x z.img tree
	echo 'missing type=file mode=644' >>spec
	expect 1 makefs -F spec w.img tree
	has "spec:12: missing: isn't in the tree"
	fsck_clean w.img
}

@test "-F over an archive takes nothing from the host's files of those names" {
	mkdir sub
	chmod 700 sub .
	tar --format=pax -C tree -cf t.tar sub/deep/random
	printf '. type=dir\nsub type=dir\n..\nextra type=dir\n' >spec
	mkdir -m 711 extra
	makefs -F spec x.img t.tar
	for d in / /sub /extra; do
		run debugfs -R "stat $d" x.img
		has "Mode:  0755"
	done
}

@test "manifests that are wrong name their lines" {
	printf '#mtree\n. type=dir\na type=nothing\nb type=file mode=999\nc type=link\nd type=char\n..\n..\n' >m
	expect 1 makefs x.img m
	has "m:3: bad type 'nothing'"
	has "m:4: bad mode '999'"
	has "m:5: c: a link without link="
	has "m:6: d: a device without device="
	has "leads out of the tree"
	fsck_clean x.img
}

@test "a manifest's file that isn't there, or of another size: status 1, the rest is made" {
	echo good >good
	printf '#mtree\n. type=dir\n./good type=file size=5\n./bad type=file size=3\n' >m
	expect 1 makefs x.img m
	has "bad: No such file or directory"
	[ "$(debugfs -R 'cat good' x.img 2>/dev/null)" = good ]
	printf '#mtree\n. type=dir\n./good type=file size=7\n' >m
	expect 1 makefs x.img m
	has "size isn't the manifest's"
	fsck_clean x.img
}

@test "an owner that is no 32-bit number is an error for that name" {
	mkdir t && echo x >t/a && echo x >t/b
	# tar itself neither reads nor writes such a number
	tar -C t --pax-option='uid:=1234567890' -cf x.tar a
	tar -C t --format=pax --owner=:7 -rf x.tar b
	sed -i 's/uid=1234567890/uid=9999999999/' x.tar
	expect 1 makefs x.img x.tar
	has "a: its owner or group is no 32-bit number"
	expect 0 fsu_stat x.img -c %u /b
	[ "$output" = 7 ]
	fsck_clean x.img
}
