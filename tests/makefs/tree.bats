# SPDX-License-Identifier: BSD-2-Clause
# makefs of directories: what goes in is what is in, and nothing else matters.

load ../cmd/helper
load judge

setup() {
	fsu_setup
	mktree tree
}
teardown() {
	fsu_teardown
	[ -z "${USERDIR-}" ] || { chmod -R u+rwx "$USERDIR"; rm -rf "$USERDIR"; }
}

@test "a tree goes in whole, the image is clean and tight" {
	makefs -t ext2 x.img tree
	holds x.img tree
	tight x.img
	nothing_left
}

@test "root's devices, owners and attributes go in" {
	need_root
	mknod tree/blk b 8 17
	mknod tree/chr c 300 70000
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("tree/sock")'
	chown 1234:70000 tree/hello
	chown -h 70001:5 tree/sym
	setfattr -n user.small -v v tree/hello || skip "no attributes here"
	setfattr -n user.big -v "$(head -c 900 /dev/zero | tr '\0' b)" tree/sub/text
	setfattr -n user.dir -v d tree/sub
	setfattr -n trusted.t -v t tree/zero
	setfattr -n security.capability -v 0sAQAAAgAgAAAAAAAAAAAAAAAAAAA= tree/sub/text
	setfacl -m u:1000:rw,g:12:r tree/hello
	setfacl -d -m u:1000:rwx tree/sub
	makefs x.img tree
	holds x.img tree
	run debugfs -R 'stat chr' x.img
	has "300:70000"
}

@test "block sizes from 1 to 64 KiB, inode sizes from 128 to 1024" {
	for b in 1024 2048 4096 8192 32768 65536; do
		makefs -o bsize=$b x.img tree
		fsck_clean x.img
		tight x.img
		[ "$(figure x.img 'Block size')" -eq $b ]
		[ "$(debugfs -R 'cat /sub/deep/random' x.img 2>/dev/null | sha256sum)" = "$(sha256sum <tree/sub/deep/random)" ]
	done
	for i in 128 512 1024; do
		makefs -o bsize=4k,isize=$i x.img tree
		fsck_clean x.img
		[ "$(figure x.img 'Inode size')" -eq $i ]
	done
	makefs -o version=0 x.img tree
	fsck_clean x.img
}

@test "an empty directory" {
	mkdir none
	makefs x.img none
	holds x.img none
	tight x.img
}

@test "holes stay holes, in every form" {
	truncate -s 30M tree/allhole
	cp tree/sub/text tree/tail
	truncate -s 30M tree/tail
	dd if=/dev/urandom of=tree/end bs=4k count=1 seek=20000 status=none
	makefs x.img tree
	holds x.img tree
	[ "$(stat -c %s x.img)" -lt 3000000 ]
	run debugfs -R 'stat allhole' x.img
	has "Blockcount: 0"
	run debugfs -R 'stat end' x.img
	has "Size: 81924096"
}

@test "sparse=content finds the zeros that were written" {
	head -c 4M /dev/zero >tree/zeros
	makefs a.img tree
	makefs -o sparse=content b.img tree
	fsck_clean b.img
	[ $(($(stat -c %s a.img) - $(stat -c %s b.img))) -gt 4000000 ]
	debugfs -R 'dump zeros out' b.img 2>/dev/null
	cmp out tree/zeros
}

@test "the same again, and from a copy made in another order" {
	makefs a.img tree
	makefs b.img tree
	cmp a.img b.img
	# a copy whose directories list their entries otherwise
	mkdir copy
	(cd tree && find . -mindepth 1 -type d | sort -r) | (cd copy && xargs -d '\n' mkdir -p)
	(cd tree && find . ! -type d -links 1 -print0 | sort -zr) |
		(cd tree && xargs -0 cp -a --parents -t ../copy)
	(cd tree && cp -a --parents hard hello ../copy)
	(cd tree && find . -type d | sort -r) | while read -r d; do
		chmod --reference="tree/$d" "copy/$d"
		touch -r "tree/$d" "copy/$d"
	done
	makefs c.img copy
	cmp a.img c.img
	LC_ALL=C TZ=Asia/Tokyo makefs d.img tree
	cmp a.img d.img
}

@test "UUID and hash seed follow from the content, or are given" {
	makefs a.img tree
	makefs -o label=other b.img tree
	[ "$(figure a.img 'Filesystem UUID')" != "$(figure b.img 'Filesystem UUID')" ]
	u=$(figure a.img 'Filesystem UUID')
	[ "${u:14:1}" = 4 ]
	makefs -o uuid=01234567-89ab-4def-8123-456789abcdef,hash_seed=11111111-2222-4333-8444-555555555555,label=hi c.img tree
	[ "$(figure c.img 'Filesystem UUID')" = 01234567-89ab-4def-8123-456789abcdef ]
	[ "$(figure c.img 'Directory Hash Seed')" = 11111111-2222-4333-8444-555555555555 ]
	[ "$(figure c.img 'Filesystem volume name')" = hi ]
	fsck_clean c.img
}

