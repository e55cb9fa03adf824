# SPDX-License-Identifier: BSD-2-Clause
# ^C and kill -9 in the middle; see interrupt.py.

load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	mkdir -p old/sub new/a/b
	for i in $(seq 200); do head -c $((i * 37)) /dev/urandom >"old/f$i"; done
	for i in 1 2 3; do head -c 3000000 /dev/urandom >"old/sub/big$i"; done
	ln -s f1 old/link
	for i in $(seq 400); do head -c $((i * 50)) /dev/urandom >"new/a/n$i"; done
	for i in 1 2 3; do head -c 5000000 /dev/urandom >"new/a/b/big$i"; done
	for i in $(seq 300); do : >"new/e$i"; done
	tar cf new.tar new
	mkdir base
	mv old base/
	rm -f base.img
	truncate -s 48M base.img
	PATH=$PATH:/usr/sbin:/sbin
	mke2fs -q -F -t ext2 -b 1024 -N 3000 -d base base.img >/dev/null 2>&1
	mv base/old .
}

setup() {
	command -v e2fsck >/dev/null || skip "no e2fsck"
	command -v python3 >/dev/null || skip "no python3"
	fsu_setup
	cd "$BATS_FILE_TMPDIR" || return 1
}

teardown() {
	fsu_teardown
}

stopped() {
	python3 "$BATS_TEST_DIRNAME/interrupt.py" "$@"
}

@test "^C in put -R: status 130, clean, every file whole" {
	stopped put INT 5
}

@test "^C in put -R over files that are there: the old content or the new" {
	stopped over INT 4
}

@test "^C in cp -R" {
	stopped cp INT 4
}

@test "^C in tar -x: status 130, clean, every file whole" {
	stopped untar INT 4
}

@test "^C in tar -x that waits for more of the archive" {
	cp base.img d.img
	python3 - <<-'E'
		import signal, subprocess, sys, time
		p = subprocess.Popen(["fsu_tar", "d.img", "-x"], stdin=subprocess.PIPE,
		                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
		with open("new.tar", "rb") as f:
		    p.stdin.write(f.read(2000000))
		p.stdin.flush()
		time.sleep(0.5)
		assert p.poll() is None
		p.send_signal(signal.SIGINT)
		sys.exit(p.wait(timeout=30) not in (130, -signal.SIGINT))
	E
	fsck_clean d.img
}

@test "^C in rm -r" {
	stopped rm INT 3
}

@test "^C in get -R: every file whole, the image untouched" {
	stopped get INT 4
}

@test "^C in makefs: the target untouched, no temporary" {
	stopped makefs INT 5
}

@test "kill -9 in put -R: what was there before survives e2fsck -fy" {
	stopped put-a KILL 5
}

@test "kill -9 in put -R over files that are there" {
	stopped over KILL 4
}

@test "kill -9 in cp -R, rm -r and tar -x" {
	stopped cp KILL 4
	stopped rm KILL 3
	stopped untar KILL 3
}

@test "kill -9 in get -R: no temporary" {
	stopped get KILL 3
}

@test "kill -9 in makefs: the target untouched, no temporary" {
	stopped makefs KILL 5
}
