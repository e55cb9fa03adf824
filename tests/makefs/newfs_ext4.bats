# SPDX-License-Identifier: BSD-2-Clause
# Empty ext3 and ext4 by newfs-img: clean for e2fsck in every size, block size and
# set of features, what dumpe2fs says of them, and resize2fs both ways.

load ../cmd/helper

setup() {
	command -v dumpe2fs >/dev/null || skip "no e2fsprogs"
	fsu_setup
}

teardown() {
	fsu_teardown
}

# clean newfs-img-option..
clean() {
	rm -f n.img
	newfs-img "$@" n.img
	fsck_clean n.img || {
		echo "newfs-img $*"
		return 1
	}
}

@test "ext3 and ext4 of all sizes" {
	local type size block
	for type in ext3 ext4; do
		for size in 1m 4m 40m 600m 2g 40g; do
			for block in 1024 4096 65536; do
				clean -t $type -b $block -s $size
			done
		done
	done
}

@test "features that are left out or added" {
	local o
	for o in ^metadata_csum,uninit_bg metadata_csum_seed,large_dir ^64bit ^extent \
		^flex_bg,^resize_inode ^has_journal ^dir_index,^huge_file ^sparse_super,^resize_inode; do
		clean -t ext4 -s 300m -O "$o"
		clean -t ext4 -s 20m -b 1024 -O "$o"
	done
	for o in 128 512 1024; do
		clean -t ext4 -b 4096 -s 300m -I $o
		clean -t ext3 -b 4096 -s 300m -I $o
	done
}

@test "dumpe2fs, file and blkid see what mke2fs makes" {
	clean -t ext4 -s 600m -L name -G 8
	dumpe2fs n.img >dump 2>&1
	mke2fs -q -F -t ext4 m.img 600m
	dumpe2fs m.img >mdump 2>&1
	for what in "Filesystem features:" "Inode count:" "Block count:" "Reserved GDT blocks:" \
		"Inode size:" "Total journal size:" "Total journal blocks:" "Checksum type:"; do
		[ "$(grep "^$what" dump)" = "$(grep "^$what" mdump)" ]
	done
	grep -q '^Flex block group size: *8$' dump
	file n.img | grep -q ext4
	[ "$(blkid -p -o value -s TYPE n.img)" = ext4 ]
	[ "$(blkid -p -o value -s LABEL n.img)" = name ]
	clean -t ext3 -s 600m
	[ "$(blkid -p -o value -s TYPE n.img)" = ext3 ]
}

@test "the journal: its size, none where there is no room" {
	clean -t ext4 -s 600m -J size=32
	dumpe2fs n.img 2>/dev/null | grep -q '^Total journal size: *32M$'
	clean -t ext3 -b 1024 -s 600m -J size=100
	dumpe2fs n.img 2>/dev/null | grep -q '^Total journal size: *100M$'
	clean -t ext4 -s 5g -J size=700 # more than one group
	dumpe2fs n.img 2>/dev/null | grep -q '^Total journal size: *700M$'
	clean -t ext4 -s 1m # mke2fs makes none either
	! dumpe2fs -h n.img 2>/dev/null | grep -q has_journal
	run newfs-img -t ext4 -s 600m -J size=1 o.img
	[ "$status" -eq 2 ]
	has "a journal has 1024 to"
	run newfs-img -t ext4 -s 20m -J size=64 o.img
	[ "$status" -ne 0 ]
	[ ! -e o.img ]
	for bad in size= size=x 0 -1 12q; do
		run newfs-img -t ext4 -s 600m -J "$bad" o.img
		[ "$status" -eq 2 ]
	done
}

@test "resize2fs grows and shrinks it" {
	for type in ext3 ext4; do
		clean -t $type -s 200m
		resize2fs n.img 900m >/dev/null 2>&1
		fsck_clean n.img
		resize2fs -f n.img 100m >/dev/null 2>&1
		fsck_clean n.img
	done
}

@test "the same options give the same bytes" {
	newfs-img -t ext4 -s 100m -U 01234567-89ab-4def-8123-456789abcdef -T 1000000000 a.img
	newfs-img -t ext4 -s 100m -U 01234567-89ab-4def-8123-456789abcdef -T 1000000000 b.img
	cmp a.img b.img
}

@test "what can't be" {
	run newfs-img -t ext4 -s 20m -O bigalloc n.img
	[ "$status" -eq 2 ]
	has bigalloc
	run newfs-img -t ext4 -s 20m -O ^metadata_csum,metadata_csum_seed n.img
	[ "$status" -eq 2 ]
	run newfs-img -t ext2 -s 20m -J size=4 n.img
	[ "$status" -eq 2 ]
	[ ! -e n.img ]
}
