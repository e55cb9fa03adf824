#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# An image that is full to its last block, or its last inode: every command that
# writes says so, keeps what was there, and leaves the image clean.

load helper

setup() { fsu_setup; }
teardown() { fsu_teardown; }

free_of() { # IMAGE blocks|inodes
	dumpe2fs -h "$1" 2>/dev/null | sed -n "s/^Free $2: *//p"
}

# state IMAGE: what is in it, with contents (a directory's time may change: a name
# was in it for a moment).
state() {
	rm -rf state.out
	fsu_get "$1" -R -p / state.out
	manifest state.out | sed '/|d|/s/|[0-9.]*|$/|/'
	rm -rf state.out
}

# refused WHAT cmd..: fails for want of room, and changes nothing.
refused() {
	local what=$1
	shift
	run "$@"
	[ "$status" -eq 1 ] || { echo "$what: status $status: $output"; return 1; }
	has "No space left"
	fsck_clean d.img
	diff before <(state d.img) || { echo "$what changed something"; return 1; }
}

@test "no block is left" {
	mkdir t
	head -c 20000 /dev/urandom >t/file
	seq 1 1000 >t/other
	mkimage d.img 1M t -m 0 -b 1024
	i=0
	for size in 200k 50k 10k 3k 1k; do
		head -c $size /dev/urandom >fill
		while fsu_put d.img fill /fill$((i += 1)) 2>/dev/null; do :; done
	done
	[ "$(free_of d.img blocks)" -eq 0 ]
	fsck_clean d.img
	state d.img >before
	echo x >one
	head -c 20000 /dev/urandom >same
	refused "put" fsu_put d.img one /one
	refused "put -" sh -c 'echo x | fsu_put d.img - /one'
	refused "put -R" sh -c 'fsu_put d.img -R t /t'
	refused "put over a file" fsu_put d.img same /file
	refused "cp" fsu_cp d.img file file2
	refused "cp over a file" fsu_cp d.img file other
	refused "mkdir" fsu_mkdir d.img /dir
	refused "a long symlink" fsu_cp d.img -s "/$(printf './%.0s' $(seq 1 50))file" /link
	# What needs no block still works.
	expect 0 fsu_put d.img --in-place same /file
	fsu_cat d.img file | cmp - same
	expect 0 fsu_cp d.img -l file hard
	expect 0 fsu_mv d.img hard moved
	: >empty
	expect 0 fsu_put d.img empty /
	fsck_clean d.img
	expect 0 fsu_rm d.img fill1
	expect 0 fsu_put d.img one /one
	fsck_clean d.img
}

@test "no inode is left" {
	mkdir t
	echo data >t/file
	mkimage d.img 1M t -N 24 -I 256
	i=0
	: >empty
	while fsu_put d.img empty /e$((i += 1)) 2>/dev/null; do :; done
	[ "$(free_of d.img inodes)" -eq 0 ]
	fsck_clean d.img
	state d.img >before
	echo x >one
	refused "put" fsu_put d.img one /one
	refused "cp" fsu_cp d.img file file2
	refused "mkdir" fsu_mkdir d.img /dir
	refused "a symlink" fsu_cp d.img -s /file /link
	refused "put over a file, which needs an inode for a while" fsu_put d.img one /file
	expect 0 fsu_put d.img --in-place one /file
	[ "$(fsu_cat d.img file)" = x ]
	expect 0 fsu_cp d.img -l file hard
	expect 0 fsu_mv d.img hard moved
	fsck_clean d.img
}

@test "a tree that fits in part: what is there is whole" {
	mkdir -p t/a t/b
	for i in $(seq 1 40); do head -c 20000 /dev/urandom >t/a/$i; done
	for i in $(seq 1 40); do head -c 20000 /dev/urandom >t/b/$i; done
	mkimage d.img 1M
	expect 1 fsu_put d.img -R t /
	has "No space left in the image"
	fsck_clean d.img
	expect 0 fsu_get d.img -R t out
	n=0
	while IFS= read -r f; do
		cmp "out/$f" "t/$f"
		n=$((n + 1))
	done < <(cd out && find . -type f)
	[ $n -gt 20 ]
}
