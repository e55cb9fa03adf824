#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_tar: against GNU tar, bsdtar, cpio and unzip, in both directions.

load helper

setup() {
	fsu_setup
	mktree t
	mkimage d.img 16M
	fsu_put d.img -a t/. /
	fsu_rm d.img -rf lost+found
	fsu_put d.img -a t/. / # the root's time, once more
}
teardown() { fsu_teardown; }

# Everything that needs root, and names that try readers.
hard_tree() {
	local long
	setfattr -n user.colour -v blue t/hello
	setfattr -n trusted.x -v 0x00ff3d0a t/sub
	setfattr -n security.capability \
		-v 0x0100000200200000000000000000000000000000 t/sub/text
	setfacl -m u:1234:rw,u:daemon:r t/sub/text
	setfacl -d -m u:77:rwx t/sub/deep
	mknod t/null c 1 3
	mknod t/blk b 300 70000
	chown 4000000000:3999999999 t/zero
	chmod 4755 t/zero
	chown -h 12:34 t/sym
	long=$(printf 'n%.0s' $(seq 255))
	echo long >"t/$long"
	mkdir -p "t/deep/$(printf 'd%.0s' $(seq 200))/$(printf 'e%.0s' $(seq 200))"
	echo deep >"$(echo t/deep/d*/e*)/file"
	printf x >"$(printf 't/raw\377name')"
	printf x >"$(printf 't/raw\377%0240d' 5)"
	ln -s "$(printf 'raw\377target')" t/rawlink
	ln -s "$(printf 'y%.0s' $(seq 1000))" t/verylong
	touch -d '1950-01-01 00:00:00.25' t/fifo
	mkimage d.img 16M
	fsu_rm d.img -rf lost+found
	fsu_put d.img -a t/. /
}

# Trees that are equal but for the times of symlinks' reading.
same() {
	manifest "$1" >want 2>/dev/null
	manifest "$2" >got 2>/dev/null
	diff want got
}

@test "listings are GNU tar's, byte for byte: -tv, -t, and tar's own of ours" {
	need_root
	hard_tree
	printf 'a\nb' >"$(printf 't/new\nli\\ne\tx')"
	fsu_put d.img -a t/. /
	fsu_tar d.img -c >ours.tar
	tar --sort=name -C t -cf - . | tar tvf - >want
	tar tvf ours.tar >got 2>/dev/null
	diff want got
	fsu_tar d.img -tv >got
	diff want got
	fsu_tar d.img -tvf ours.tar >got
	diff want got
	tar tf ours.tar 2>/dev/null >want
	fsu_tar d.img -t >got
	diff want got
	fsu_tar d.img -t -f - <ours.tar >got
	diff want got
	# (GNU's fractions before 1970 are another's)
	tar --numeric-owner --full-time -tvf ours.tar 2>/dev/null | grep -v fifo >want
	fsu_tar d.img -tv --numeric-owner --full-time -f ours.tar | grep -v fifo >got
	diff want got
}

@test "GNU tar and bsdtar extract what was there: attributes, lists, holes, names" {
	need_root
	hard_tree
	fsu_tar d.img -c >ours.tar
	mkdir gnu bsd
	tar --xattrs --xattrs-include='*' --acls -xpf ours.tar -C gnu 2>/dev/null
	same t gnu
	bsdtar -xpf ours.tar -C bsd
	touch -r t/fifo bsd/fifo # libarchive reads fractions before 1970 wrongly
	touch -r t bsd		 # bsdtar leaves "./" alone
	same t bsd
	[ "$(stat -c %b gnu/sub/hole)" -le "$(stat -c %b t/sub/hole)" ]
	[ "$(stat -c %b bsd/sub/hole)" -le "$(stat -c %b t/sub/hole)" ]
	[ "$(stat -c %s ours.tar)" -lt 1000000 ] # 2 MB of it are a hole
}

@test "round trip: image, tar, image; and into makefs" {
	need_root
	hard_tree
	mkimage e.img 16M
	fsu_rm e.img -rf lost+found
	fsu_tar d.img -c | fsu_tar e.img -x
	fsck_clean e.img
	fsu_get e.img -a / out
	same t out
	fsu_tar d.img -c >a
	fsu_tar e.img -c >b
	cmp a b
	# once more, over what is there
	fsu_tar d.img -c | fsu_tar e.img -x
	fsck_clean e.img
	fsu_tar e.img -c >b
	cmp a b
	makefs -t ext2 -s +4m m.img a
	fsck_clean m.img
	fsu_rm m.img -rf lost+found
	fsu_get m.img -a / out2
	(cd t && find . -type f -print0 | sort -z | xargs -0 sha256sum) >want
	(cd out2 && find . -type f -print0 | sort -z | xargs -0 sha256sum) >got
	diff want got
}

