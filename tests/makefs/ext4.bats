# SPDX-License-Identifier: BSD-2-Clause
# makefs -t ext3 and ext4: judged by e2fsck, read back whole, the same twice, and
# not larger than the tree.

load ../cmd/helper
load judge

setup() {
	command -v dumpe2fs >/dev/null || skip "no e2fsprogs"
	fsu_setup
	mktree tree
	mkdir tree/many
	head -c 9000000 /dev/urandom >tree/large # fewer than 2048 blocks have no journal
	(cd tree/many && seq -f 'a-name-of-some-length-%g' 3000 | xargs touch)
}

teardown() {
	fsu_teardown
}

# made TYPE makefs-option..: an image that is clean and the tree.
made() {
	local type=$1
	shift
	rm -rf i.img out
	makefs -t "$type" "$@" i.img tree
	fsck_clean i.img
	[ "$(blkid -p -o value -s TYPE i.img)" = "${want-$type}" ]
	fsu_get i.img -a / out
	rmdir out/lost+found # which gives the root another time
	diff <(manifest tree | sed '/^\.|/d') <(manifest out | sed '/^\.|/d')
}

# At most 2% or 256 KiB are free.
packed() {
	dumpe2fs -h i.img 2>/dev/null | awk '
		/^Block count:/ { n = $3 }
		/^Free blocks:/ { free = $3 }
		/^Block size:/ { size = $3 }
		END { exit !(free * 50 <= n || free * size <= 262144) }'
}

@test "ext3 and ext4, blocks of 1024 and 4096, with a journal and without" {
	local type block
	for type in ext3 ext4; do
		for block in 1024 4096; do
			made $type -o bsize=$block
			packed
			made $type -o bsize=$block,journal=8m
			packed
			dumpe2fs -h i.img 2>/dev/null | grep -q '^Total journal size: *8M$'
		done
	done
	made ext4 -o nojournal
	want=ext2 made ext3 -o nojournal
}

@test "features" {
	local o
	for o in ^metadata_csum,features=uninit_bg features=metadata_csum_seed ^64bit ^extent \
		^flex_bg,^resize_inode ^huge_file,^dir_nlink,^extra_isize; do
		made ext4 -o "$o"
		packed
	done
}

@test "twice the same; from an archive too" {
	local t=2001-02-03T04:05:06Z
	makefs -t ext4 -T "$t" a.img tree
	makefs -t ext4 -T "$t" b.img tree
	cmp a.img b.img
	tar --format=pax --sparse --sort=name -C tree -cf t.tar .
	makefs -t ext4 t.img t.tar
	makefs -t ext4 d.img tree
	fsck_clean t.img
	[ "$(stat -c %s t.img)" = "$(stat -c %s d.img)" ]
}

@test "a hole, a large file of many extents" {
	rm -r tree/many
	truncate -s 3g tree/holes
	for i in $(seq 0 2 400); do
		printf x | dd of=tree/holes bs=1 seek=$((i * 5000000)) conv=notrunc status=none
	done
	makefs -t ext4 i.img tree
	fsck_clean i.img
	fsu_get i.img /holes got
	cmp got tree/holes
	[ "$(du -k got | cut -f1)" -lt 10000 ]
}
