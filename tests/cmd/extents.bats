#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Files with extents: large and sparse ones, room that isn't written yet, files that
# change places, trees that are damaged.  mke2fs makes the images, debugfs says how
# the trees look, e2fsck judges.

load helper

setup() {
	command -v debugfs >/dev/null || skip "no debugfs"
	fsu_setup
}
teardown() { fsu_teardown; }

# ext4 IMAGE SIZE [mke2fs option..]
ext4() {
	local img=$1 size=$2
	shift 2
	rm -f "$img"
	truncate -s "$size" "$img"
	mke2fs -q -F -t ext4 "$@" "$img" >/dev/null 2>&1
}

# sparse FILE COUNT STEP BYTES: so many pieces of data, so far apart.
sparse() {
	python3 - "$@" <<-'END'
	import os, random, sys
	name, count, step, size = sys.argv[1], *map(int, sys.argv[2:])
	rng = random.Random(count)
	with open(name, "wb") as f:
	    for i in range(count):
	        f.seek(i * step)
	        f.write(rng.randbytes(size))
	    f.truncate(count * step)
	END
}

# Data and holes as cmp sees them, without reading the holes.
same_sparse() {
	python3 - "$@" <<-'END'
	import os, sys
	def data(fd):
	    at, end = 0, os.fstat(fd).st_size
	    while at < end:
	        try:
	            at = os.lseek(fd, at, os.SEEK_DATA)
	        except OSError:
	            return
	        to = os.lseek(fd, at, os.SEEK_HOLE)
	        yield at, to
	        at = to
	a, b = (os.open(n, os.O_RDONLY) for n in sys.argv[1:3])
	assert os.fstat(a).st_size == os.fstat(b).st_size
	for x, y in ((a, b), (b, a)):
	    for at, to in data(x):
	        assert os.pread(x, to - at, at) == os.pread(y, to - at, at), at
	END
}

# The file's extents, a line each.
extents() { # IMAGE PATH
	debugfs -R "ex $2" "$1" 2>/dev/null | tail -n +2
}

@test "10 GB with 1,000 pieces of data take as long as the data" {
	command -v python3 >/dev/null || skip "no python3"
	sparse s 1000 10485760 16384
	ext4 i.img 128M -O ^has_journal
	start=$SECONDS
	expect 0 fsu_put i.img s /s
	expect 0 fsu_stat i.img -c '%s %b' /s
	[ "${output%% *}" = 10485760000 ]
	[ "${output##* }" -lt 33000 ]
	expect 0 fsu_get i.img /s out
	[ $((SECONDS - start)) -lt 20 ]
	same_sparse s out
	[ "$(du -k out | cut -f 1)" -lt 40000 ]
	[ "$(extents i.img /s | grep -c '^ *\([0-9]\)/ *\1 ')" -eq 1000 ]
	fsck_clean i.img
	expect 0 fsu_rm i.img /s
	fsck_clean i.img
}

@test "a file with many extents takes the place of another, with checksums" {
	command -v python3 >/dev/null || skip "no python3"
	for b in 1024 4096; do
		ext4 i.img 64M -b $b -O ^has_journal
		sparse one 1500 16384 4096
		sparse two 700 20480 4096
		expect 0 fsu_put i.img one /f
		for f in two one two; do
			expect 0 fsu_put i.img $f /f
			fsck_clean i.img
			expect 0 fsu_get i.img /f out
			same_sparse $f out
		done
		# what is next to what becomes one
		head -c 3000000 /dev/urandom >flat
		expect 0 fsu_put i.img flat /f
		[ "$(extents i.img /f | wc -l)" -le 4 ]
		fsck_clean i.img
		fsu_cat i.img /f | cmp - flat
	done
}

@test "room that isn't written reads as zeros, and is written in parts" {
	for b in 1024 4096 65536; do
		ext4 i.img 64M -b $b -O ^has_journal
		printf 'hello\n' >hello
		expect 0 fsu_put i.img hello /f
		debugfs -w -R 'fallocate /f 1 40' i.img 2>/dev/null
		debugfs -w -R "sif /f size $((b * 41))" i.img 2>/dev/null
		extents i.img /f | grep -q Uninit
		cp hello want
		truncate -s $((b * 41)) want
		fsu_cat i.img /f | cmp - want
		expect 0 fsu_get i.img /f out
		cmp out want
		# a piece in the middle becomes data
		expect 0 fsu_truncate i.img -s $((b * 20 + 100)) /f
		printf appended | fsu_write i.img -a /f
		truncate -s $((b * 20 + 100)) want
		printf appended >>want
		fsu_cat i.img /f | cmp - want
		fsck_clean i.img
	done
}

@test "a file grows piece by piece, and shrinks" {
	ext4 i.img 64M -b 1024 -O ^has_journal
	: >want
	for i in $(seq 30); do
		head -c $((i * 1500)) /dev/urandom >piece
		cat piece >>want
		fsu_write i.img -a /f <piece
		[ $((i % 3)) -ne 0 ] || echo other | fsu_write i.img -a /g
	done
	fsu_cat i.img /f | cmp - want
	fsck_clean i.img
	for size in 600000 123457 1024 1 0; do
		expect 0 fsu_truncate i.img -s $size /f
		truncate -s $size want
		fsu_cat i.img /f | cmp - want
		fsck_clean i.img
	done
}

@test "what is made has extents: files, directories, long symlinks" {
	ext4 i.img 16M -O ^has_journal
	expect 0 fsu_mkdir i.img /d
	echo x | fsu_write i.img /d/f
	expect 0 fsu_ln i.img -s "$(printf 'x%.0s' $(seq 100))" /d/long
	expect 0 fsu_ln i.img -s short /d/short
	for f in /d /d/f /d/long; do
		debugfs -R "stat $f" i.img 2>/dev/null | grep -q 'Flags: 0x[0-9a-f]*8[0-9a-f]\{4\}$'
	done
	debugfs -R 'stat /d/short' i.img 2>/dev/null | grep -q 'Flags: 0x0$'
	fsck_clean i.img
}

@test "a full image: what doesn't fit leaves the old content" {
	ext4 i.img 8M -b 1024 -O ^has_journal
	head -c 3000000 /dev/urandom >old
	expect 0 fsu_put i.img old /f
	head -c 9000000 /dev/urandom >new
	expect 1 fsu_put i.img new /f
	fsck_clean i.img
	fsu_cat i.img /f | cmp - old
}
