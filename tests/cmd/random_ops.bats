# SPDX-License-Identifier: BSD-2-Clause
# Long random sequences of all writing commands, the same done by coreutils on a
# directory; see random_ops.py.  RANDOM_OPS=commands each (100), RANDOM_OPS_SEED=first
# seed (1): a longer run is
#	RANDOM_OPS=3000 RANDOM_OPS_SEED=$RANDOM sh tests/run.sh build/gcc cmd/random_ops.bats

load helper

setup() {
	command -v e2fsck >/dev/null || skip "no e2fsck"
	command -v debugfs >/dev/null || skip "no debugfs"
	command -v python3 >/dev/null || skip "no python3"
	fsu_setup
	seed=${RANDOM_OPS_SEED-1}
	count=${RANDOM_OPS-100}
}

teardown() {
	fsu_teardown
}

# ops SEED GRAIN(ns) mke2fs-option..
ops() {
	local n=$1 grain=$2
	shift 2
	truncate -s 32M r.img
	mke2fs -q -F -t ext2 "$@" r.img
	python3 "$BATS_TEST_DIRNAME/random_ops.py" --grain "$grain" r.img work $((seed + n)) "$count"
}

@test "blocks of 1024, inodes of 256" {
	ops 0 1 -b 1024 -I 256
}

@test "blocks of 1024, inodes of 128, small groups" {
	ops 100 1000000000 -b 1024 -I 128 -g 1024
}

@test "revision 0: no file types, no attributes" {
	truncate -s 32M r.img
	mke2fs -q -F -t ext2 -r 0 -b 1024 r.img
	python3 "$BATS_TEST_DIRNAME/random_ops.py" --grain 1000000000 --no-attrs r.img work \
		$((seed + 200)) "$count"
}

@test "blocks of 2048, without sparse_super and resize_inode, an indexed root" {
	ops 300 1 -b 2048 -I 512 -O ^sparse_super,^resize_inode,dir_index
}

@test "blocks of 4096" {
	ops 400 1 -b 4096
}

@test "blocks of 16384, inodes of 1024" {
	ops 500 1 -b 16384 -I 1024 -N 1500
}

@test "blocks of 65536" {
	truncate -s 120M r.img
	mke2fs -q -F -t ext2 -b 65536 -N 2000 r.img
	python3 "$BATS_TEST_DIRNAME/random_ops.py" --limit 3000000 r.img work $((seed + 600)) "$count"
}
