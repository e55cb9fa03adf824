#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Locks between commands, signals, devices in use.

load helper

setup() {
	fsu_setup
	mkdir t
	echo hello >t/hello
	head -c 3M /dev/urandom >t/big
	mkimage d.img 16M t
}
teardown() {
	release
	fsu_teardown
}

# release: whoever hold() made is gone (and its number not used again).
release() {
	[ -n "${holder-}" ] || return 0
	kill "$holder" 2>/dev/null || true
	wait "$holder" 2>/dev/null || true
	holder=
}

# hold IMAGE ex|sh [SECONDS]: another program that has it locked.
hold() {
	release
	python3 - "$@" <<-'END' &
		import fcntl, struct, sys, time
		f = open(sys.argv[1], 'r+b')
		kind = fcntl.F_WRLCK if sys.argv[2] == 'ex' else fcntl.F_RDLCK
		fcntl.fcntl(f, 37, struct.pack('hhqqi4x', kind, 0, 0, 0, 0))
		open('held', 'w').close()
		time.sleep(float(sys.argv[3]) if len(sys.argv) > 3 else 60)
	END
	holder=$!
	while [ ! -e held ]; do sleep 0.02; done
	rm held
}

@test "readers share, a writer is alone" {
	hold d.img sh
	expect 0 timeout 10 fsu_cat -o nowait d.img hello
	expect 2 timeout 10 fsu_put -o nowait d.img t/hello /x
	one_line
	has "in use by another program"
	release
	hold d.img ex
	expect 2 timeout 10 fsu_cat -o nowait d.img hello
	has "in use by another program"
}

@test "waiting is the default; after two seconds one line says so" {
	hold d.img ex 0.5
	expect 0 timeout 20 fsu_put d.img t/hello /x
	[ -z "$output" ]
	hold d.img ex 3
	expect 0 timeout 20 fsu_put d.img t/hello /y
	one_line
	has "-o nowait"
	expect 0 fsu_cat d.img x y
	fsck_clean d.img
}

@test "after a wait the path is looked up again" {
	cp d.img old.img
	hold d.img ex 1
	(sleep 0.4; mkimage new.img 16M; mv new.img d.img) &
	expect 0 timeout 20 fsu_put d.img t/hello /x
	wait
	expect 0 fsu_cat d.img x
	expect 1 fsu_cat d.img big # it is the new one
}

@test "two commands at once: both edits are there" {
	for i in 1 2 3 4 5 6; do
		echo $i | fsu_put d.img - /par-$i &
	done
	wait
	expect 0 fsu_cat d.img par-1 par-2 par-3 par-4 par-5 par-6
	fsck_clean d.img
}

@test "two images, named in either order, don't wait for each other" {
	mkimage d.img 64M t
	cp d.img e.img
	for i in 1 2 3 4 5; do
		timeout 30 fsu_cp d.img --to=e.img big /a$i &
		timeout 30 fsu_cp e.img --to=d.img big /b$i &
		wait
	done
	fsck_clean d.img
	fsck_clean e.img
	expect 0 fsu_cat d.img b5 && expect 0 fsu_cat e.img a5
}

@test "^C while waiting: status 130, nothing changed" {
	hold d.img ex
	before=$(sum d.img)
	fsu_put d.img t/hello /x >out 2>&1 &
	p=$!
	sleep 0.5
	kill -INT $p 2>/dev/null || true
	kill -TERM $p # background jobs ignore ^C
	st=0
	wait $p || st=$?
	[ $st -eq 130 ] || [ $st -eq 143 ]
	[ "$(sum d.img)" = "$before" ]
}

@test "^C in a big copy: status 130, the partial file is gone, the image clean" {
	mkimage big.img 900M
	truncate -s 700M sparse
	head -c 500M /dev/zero | tr '\0' x >full
	python3 - <<-'END'
		import signal, subprocess, sys, time
		for delay in (0.02, 0.05, 0.1, 0.2):
		    p = subprocess.Popen(['fsu_put', 'big.img', 'full', '/full'],
		        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
		    time.sleep(delay)
		    p.send_signal(signal.SIGINT)
		    st = p.wait(30)
		    print(delay, st)
		    if st == 130:
		        sys.exit(0)
		    subprocess.run(['fsu_rm', 'big.img', '/full'])
		sys.exit(1)
	END
	fsck_clean big.img
	expect 1 fsu_cat big.img full
}

@test "kill -9 in the middle leaves no temporary file beside the image" {
	mkdir d
	mv d.img d/
	python3 - <<-'END'
		import subprocess, time
		for delay in (0.001, 0.003, 0.005, 0.01, 0.02, 0.05):
		    p = subprocess.Popen(['fsu_put', 'd/d.img', 't/big', '/big'])
		    time.sleep(delay)
		    p.kill()
		    p.wait()
	END
	[ "$(ls d)" = d.img ]
}

@test "a file that backs a loop device is refused to writers; --force" {
	[ -d /sys/block ] || skip "no /sys to see loop devices in"
	need_root
	dev=$(losetup -f --show d.img 2>/dev/null) || skip "no loop devices here"
	before=$(sum d.img)
	run fsu_put d.img t/hello /x
	refused=$status why=$output after=$(sum d.img)
	run fsu_cat d.img hello # readers may
	read=$output
	run fsu_put -o force d.img t/hello /y
	losetup -d "$dev"
	[ "$status" -eq 0 ]
	[ "$refused" -eq 2 ]
	[ "$before" = "$after" ]
	[[ $why == *"$dev uses it"*"-o force"* ]]
	[ "$read" = hello ]
}

@test "a mounted device is refused to writers" {
	need_root
	dev=$(losetup -f --show d.img 2>/dev/null) || skip "no loop devices here"
	mkdir mnt
	mount -t ext2 "$dev" mnt 2>/dev/null || {
		losetup -d "$dev"
		skip "no mounts here"
	}
	run fsu_put "$dev" t/hello /x
	umount mnt
	losetup -d "$dev"
	[ "$status" -eq 2 ]
	has "mounted"
}

@test "windows of one file are locked each by itself" {
	cat d.img d.img >both
	python3 - <<-'END' &
		import fcntl, struct, time
		f = open('both', 'r+b')
		fcntl.fcntl(f, 37, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 16 << 20, 0))
		open('held', 'w').close()
		time.sleep(60)
	END
	holder=$!
	while [ ! -e held ]; do sleep 0.02; done
	expect 2 timeout 10 fsu_cat -o nowait 'both%OFFSET:0,16m%' hello
	has "in use"
	expect 2 timeout 10 fsu_cat -o nowait both hello
	expect 0 timeout 10 fsu_put -o nowait 'both%OFFSET:16m,16m%' t/hello /x
	release
	tail -c 16M both >part
	fsck_clean part
	head -c 16M both | cmp - d.img
}
