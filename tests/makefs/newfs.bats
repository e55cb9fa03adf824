# SPDX-License-Identifier: BSD-2-Clause
# newfs-img: compared with mke2fs, judged by e2fsck.

load ../cmd/helper
load judge

setup() { fsu_setup; }
teardown() { fsu_teardown; }

# The figures that users know a file system by.
figures() {
	dumpe2fs -h "$1" 2>/dev/null | grep -E '^(Filesystem revision|Filesystem features|Filesystem flags|Default mount|Errors|Inode count|Block count|Reserved block count|Overhead|Free blocks|Free inodes|First block|Block size|Reserved GDT|Blocks per group|Inodes per group|Inode blocks per group|Maximum mount|Check interval|Reserved blocks|First inode|Inode size|Required extra|Desired extra|Default directory)'
}

same_as_mke2fs() { # SIZE [options of both]
	local size=$1
	shift
	rm -f a.img b.img
	truncate -s "$size" a.img
	mke2fs -q -F -t ext2 "$@" a.img >/dev/null 2>&1
	newfs-img -t ext2 -s "$size" "$@" b.img
	fsck_clean b.img
	diff <(figures a.img) <(figures b.img)
}

@test "sizes, features and ratios are mke2fs's" {
	for size in 1M 3145728 20M 100M 511M 600M 5G 200G; do
		same_as_mke2fs $size
	done
}

@test "and with options" {
	same_as_mke2fs 50M -b 1024
	same_as_mke2fs 50M -b 4096 -I 128
	same_as_mke2fs 50M -b 2048 -i 65536
	same_as_mke2fs 300M -b 4096 -m 0
	same_as_mke2fs 300M -m 12.5
	same_as_mke2fs 70M -O ^resize_inode
	same_as_mke2fs 70M -O ^sparse_super,^resize_inode
	same_as_mke2fs 70M -O none,dir_index,filetype -I 128
}

@test "block sizes from 1 to 64 KiB, odd and tiny sizes" {
	for b in 1024 2048 4096 8192 16384 32768 65536; do
		newfs-img -b $b -s 40000001 x.img
		fsck_clean x.img
		[ "$(figure x.img 'Block size')" -eq $b ]
		[ "$(stat -c %s x.img)" -eq 40000001 ]
	done
	newfs-img -s 64k tiny.img
	fsck_clean tiny.img
	[ "$(figure tiny.img 'Free inodes')" -ge 1 ]
	for n in 8392704 8393000 8440000 8500000 16777216 16800000 25170000; do
		newfs-img -b 1024 -s $n y.img
		fsck_clean y.img
	done
}

@test "label, UUID, time, inode count, revision 0" {
	newfs-img -s 10m -L name -U 01234567-89ab-4def-8123-456789abcdef -T 1000000000 -N 5000 x.img
	fsck_clean x.img
	[ "$(figure x.img 'Filesystem volume name')" = name ]
	[ "$(figure x.img 'Filesystem UUID')" = 01234567-89ab-4def-8123-456789abcdef ]
	[ "$(figure x.img 'Filesystem created')" = "Sun Sep  9 01:46:40 2001" ]
	[ "$(figure x.img 'Inode count')" -ge 5000 ]
	newfs-img -s 10m -r 0 old.img
	fsck_clean old.img
	[ "$(figure old.img 'Filesystem revision #')" = "0 (original)" ]
}

@test "the same options give the same bytes, and the image is sparse" {
	newfs-img -s 2g -U 01234567-89ab-4def-8123-456789abcdef -T 2020-01-01 a.img
	newfs-img -s 2g -U 01234567-89ab-4def-8123-456789abcdef -T 1577836800 b.img
	cmp a.img b.img
	[ "$(du -k a.img | cut -f1)" -lt 3000 ]
}

@test "Linux mounts it" {
	need_root
	newfs-img -s 10m x.img
	mkdir m
	mount -o loop x.img m || skip "no loop mounts here"
	echo hello >m/f
	umount m
	fsck_clean x.img
	[ "$(debugfs -R 'cat f' x.img 2>/dev/null)" = hello ]
}

@test "what cannot be is refused in one line, status 2, and nothing is made" {
	for args in "-s 5k" "-s 10m -b 3000" "-s 10m -b 128k" "-s 10m -I 100" \
		"-s 10m -I 8192" "-s 10m -N 9999999" "-s 10m -O bigalloc" "-s 10m -O ^sparse_super" \
		"-s 10m -L seventeen-letters" "-s 17592186044416k -b 1024"; do
		# shellcheck disable=SC2086
		expect 2 newfs-img $args x.img
		[ ! -e x.img ]
	done
	for args in "-s -1" "-s 1q" "-m 60" "-m x" "-U 123" "-T never" "-t nofs -s 1m" "x.img y.img"; do
		# shellcheck disable=SC2086
		expect 2 newfs-img $args x.img
		[ ! -e x.img ]
	done
	expect 2 newfs-img x.img
	has "-s SIZE"
	expect 2 newfs-img
	[ ! -e x.img ]
}

@test "an existing image keeps its size without -s" {
	newfs-img -s 7m x.img
	newfs-img -b 4096 x.img
	[ "$(stat -c %s x.img)" -eq $((7 * 1024 * 1024)) ]
	[ "$(figure x.img 'Block size')" -eq 4096 ]
	fsck_clean x.img
}

@test "to standard output" {
	newfs-img -s 3m - | cat >x.img
	fsck_clean x.img
}

@test "a time that the format can't hold is said" {
	expect 0 newfs-img -T 99999999999999 -s 2m x.img
	has "ext2: times outside of -2147483648..15032385535 can't be held: changed to the nearest"
	one_line
	[ "$(fsu_stat x.img -c %Y /)" = 15032385535 ]
	expect 0 newfs-img -I 128 -T 2200000000 -s 2m x.img
	has "outside of -2147483648..2147483647"
	[ "$(fsu_stat x.img -c %Y /)" = 2147483647 ]
	expect 0 newfs-img -T 2200000000 -s 2m x.img
	[ -z "$output" ]
	fsck_clean x.img
}
