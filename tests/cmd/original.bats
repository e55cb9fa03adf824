#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What the fs-utils before us did wrong on Linux, a test each: none of it is ours.

load helper

setup() {
	fsu_setup
	mkdir -p h/dir
	seq 1 3000 >h/long
	echo short >h/short
	echo one >h/file
	mkimage d.img 8M h
}
teardown() { fsu_teardown; }

@test "exec emptied the file that it was to show" {
	expect 0 fsu_exec d.img cat /long
	[ "$output" = "$(cat h/long)" ]
	fsu_cat d.img /long | cmp - h/long
	expect 0 fsu_exec d.img grep -c 7 /long
	fsu_cat d.img /long | cmp - h/long
	# One that changes it, and one that fails.
	expect 0 fsu_exec d.img sed -i s/1/x/ /long
	fsu_cat d.img /long | cmp - <(sed s/1/x/ h/long)
	expect 7 fsu_exec d.img sh -c ': >"$1"; exit 7' sh /long
	fsu_cat d.img /long | cmp - <(sed s/1/x/ h/long)
	fsck_clean d.img
}

@test "put never truncated: the end of the old content stayed" {
	fsu_put d.img h/short /long
	fsu_cat d.img /long | cmp - h/short
	[ "$(fsu_stat d.img -c %s /long)" -eq 6 ]
	fsu_ecp d.img -p h/short /file
	fsu_cat d.img /file | cmp - h/short
	fsck_clean d.img
}

@test "get never truncated" {
	cp h/long out
	fsu_get d.img /short out
	cmp out h/short
	cp h/long out
	fsu_ecp d.img -g /short out
	cmp out h/short
}

@test "write never truncated, and > over a long file left its end" {
	fsu_write d.img /long <h/short
	fsu_cat d.img /long | cmp - h/short
	echo more | fsu_write d.img -a /long
	fsu_cat d.img /long | cmp - <(echo short; echo more)
	fsck_clean d.img
}

@test "mv file dir made a new name instead of going into it" {
	fsu_mv d.img /file /dir
	[ "$(fsu_cat d.img /dir/file)" = one ]
	expect 1 fsu_stat d.img /file
	[ "$(fsu_stat d.img -c %F /dir)" = directory ]
	mkdir out
	fsu_emv d.img -g /dir/file out
	[ "$(cat out/file)" = one ]
	fsu_emv d.img -p out/file /dir
	[ "$(fsu_cat d.img /dir/file)" = one ]
	fsck_clean d.img
}

@test "chflags was not there" {
	fsu_chflags d.img nodump,uappnd /file
	lsflags=$(fsu_ls d.img -lO /file)
	case $lsflags in *nodump*) ;; *) echo "$lsflags"; false ;; esac
	debugfs -R 'stat /file' d.img 2>/dev/null | grep -q 'Flags: 0x60'
	fsu_chflags d.img 0 /file
	debugfs -R 'stat /file' d.img 2>/dev/null | grep -q 'Flags: 0x0'
	fsu_chflags d.img schg /file
	expect 1 fsu_rm d.img -f /file
	fsu_chflags d.img noschg /file
	fsu_rm d.img /file
	fsck_clean d.img
}

@test "mkfifo was not there" {
	fsu_mkfifo d.img /pipe
	[ "$(fsu_stat d.img -c %F /pipe)" = fifo ]
	debugfs -R 'stat /pipe' d.img 2>/dev/null | grep -q 'Type: FIFO'
	fsck_clean d.img
}

@test "mknod was not there" {
	fsu_mknod d.img /null c 1 3
	fsu_mknod d.img /disk b 8 1
	[ "$(fsu_stat d.img -c '%F %t:%T' /null)" = "character special file 1:3" ]
	[ "$(fsu_stat d.img -c '%F %t:%T' /disk)" = "block special file 8:1" ]
	debugfs -R 'stat /disk' d.img 2>/dev/null | grep -q 'major.minor number: 08:01'
	fsck_clean d.img
}

@test "lchmod was not there: a symlink's own mode, and not what it leads to" {
	fsu_ln d.img -s /file /link
	fsu_chmod d.img -h 700 /link
	[ "$(fsu_stat d.img -c %a /file)" = 644 ]
	[ "$(fsu_stat d.img -c %a /link)" = 700 ]
	fsu_chmod d.img 600 /link
	[ "$(fsu_stat d.img -c %a /file)" = 600 ]
	fsck_clean d.img
}

@test "aliases never mounted" {
	cp d.img 'disk one.img'
	cat >"$HOME/.fsurc" <<-END
	# name path [type [options]]
	box $PWD/d.img
	typed $PWD/d.img ext2
	ro $PWD/d.img auto ro
	END
	[ "$(fsu_cat box /file)" = one ]
	echo two | fsu_write typed /file
	[ "$(fsu_cat d.img /file)" = two ]
	[ "$(fsu_cat ro /file)" = two ]
	expect 2 fsu_write ro /file </dev/null
}

@test "kernel messages went to standard output" {
	fsu_cat -o verbose d.img /file >out 2>err
	cmp out h/file
	[ -s err ]
	# A damaged image has the driver speak.
	ino=$(fsu_stat d.img -c %i /long)
	cp d.img bad.img
	debugfs -w -R "sif /long block[0] 999999" bad.img >/dev/null 2>&1
	debugfs -w -R "sif /dir block[0] 999999" bad.img >/dev/null 2>&1
	for c in "fsu_cat bad.img /long" "fsu_ls bad.img /dir" "fsu_get bad.img /long -"; do
		expect 1 $c
		$c >out 2>err || true
		grep -q "ext2" err
		! grep -q "ext2\|inode $ino" out
	done
}

@test "six writers at once destroyed the image" {
	local pids=()
	for i in 1 2 3 4 5 6; do
		head -c $((i * 50000)) /dev/urandom >"w$i"
		fsu_put d.img "w$i" "/w$i" 3>&- &
		pids+=($!)
	done
	for p in "${pids[@]}"; do wait "$p"; done
	for i in 1 2 3 4 5 6; do fsu_cat d.img "/w$i" | cmp - "w$i"; done
	fsu_cat d.img /long | cmp - h/long
	fsck_clean d.img
}