@test "file-system times are the newest file's" {
	touch -d '2035-05-05 05:05:05' tree/zero
	makefs x.img tree
	[ "$(figure x.img 'Filesystem created')" = "Sat May  5 05:05:05 2035" ]
	[ "$(figure x.img 'Last write time')" = "Sat May  5 05:05:05 2035" ]
	[ "$(figure x.img 'Mount count')" = 0 ]
}

@test "-T sets all times, SOURCE_DATE_EPOCH clamps newer ones" {
	makefs -T 1000000000 x.img tree
	run debugfs -R 'stat hello' x.img
	[ "$(printf '%s\n' "$output" | grep -c '0x3b9aca00:00000000')" -eq 4 ]
	[ "$(figure x.img 'Filesystem created')" = "Sun Sep  9 01:46:40 2001" ]
	touch -d @1500000000 ref
	makefs -T ref y.img tree
	[ "$(figure y.img 'Filesystem created')" = "Fri Jul 14 02:40:00 2017" ]
	SOURCE_DATE_EPOCH=1000000000 makefs z.img tree
	run debugfs -R 'stat zero' z.img
	has "mtime: 0x3b9aca00:00000000"
	run debugfs -R 'stat hello' z.img
	has "-- Sat Feb  3 04:05:06 2001"
	SOURCE_DATE_EPOCH=today expect 2 makefs w.img tree
}

@test "atime, ctime and birth are the modification time" {
	makefs -o bsize=4096 x.img tree
	run debugfs -R 'stat hello' x.img
	[ "$(printf '%s\n' "$output" | grep -cE '^ ?(a|c|m|cr)time: 0x3a7b8372:1d6f3454')" -eq 4 ]
}

@test "owner=UID:GID maps all" {
	makefs -o owner=12:3456 x.img tree
	run debugfs -R 'stat hello' x.img
	has "User:    12   Group:  3456"
	run debugfs -R 'stat /' x.img
	has "User:    12   Group:  3456"
	run debugfs -R 'stat lost+found' x.img
	has "User:     0   Group:     0"
	fsck_clean x.img
}

@test "the root has the tree's mode and times" {
	chmod 751 tree
	touch -d '2010-10-10 10:10:10' tree
	makefs x.img tree
	run debugfs -R 'stat /' x.img
	has "Mode:  0751"
	has "2010"
}

@test "a lost+found in the tree" {
	mkdir tree/lost+found
	chmod 711 tree/lost+found
	echo kept >tree/lost+found/file
	makefs x.img tree
	KEEP_LOSTFOUND=1 holds x.img tree
	rm -r tree/lost+found
	echo odd >tree/lost+found
	makefs x.img tree
	fsck_clean x.img
	[ "$(debugfs -R 'cat lost+found' x.img 2>/dev/null)" = odd ]
}

@test "hard links across directories, also of links, owned by the first path" {
	mkdir -p tree/zz tree/aa
	ln tree/hello tree/zz/h
	ln tree/hello tree/aa/h
	ln tree/sym tree/aa/symlink
	echo late >tree/zz/own
	ln tree/zz/own tree/aa!b
	makefs x.img tree
	holds x.img tree
}

@test "names that are odd: 255 bytes, newlines, no UTF-8" {
	: >"tree/$(printf 'n%.0s' $(seq 255))"
	printf 'y' >"tree/$(printf '\377\376')"
	printf 'z' >"tree/ -o bsize"
	printf 'w' >'tree/back\slash'
	makefs x.img tree
	holds x.img tree
	printf 'x' >"tree/new
line"
	makefs x.img tree
	fsck_clean x.img
	unpack x.img out
	[ "$(cat "out/new
line")" = x ]
}

@test "paths longer than PATH_MAX" {
	mkdir long
	(
		cd long
		for i in $(seq 25); do
			mkdir "$(printf 'd%.0s' $(seq 200))"
			cd "$(printf 'd%.0s' $(seq 200))" 2>/dev/null || break
		done
		echo deep >file
		ln file link
	)
	makefs x.img long
	fsck_clean x.img
	[ "$(figure x.img 'Free blocks')" -le 256 ]
	out=$(debugfs -R "ls -p $(printf '/%s' $(for i in $(seq 5); do printf 'd%.0s' $(seq 200); echo; done))" x.img 2>/dev/null)
	[ -n "$out" ]
}

