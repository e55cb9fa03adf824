#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_get: out of an image made by mke2fs, compared with the tree it was made from.

load helper

setup() {
	fsu_setup
	mktree t
	mkimage d.img 8M t
}
teardown() { fsu_teardown; }

# The image has lost+found beside the tree.
same_tree() {
	rmdir "$2/lost+found" 2>/dev/null || true
	touch -r "$1" "$2"
	# mke2fs keeps whole seconds only; put.bats has the rest
	manifest "$1" | sed 's/\.[0-9]\{10\}|/|/' >want
	manifest "$2" | sed 's/\.[0-9]\{10\}|/|/' >got
	diff want got
}

@test "-R / DIR puts what is in the root into DIR, -p all there is to a file" {
	need_root
	setfattr -n user.colour -v blue t/hello
	setfattr -n user.colour -v red t/sub
	setfattr -n security.capability \
		-v 0x0100000200200000000000000000000000000000 t/sub/text
	command -v setfacl >/dev/null && setfacl -m u:1234:rw t/sub/text
	chown 12:34 t/sub/deep/random t/sub
	chown -h 56:78 t/sym
	mknod t/null c 1 3
	mknod t/blk b 300 70000
	mkimage d.img 8M t
	expect 0 fsu_get d.img -R -p / out
	[ -z "$output" ]
	same_tree t out
	[ "$(stat -c %b out/sub/hole)" -le "$(stat -c %b t/sub/hole)" ]
	[ "$(stat -c '%t %T' out/null out/blk)" = "$(stat -c '%t %T' t/null t/blk)" ]
	mkdir out2
	expect 0 fsu_get d.img -a / out2 # DIR may be there
	same_tree t out2
}

@test "without -p: modes less umask, no set-id, times of now, links kept" {
	(umask 027 && fsu_get d.img -R / out)
	[ "$(stat -c %a out/zero)" = 750 ]
	[ "$(stat -c %a out/hello)" = 640 ]
	[ "$(stat -c %a out/sub)" = 750 ]
	[ "$(stat -c %a out/empty)" = 1750 ] # sticky stays, as with cp
	[ "$(stat -c %a out/sub/text)" = 600 ]
	[ out/hello -ef out/hard ]
	[ "$(stat -c %Y out/hello)" -gt 1500000000 ]
	[ "$(readlink out/sym)" = hello ]
	diff -r --no-dereference t/sub out/sub
}

@test "where to: DEST, a directory, -t, -T, -D, none, standard output" {
	expect 0 fsu_get d.img hello
	cmp hello t/hello
	expect 0 fsu_get d.img hello new
	cmp new t/hello
	mkdir dir
	expect 0 fsu_get d.img hello sub/text dir
	cmp dir/text t/sub/text
	expect 0 fsu_get d.img -t dir name*space
	cmp 'dir/name with space' 't/name with space'
	expect 1 fsu_get d.img hello sub/text nodir
	has "nodir: No such file or directory"
	expect 1 fsu_get d.img -T hello dir
	has "dir: Is a directory"
	expect 1 fsu_get d.img hello a/b/c
	expect 0 fsu_get d.img -D hello a/b/c
	cmp a/b/c t/hello
	expect 0 fsu_get d.img -D -t x/y hello
	cmp x/y/hello t/hello
	fsu_get d.img hello - | cmp - t/hello
	expect 1 fsu_get d.img sub s
	has "is a directory (-R copies it)"
	expect 0 fsu_get d.img -r sub s
	diff -r t/sub s
	expect 0 fsu_get d.img -r sub s # now it is there: into it
	diff -r t/sub s/sub
	expect 0 fsu_get d.img -r sub/. s2
	diff -r t/sub s2
}