@test "what GNU tar writes, in each of its formats, goes in" {
	need_root
	hard_tree
	for format in gnu posix; do
		mkimage e.img 16M
		fsu_rm e.img -rf lost+found
		tar --format=$format --xattrs --xattrs-include='*' --acls -S -C t -cf x.tar .
		expect 0 fsu_tar e.img -x -f x.tar
		fsck_clean e.img
		rm -rf out
		fsu_get e.img -a / out
		[ "$(stat -c %b out/sub/hole)" -le "$(stat -c %b t/sub/hole)" ]
		find t out -exec touch -h -d '2001-01-01' {} + # gnu: whole seconds
		[ $format = posix ] || setfattr -h -x user.colour t/hello
		[ $format = posix ] || break
		same t out
	done
}

@test "two runs are the same bytes; SOURCE_DATE_EPOCH and --mtime" {
	fsu_tar d.img -c >a
	sleep 1
	fsu_tar d.img -c >b
	cmp a b
	fsu_tar d.img -cz >a
	sleep 1
	fsu_tar d.img -cz >b
	cmp a b
	SOURCE_DATE_EPOCH=1000000000 fsu_tar d.img -tv >out
	grep -q '2001-09-09 01:46 ./sub/text' out
	grep -q '2001-02-03 04:05 ./hard' out
	fsu_tar d.img -tv --mtime=@86400 >out
	[ "$(grep -c '1970-01-02 00:00' out)" -eq "$(wc -l <out)" ]
	fsu_tar d.img -tv --mtime='2002-01-01' --clamp-mtime >out
	grep -q '2001-02-03 04:05 ./hard' out
	grep -q '2002-01-01 00:00 ./sub/text' out
}

@test "compressions: other programs read ours, -x finds out by itself" {
	fsu_tar d.img -c >plain
	for how in -z:gzip -j:bzip2 -J:xz --zstd:zstd; do
		fsu_tar d.img -c "${how%%:*}" >c
		"${how#*:}" -dc <c | cmp - plain
		fsu_tar d.img -t -f c >got
		fsu_tar d.img -t >want
		diff want got
	done
	for name in x.tgz x.tar.xz x.tar.zst x.tbz2; do
		fsu_tar d.img -c -a -f $name
		bsdtar -tf $name >/dev/null
	done
	[ "$(head -c 2 x.tgz | od -An -tx1 | tr -d ' ')" = 1f8b ]
	[ "$(head -c 4 x.tar.zst | od -An -tx1 | tr -d ' ')" = 28b52ffd ]
	expect 2 fsu_tar d.img -c -z -J
}

@test "other formats: cpio, newc, zip, ustar, gnutar" {
	fsu_tar d.img -c --format=newc >x
	mkdir c
	(cd c && cpio -id --quiet <../x)
	diff -r --no-dereference t/sub c/sub
	[ c/hello -ef c/hard ]
	diff t/hello c/hello
	fsu_rm d.img fifo
	fsu_tar d.img -c -a -f x.zip
	mkdir z
	(cd z && unzip -q ../x.zip)
	diff -r --no-dereference t/sub z/sub
	for format in ustar gnutar cpio newc 7zip; do
		fsu_tar d.img -c --format=$format >x
		mkimage e.img 16M
		expect 0 fsu_tar e.img -x -f x
		fsck_clean e.img
		rm -rf out
		fsu_get e.img -a / out
		diff -r --no-dereference t/sub out/sub
		diff t/hello out/hard
		[ "$format" = 7zip ] || [ out/hello -ef out/hard ]
	done
	mkdir long
	: >"long/$(printf 'l%.0s' $(seq 200))"
	fsu_put d.img -R long /
	expect 1 fsu_tar d.img -c --format=ustar -f x
	has "its name is too long for ustar"
	tar tf x >/dev/null
	expect 2 fsu_tar d.img -c --format=nonsense
}