@test "many entries in one directory, many directories" {
	mkdir tree/many
	(cd tree/many && seq 1 5000 | xargs touch && mkdir $(seq -f 'dir%g' 1 500))
	makefs x.img tree
	fsck_clean x.img
	tight x.img
	[ "$(debugfs -R 'ls -p /many' x.img 2>/dev/null | grep -c '/')" -eq 5502 ]
}

@test "a real tree of a thousand files and more" {
	for t in /usr/share/perl5 /usr/lib/python3 /usr/share/doc /usr/include; do
		[ "$(find $t 2>/dev/null | head -1000 | wc -l)" -lt 1000 ] || break
	done
	cp -a "$t" real
	find real ! -perm -u+r -exec chmod u+r {} +
	makefs x.img real
	holds x.img real
	tight x.img
	makefs y.img real
	cmp x.img y.img
}

@test "12,000 files in less than 32 MB of memory, with no room wasted" {
	case $BUILD in *address* | *thread* | *undefined*) skip "sanitizers" ;; esac
	mkdir many
	python3 - <<-'END'
		import os
		for d in range(12):
		    os.mkdir(f"many/dir{d:04d}")
		    for f in range(1000):
		        os.close(os.open(f"many/dir{d:04d}/some-file-name-{f:05d}.txt", os.O_CREAT | os.O_WRONLY, 0o644))
	END
	python3 - <<-'END'
		import resource, subprocess, sys
		subprocess.run(["makefs", "x.img", "many"], check=True)
		kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
		print(kib, "KiB")
		sys.exit(kib > 32 * 1024)
	END
	fsck_clean x.img
	tight x.img
	[ "$(stat -c %s x.img)" -lt 5000000 ]
}

@test "several directories merge; the same file twice is an error, but with -r" {
	mkdir -p two/sub/deep two/other
	echo two >two/sub/new
	echo more >two/sub/deep/more
	makefs x.img tree two
	fsck_clean x.img
	[ "$(debugfs -R 'cat /sub/deep/more' x.img 2>/dev/null)" = more ]
	[ "$(debugfs -R 'cat hello' x.img 2>/dev/null)" = hello ]
	echo second >two/hello
	expect 1 makefs y.img tree two
	has "hello: is in more than one source"
	makefs -r z.img tree two
	fsck_clean z.img
	[ "$(debugfs -R 'cat hello' z.img 2>/dev/null)" = second ]
	[ "$(debugfs -R 'cat hard' z.img 2>/dev/null)" = hello ]
}

@test "fakeroot: its owners and devices go in" {
	command -v fakeroot >/dev/null || skip "no fakeroot"
	case $BUILD in *address* | *thread*) skip "sanitizers and LD_PRELOAD" ;; esac
	user_dir
	cat >script <<-'END'
		mkdir -p fake && cd fake
		echo x >file && chown 12:34 file
		mknod dev c 5 1
		mkdir dir && chown 56:78 dir
		cd .. && makefs fake.img fake
	END
	as_user fakeroot sh script
	fsck_clean fake.img
	run debugfs -R 'stat file' fake.img
	has "User:    12   Group:    34"
	run debugfs -R 'stat dev' fake.img
	has "Type: character special"
	has "05:01"
	run debugfs -R 'stat dir' fake.img
	has "User:    56   Group:    78"
}

@test "an unreadable file is left out, the rest is made, status 1" {
	user_dir
	as_user mkdir u
	as_user sh -c 'echo good >u/good; echo bad >u/bad; chmod 0 u/bad; mkdir u/closed; echo x >u/closed/x; chmod 0 u/closed'
	expect 1 as_user makefs x.img u
	has "u/bad: Permission denied"
	has "u/closed: Permission denied"
	fsck_clean x.img
	[ "$(debugfs -R 'cat good' x.img 2>/dev/null)" = good ]
	run debugfs -R 'stat bad' x.img
	has "not found"
	as_user chmod 700 u/closed
}

@test "-d shows the manifest and times" {
	expect 0 makefs -d 7 x.img tree
	has " sub/deep/random"
	has "copy "
}

@test "files that aren't as long as they say" {
	mkdir t
	: >t/empty
	printf '#mtree\n. type=dir\n./version type=file contents=/proc/version\n./empty type=file contents=%s/t/empty\n' "$PWD" >m.mtree
	expect 1 makefs x.img m.mtree
	has "version: has content, but a size of 0: left empty"
	one_line
	fsck_clean x.img
	[ "$(fsu_stat x.img -c %s version empty | tr '\n' ' ')" = "0 0 " ]
	# One that nobody may read says nothing, for nothing is wanted of it.
	chmod 0 t/empty
	expect 0 makefs y.img t
	[ -z "$output" ]
}