@test "-n -i -u -f -v" {
	echo old >hello
	expect 0 fsu_get d.img -n hello
	[ "$(cat hello)" = old ]
	run sh -c 'echo n | fsu_get d.img -i hello'
	[ "$(cat hello)" = old ]
	run sh -c 'echo y | fsu_get d.img -i hello'
	[ "$(cat hello)" = hello ]
	echo old >hello # newer than 2001
	expect 0 fsu_get d.img -u hello
	[ "$(cat hello)" = old ]
	touch -d 1990-01-01 hello
	expect 0 fsu_get d.img -u -v hello
	[ "$output" = "'hello' -> './hello'" ]
	[ "$(cat hello)" = hello ]
	ln hello other
	expect 0 fsu_get d.img zero hello # overwritten, not replaced
	[ hello -ef other ] && [ ! -s other ]
}

@test "symlinks: -P -H -L, and none is followed below DEST" {
	expect 0 fsu_get d.img sym got # without -R: followed
	[ ! -L got ] && cmp got t/hello
	expect 0 fsu_get d.img -P sym got2
	[ "$(readlink got2)" = hello ]
	ln -s sub t/dirlink
	mkimage d.img 8M t
	expect 0 fsu_get d.img -R dirlink l1
	[ -L l1 ]
	expect 0 fsu_get d.img -RH dirlink l2
	[ -d l2 ] && [ ! -L l2 ]
	expect 1 fsu_get d.img -RL / all
	has "dangling: No such file"
	[ -d all/dirlink ] && [ ! -L all/dirlink ] && cmp all/sym t/hello
	# what DEST names may be a symlink, what is below not
	echo precious >precious
	ln -s precious link
	expect 0 fsu_get d.img hello link
	cmp precious t/hello
	echo precious >precious
	mkdir dir
	ln -s ../precious dir/hello
	expect 1 fsu_get d.img hello dir
	has "symbolic link"
	[ "$(cat precious)" = precious ]
	expect 0 fsu_get d.img -f hello dir
	[ ! -L dir/hello ]
	[ "$(cat precious)" = precious ]
	mkdir elsewhere dir2
	ln -s ../elsewhere dir2/sub
	expect 1 fsu_get d.img -R / dir2
	[ -z "$(ls elsewhere)" ]
}

@test "a hostile image can't write outside, and a doubled name is an error" {
	mkdir h
	mkdir h/xx h/yy
	echo evil >h/xx/file
	echo good >h/plain
	mkimage h.img 1M h
	ln -s "$PWD/outside" h/l
	mkdir outside
	# Two entries of one name: a symlink out, and a directory.  mke2fs doesn't
	# make that, so the names are changed in the directory block.
	rm -r h/l
	ln -s "$PWD/outside" h/aa
	mkimage h.img 1M h
	python3 - h.img <<-'END'
		import sys
		data = bytearray(open(sys.argv[1], 'rb').read())
		at = data.find(b'\x02\x02xx')   # namlen 2, directory
		assert at > 0
		data[at + 2:at + 4] = b'aa'
		open(sys.argv[1], 'wb').write(data)
	END
	expect 1 fsu_get h.img -R / out
	has "aa: "
	[ -z "$(ls outside)" ]
	[ "$(cat out/plain)" = good ]
	# a name with a slash in it
	mkimage h.img 1M h
	python3 - h.img <<-'END'
		import sys
		data = bytearray(open(sys.argv[1], 'rb').read())
		at = data.find(b'\x05\x01plain')
		assert at > 0
		data[at + 2:at + 7] = b'../pl'
		open(sys.argv[1], 'wb').write(data)
	END
	run fsu_get h.img -R / out/in
	[ "$status" -eq 1 ]
	[ ! -e out/pl ]
}

@test "a directory that contains itself ends" {
	mkdir -p h/a/b
	mkimage h.img 1M h
	ino=$(debugfs -R 'stat /a' h.img 2>/dev/null | sed -n 's/^Inode: \([0-9]*\).*/\1/p')
	debugfs -w -R "link <$ino> /a/b/loop" h.img 2>/dev/null
	expect 1 timeout 20 fsu_get h.img -R / out
	[ "$(find out | wc -l)" -lt 10 ]
}