@test "many holes: pax and gnutar keep them" {
	truncate -s 40M holes
	for i in $(seq 0 39); do
		printf 'piece %d' "$i" | dd of=holes bs=1M seek="$i" conv=notrunc status=none
	done
	truncate -s 3G allhole
	fsu_put d.img holes allhole /
	for format in pax gnutar; do
		fsu_tar d.img -c --format=$format holes allhole >x
		[ "$(stat -c %s x)" -lt 1000000 ]
		rm -rf out && mkdir out
		tar -xf x -C out
		cmp holes out/holes
		[ "$(stat -c %s out/allhole)" = 3221225472 ]
		[ "$(stat -c %b out/holes)" -lt 2000 ]
		mkimage e.img 16M
		expect 0 fsu_tar e.img -x -f x
		fsck_clean e.img
		fsu_cat e.img holes | cmp - holes
		[ "$(fsu_stat e.img -c %s allhole)" = 3221225472 ]
		[ "$(fsu_stat e.img -c %b allhole)" -lt 100 ]
	done
}

@test "a file that claims to be larger than the image is its holes" {
	fsu_put d.img t/hello /liar
	debugfs -w -R 'set_inode_field liar size 15000000000' d.img 2>/dev/null
	debugfs -w -R 'set_inode_field liar blocks 40000000' d.img 2>/dev/null
	timeout 20 fsu_tar d.img -c liar >x.tar
	[ "$(stat -c %s x.tar)" -lt 100000 ]
	tar tvf x.tar | grep -q ' 15000000000 '
}

@test "operands, -C, --exclude, -T, --no-recursion, -h, -P, globs" {
	fsu_tar d.img -t /sub/text 'name*' >got
	printf 'sub/text\nname with space\n' >want
	diff want got
	fsu_tar d.img -t -C sub deep text >got
	printf '%s\n' deep/ deep/er/ deep/random text >want
	diff want got
	fsu_tar d.img -t -P /sub/text >got
	[ "$(cat got)" = /sub/text ]
	for pattern in random 'sub/*' '*e*' er ./sub; do
		fsu_tar d.img -t --exclude="$pattern" >got
		tar --sort=name -C t --exclude="$pattern" -cf - . | tar tf - >want
		diff want got
	done
	printf 'hello\nsub/deep\n' >list
	fsu_tar d.img -t -T list >got
	printf '%s\n' hello sub/deep/ sub/deep/er/ sub/deep/random >want
	diff want got
	printf 'hello\0sub/deep\0' | fsu_tar d.img -t -T - --null --no-recursion >got
	printf '%s\n' hello sub/deep/ >want
	diff want got
	fsu_rm d.img dangling longsym
	fsu_tar d.img -c -h sym | tar tvf - >got
	grep -q '^-.* 6 .* sym$' got
	expect 1 fsu_tar d.img -c nosuch hello
	has "nosuch: No such file or directory"
}

@test "letters without a dash, as tar's were first" {
	fsu_tar d.img cvfC x.tar sub deep >out
	[ "$(head -n 1 out)" = deep/ ]
	fsu_tar d.img tf x.tar >got
	tar tf x.tar >want
	diff want got
	mkimage e.img 16M
	expect 0 fsu_tar e.img xf x.tar deep/random
	fsu_cat e.img deep/random | cmp - t/sub/deep/random
	expect 2 fsu_tar d.img cf
	has "'f' in 'cf' needs a value"
	expect 2 fsu_tar d.img hello
}