@test "-p by an ordinary user: what couldn't be set, in one line, status 0; devices: 1" {
	need_root
	chown 12:34 t/hello t/sub/text
	mkimage d.img 8M t
	mkdir o bin
	cp "$BUILD/bin/fsu_get" bin
	chown 65534:65534 o
	chmod 755 . ..
	expect 0 as_user bin/fsu_get d.img -R -p / o/out
	one_line
	has "could not set "
	has " owners and 0 attributes"
	[ "$(stat -c %Y t/sub/deep)" = "$(stat -c %Y o/out/sub/deep)" ]
	[ "$(stat -c %a o/out/zero)" = 755 ] # not set-id for somebody else
	mknod t/null c 1 3
	mkimage d.img 8M t
	expect 1 as_user bin/fsu_get d.img -R -p / o/out2
	has "could not make 1 device"
	[ -f o/out2/hello ]
}

@test "a directory without write permission is filled all the same" {
	chmod 555 t/sub/deep
	mkimage d.img 8M t
	expect 0 fsu_get d.img -R sub out
	[ "$(stat -c %a out/deep)" = 555 ]
	cmp out/deep/random t/sub/deep/random
	chmod 755 t/sub/deep out/deep
}

@test "the host's disk full: one line, no partial file, the old content kept" {
	need_root
	mkdir small
	mount -t tmpfs -o size=200k none small 2>/dev/null || skip "no mounts here"
	expect 1 fsu_get d.img sub/deep/random small
	one_line
	has "No space left on device"
	[ -z "$(ls small)" ] || { ls -la small; umount small; false; }
	echo old >small/random
	expect 1 fsu_get d.img sub/deep/random small
	[ "$(cat small/random)" = old ] || { umount small; false; }
	umount small
}

@test "the image itself is never overwritten" {
	before=$(sum d.img)
	expect 1 fsu_get d.img hello d.img
	has "is the image itself"
	[ "$(sum d.img)" = "$before" ]
}

@test "works under fakeroot" {
	command -v fakeroot >/dev/null || skip "fakeroot is missing"
	case $BUILD in *-address* | *-thread*) skip "a sanitizer wants to be preloaded first" ;; esac
	chown 12:34 t/hello 2>/dev/null || skip "needs root for its image"
	mkimage d.img 8M t
	expect 0 as_user env HOME=/tmp true
	expect 0 fakeroot sh -c 'fsu_get d.img -R -p / out && stat -c %u:%g out/hello'
	has 12:34
}

@test "--owner and --mode on the host" {
	need_root
	expect 0 fsu_get d.img --owner=12:34 --mode=0640 hello h
	[ "$(stat -c '%u:%g %a' h)" = "12:34 640" ]
	expect 0 fsu_get d.img -p --owner=:34 sub/text x
	[ "$(stat -c '%u:%g %a' x)" = "0:34 600" ]
}

@test "^C: status 130, and no partial file" {
	mkimage big.img 600M
	head -c 500M /dev/zero | tr '\0' x >full
	fsu_put big.img full /full
	mkdir out
	python3 - <<-'END'
		import os, signal, subprocess, sys, time
		for delay in (0.01, 0.03, 0.06, 0.1):
		    p = subprocess.Popen(['fsu_get', 'big.img', '/full', 'out'],
		        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
		    time.sleep(delay)
		    p.send_signal(signal.SIGINT)
		    if p.wait(30) == 130:
		        sys.exit(os.path.exists('out/full'))
		    if os.path.exists('out/full'):
		        os.unlink('out/full')
		sys.exit(2)
	END
	rm -f big.img full
}

@test "a tree deeper than the files a process may have open by default" {
	if [ "$(ulimit -H -n)" != unlimited ] && [ "$(ulimit -H -n)" -lt 2000 ]; then
		skip "no more than $(ulimit -H -n) open files"
	fi
	mkdir -p "deep/$(printf 'd/%.0s' $(seq 900))"
	mkimage e.img 8M t
	(ulimit -S -n 200 && fsu_put e.img -R deep / && fsu_get e.img -R /deep out)
	[ "$(find out | wc -l)" -eq "$(find deep | wc -l)" ]
	fsck_clean e.img
}