@test "-x: members, --strip-components, -C, -v, what isn't there" {
	fsu_tar d.img -c >x.tar
	mkimage e.img 16M
	fsu_mkdir e.img dir
	expect 0 fsu_tar e.img -xv -C dir -f x.tar sub/deep hard
	[ "$output" = './hard
./sub/deep/
./sub/deep/er/
./sub/deep/random' ] || { echo "$output"; false; }
	fsu_cat e.img dir/sub/deep/random | cmp - t/sub/deep/random
	[ "$(fsu_ls e.img dir)" = 'hard
sub' ]
	expect 0 fsu_tar e.img -x --strip-components=2 -f x.tar
	fsu_cat e.img deep/random | cmp - t/sub/deep/random
	expect 1 fsu_tar e.img -x -f x.tar nosuch
	has "nosuch: isn't in the archive"
	expect 0 fsu_tar e.img -x --wildcards -C dir -f x.tar '*text'
	fsu_cat e.img dir/sub/text | cmp - t/sub/text
	expect 1 fsu_tar e.img -x -C nodir -f x.tar
	fsck_clean e.img
}

@test "replacing: new files for old, -k, --skip-old-files, --keep-newer-files" {
	mkdir new
	echo new >new/hello
	mkdir new/sym
	ln -s elsewhere new/zero
	touch -d '2000-01-01' new/hello
	tar -C new -cf x.tar hello sym zero
	expect 1 fsu_tar d.img -x -k -f x.tar
	has "hello: File exists"
	[ "$(fsu_cat d.img hello)" = hello ]
	expect 0 fsu_tar d.img -x --skip-old-files -f x.tar
	[ "$(fsu_cat d.img hello)" = hello ]
	expect 0 fsu_tar d.img -x --keep-newer-files -f x.tar hello
	[ "$(fsu_cat d.img hello)" = hello ]
	expect 0 fsu_tar d.img -x -f x.tar
	[ "$(fsu_cat d.img hello)" = new ]
	[ "$(fsu_cat d.img hard)" = hello ] # the other name keeps its file
	[ "$(fsu_stat d.img -c %F sym)" = directory ]
	[ "$(fsu_stat d.img -c %N zero)" = "'zero' -> 'elsewhere'" ]
	echo file >new/sub
	tar -C new -cf x.tar sub
	expect 1 fsu_tar d.img -x -f x.tar
	has "sub: Directory not empty"
	fsck_clean d.img
	! fsu_ls d.img -A | grep fsu_tar
}

@test "a hostile archive stays below -C: '..', absolute names, symlinks on the way" {
	python3 - <<-'EOF'
		import tarfile, io
		t = tarfile.open('x.tar', 'w')
		def add(name, data=b'evil\n', type=tarfile.REGTYPE, link=''):
		    i = tarfile.TarInfo(name)
		    i.type, i.linkname = type, link
		    i.size = len(data) if type == tarfile.REGTYPE else 0
		    t.addfile(i, io.BytesIO(data))
		add('../up')
		add('a/../../up2')
		add('/abs')
		add('out', type=tarfile.SYMTYPE, link='..')
		add('out/through')
		add('root', type=tarfile.SYMTYPE, link='/')
		add('root/through')
		add('hard', type=tarfile.LNKTYPE, link='../hello')
		add('hard2', type=tarfile.LNKTYPE, link='out/hello')
		add('fine')
		t.close()
	EOF
	fsu_mkdir d.img dest
	expect 1 fsu_tar d.img -x -C dest -f x.tar
	has "../up: has '..' in it"
	has "out/through: "
	has "hard: is a link to '../hello'"
	[ "$(fsu_ls d.img -A dest)" = 'abs
fine
out
root' ]
	[ "$(fsu_cat d.img dest/fine)" = evil ]
	fsu_ls d.img -A / >got
	! grep -E 'up|through' got
	expect 0 fsu_tar d.img -x -C dest --keep-directory-symlink -f x.tar out out/through || :
	fsck_clean d.img
}

@test "--keep-directory-symlink: /bin that is usr/bin stays so" {
	fsu_mkdir d.img -p usr/bin
	ln -s usr/bin bin
	fsu_put d.img -a bin /
	rm bin
	mkdir bin
	echo sh >bin/sh
	tar -cf x.tar bin/ bin/sh
	expect 0 fsu_tar d.img -x --keep-directory-symlink -f x.tar
	[ "$(fsu_cat d.img usr/bin/sh)" = sh ]
	[ "$(fsu_stat d.img -c %F bin)" = 'symbolic link' ]
	tar -cf x.tar bin/sh
	expect 1 fsu_tar d.img -x -f x.tar
	has "--keep-directory-symlink"
}

@test "a cut archive: what was whole stays, the rest is told, status 1" {
	tar -C t --sort=name -cf x.tar hello sub/deep/random sub/text
	mkimage e.img 16M
	head -c 200000 x.tar | (expect 1 fsu_tar e.img -x && has "random: ")
	[ "$(fsu_cat e.img hello)" = hello ]
	[ "$(fsu_ls e.img sub/deep)" = '' ] # half of it isn't there
	fsck_clean e.img
	# between two members: after hello's header and block
	head -c 1024 x.tar >cut
	expect 1 fsu_tar e.img -x -f cut
	has "cut off"
	: >none
	expect 1 fsu_tar e.img -x -f none
	has "is empty"
	echo nonsense >none
	expect 1 fsu_tar e.img -x -f none
	fsck_clean e.img
	# old content survives a cut new one
	fsu_tar e.img -x -f x.tar
	head -c 200000 x.tar >cut
	expect 1 fsu_tar e.img -x -f cut
	fsu_cat e.img sub/deep/random | cmp - t/sub/deep/random
	fsck_clean e.img
}

@test "a full image: what is missing is said, nothing is half there" {
	head -c 3000000 /dev/urandom >big
	echo small >small
	tar -cf x.tar big small
	mkimage e.img 2M
	expect 1 fsu_tar e.img -x -f x.tar
	has "big: No space left in the image: 3000000 bytes are needed"
	[ "$(fsu_cat e.img small)" = small ]
	expect 1 fsu_stat e.img big
	fsck_clean e.img
}

@test "refusals: terminals, modes, the image itself, -o ro, programs" {
	expect 2 fsu_tar d.img
	has "one of -c, -x and -t"
	expect 2 fsu_tar d.img -c -x
	before=$(sum d.img)
	expect 1 fsu_tar d.img -c -f d.img
	has "is the image itself"
	[ "$(sum d.img)" = "$before" ]
	tar -C t -cf x.tar hello
	expect 2 fsu_tar -o ro d.img -x -f x.tar
	[ "$(sum d.img)" = "$before" ]
	expect 1 fsu_tar nosuch.img -c -f new.tar || expect 2 fsu_tar nosuch.img -c -f new.tar
	[ ! -e new.tar ]
	expect 1 fsu_tar d.img -c -C nodir -f new.tar
	[ ! -e new.tar ]
	# an lzop'd or lrzip'd archive would need a program
	printf '\211LZO\0\r\n\032\n' >x.lzo
	expect 1 fsu_tar d.img -x -f x.lzo
	fsu_tar d.img -c | head -c 10 >/dev/null # a reader that goes is no news
}

@test "nothing is run: no program, no socket" {
	command -v strace >/dev/null || skip "no strace"
	fsu_tar d.img -cz >x.tgz
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=execve,execveat,socket -o log fsu_tar d.img -x -f x.tgz
	[ "$(grep -c 'exec\|socket(' log)" -eq 1 ]
}

@test "a pipeline from an image into itself" {
	fsu_mkdir d.img copy
	fsu_tar d.img -c sub | fsu_tar d.img -x -C copy
	fsu_cat d.img copy/sub/text | cmp - t/sub/text
	fsck_clean d.img
}

@test "--owner, --group, --mode, --no-same-owner" {
	fsu_tar d.img -c --owner=builder:77 --group=88 --mode=go-rwx hello sub | tar tvf - >got
	grep -q '^-rw------- builder/88 .* hello$' got
	grep -q '^drwx------ builder/88 .* sub/$' got
	fsu_tar d.img -c --owner=builder:77 --group=88 hello | tar --numeric-owner -tvf - >got
	grep -q ' 77/88 ' got
	fsu_tar d.img -c --owner=builder:77 --group=88 hello >x.tar
	expect 0 fsu_tar d.img -x -f x.tar
	[ "$(fsu_stat d.img -c %u:%g hello)" = 77:88 ]
	expect 0 fsu_tar d.img -x --no-same-owner -f x.tar
	[ "$(fsu_stat d.img -c %u:%g hello)" = 0:0 ]
}

@test "file flags go along, and come last" {
	debugfs -w -R 'set_inode_field sub/text flags 0x50' d.img 2>/dev/null
	debugfs -w -R 'set_inode_field sub flags 0x10' d.img 2>/dev/null
	fsu_tar d.img -c sub >x.tar
	bsdtar -tf x.tar >/dev/null
	mkimage e.img 16M
	expect 0 fsu_tar e.img -x -f x.tar
	fsu_ls e.img -ldO sub sub/text >got
	grep -q 'schg .* sub$' got
	grep -q 'schg,nodump .* sub/text$' got || grep -q 'nodump,schg .* sub/text$' got
	fsu_cat e.img sub/deep/random | cmp - t/sub/deep/random
	mkimage e.img 16M
	expect 0 fsu_tar e.img -x --no-fflags -f x.tar
	fsu_ls e.img -lO sub/text >got
	! grep schg got
}

@test "the sandbox leaves it what it needs" {
	fsu_tar d.img -c -f x.tar
	tar tf x.tar >/dev/null
	fsu_tar d.img -c --format=iso9660 -f x.iso --exclude=fifo
	[ "$(fsu_tar d.img -t -f x.iso | grep -c text)" -ge 1 ]
	mkimage e.img 16M
	expect 0 fsu_tar e.img -x -f x.tar
	fsck_clean e.img
}
