#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# ISO 9660 images of other writers, in all the flavours that they have: listed and read
# back as the tree that they were made of.

load helper

setup() { fsu_setup; }
teardown() { fsu_teardown; }

# Names that every flavour can hold as they are.
small_tree() {
	mkdir -p tree/dir/sub/a/b tree/empty
	for n in 1 2047 2048 2049 40000 300000; do head -c "$n" /dev/urandom >"tree/f$n.bin"; done
	: >tree/zero.txt
	echo bottom >tree/dir/sub/a/b/bottom.txt
	mkdir tree/many
	for i in $(seq 200); do echo "$i" >"tree/many/n$i.txt"; done
}

# ... that Joliet can.
joliet_tree() {
	small_tree
	echo x >"tree/A name with blanks, and dots.in.it"
	echo y >"tree/$(printf 'l%.0s' $(seq 60)).txt"
	echo z >"tree/ünïcödé-日本.Text"
	mkdir "tree/dir/MixedCase"
	echo u >tree/dir/MixedCase/UPPER
}

# ... that Rock Ridge can.
ridge_tree() {
	joliet_tree
	mkdir -p tree/1/2/3/4/5/6/7/8/9/10/11
	echo deep >tree/1/2/3/4/5/6/7/8/9/10/11/file
	echo c >'tree/a:b*c?d"e'
	touch "tree/$(printf 'n%.0s' $(seq 240))"
	ln -s ../dir/./sub tree/dir/link
	ln -s nowhere tree/dangling
	ln -s / tree/root
	ln -s "$(printf 'part/%.0s' $(seq 12))end" tree/long
	mkfifo tree/fifo
	chmod 4711 tree/f1.bin
	chmod 600 tree/f2047.bin
	chmod 1777 tree/empty
	touch -d '1999-12-31 23:59:58' tree/f2048.bin
	touch -h -d '2030-01-02 03:04:05' tree/dangling
	touch -d '2001-02-03 04:05:06' tree/dir/sub
	if [ "$(id -u)" = 0 ]; then
		chown 1234:4321 tree/f2049.bin
		mknod tree/device b 8 17
	fi
}

# What is in an image, by fsu_find, and what is in the tree, by find.
full='%P|%y|%m|%U:%G|%l|%Ts'
bare='%P|%y'
listed() { # IMAGE FORMAT [OPTION..]
	local img=$1 format=$2
	shift 2
	fsu_find "$@" "$img" / -mindepth 1 '(' -name rr_moved -o -name .rr_moved -o -name boot.catalog ')' -prune \
		-o -type f -printf "$format|%s\n" -o -mindepth 1 -printf "$format\n" | LC_ALL=C sort
}
wanted() { # FORMAT
	(cd tree && find . -mindepth 1 -type f -printf "$1|%s\n" -o -mindepth 1 -printf "$1\n") | LC_ALL=C sort
}

# same IMAGE FORMAT [MOUNT OPTION..]: listed, read file by file, and got as a whole.
same() {
	local img=$1 format=$2 sums
	shift 2
	wanted "$format" >want
	listed "$img" "$format" "$@" >got
	diff want got || return 1
	rm -rf out
	fsu_get "$@" "$img" -R / out || return 1
	rm -rf out/rr_moved out/.rr_moved out/boot.catalog
	(cd tree && find . -type f -exec sha256sum {} +) | LC_ALL=C sort -k2 >want
	(cd out && find . -type f -exec sha256sum {} +) | LC_ALL=C sort -k2 >got
	diff want got || return 1
	fsu_tar "$@" "$img" -c / | tar -xOf - f40000.bin | cmp - tree/f40000.bin
}

need() { command -v "$1" >/dev/null || skip "no $1"; }
xo() { xorriso -as mkisofs -quiet "$@" tree 2>xorriso.log; }
gen() { genisoimage -quiet "$@" tree 2>genisoimage.log; }
btar() { # IMAGE OPTIONS
	(cd tree && bsdtar --format iso9660 ${2:+--options "$2"} -cf "../$1" -- *)
}

@test "xorriso, Rock Ridge: alone, with Joliet, with HFS+, unpadded, in two sessions" {
	need xorriso
	ridge_tree
	xo -R -o plain.iso
	same plain.iso "$full"
	xo -R -J -joliet-long -o joliet.iso
	same joliet.iso "$full"
	xo -R -hfsplus -o hfs.iso
	same hfs.iso "$full"
	xo -R -no-pad -o nopad.iso
	same nopad.iso "$full"
	# a second session: its tree is the one that counts
	mv tree/f40000.bin f40000.bin
	xo -R -o two.iso
	mv f40000.bin tree/
	xorriso -dev two.iso -map tree/f40000.bin /f40000.bin -commit -end 2>xorriso.log
	same two.iso '%P|%y|%m|%U:%G|%l'
}

@test "xorriso: hybrids for sticks, with an offset and with a partition behind" {
	need xorriso
	ridge_tree
	head -c 432 /dev/urandom >mbr
	head -c 4096 /dev/urandom >tree/bios.bin
	truncate -s 1440K tree/efi.img
	truncate -s 2M appended
	boot="-b bios.bin -no-emul-boot -boot-load-size 4 -boot-info-table -eltorito-alt-boot -e efi.img -no-emul-boot"
	# bios.bin gets its table in the image
	# shellcheck disable=SC2086
	xo -R -J $boot -isohybrid-mbr mbr -isohybrid-gpt-basdat -o gpt.iso
	fsu_cat gpt.iso /bios.bin >tree/bios.bin
	same gpt.iso '%P|%y|%m|%U:%G|%l'
	# shellcheck disable=SC2086
	xo -R $boot -isohybrid-mbr mbr -partition_offset 16 -o offset.iso
	fsu_cat offset.iso /bios.bin >tree/bios.bin
	same offset.iso '%P|%y|%m|%U:%G|%l'
	same "offset.iso%MBR:1%" '%P|%y|%m|%U:%G|%l'
	rm tree/bios.bin
	xo -R -append_partition 2 0xef appended -o appended.iso
	same appended.iso "$full"
}

@test "xorriso: Joliet alone, and plain names of each level" {
	need xorriso
	joliet_tree
	xo --norock -J -joliet-long -o joliet.iso
	same joliet.iso "$bare"
	xo -R -J -joliet-long -o both.iso
	same both.iso "$bare" -o norrip
	rm -rf tree
	small_tree
	for level in 1 2 3 4; do
		xo --norock -iso-level $level -o level.iso
		same level.iso "$bare"
		rm level.iso
	done
	xo -R -J -o both.iso
	same both.iso "$bare" -o norrip,nojoliet
}

@test "genisoimage, Rock Ridge: alone, with Joliet, UDF, deep without moving" {
	need genisoimage
	ridge_tree
	rm -f tree/device # it writes numbers its own way
	# moved directories show another time
	sometimes='%P|%y|%m|%U:%G|%l'
	gen -R -o plain.iso
	same plain.iso "$sometimes"
	gen -R -J -joliet-long -hide-rr-moved -o joliet.iso
	same joliet.iso "$sometimes"
	gen -R -udf -o udf.iso
	same udf.iso "$sometimes"
	gen -R -D -o deep.iso
	same deep.iso "$full"
}

@test "genisoimage: Joliet alone, and plain names of each level" {
	need genisoimage
	joliet_tree
	gen -J -joliet-long -input-charset utf-8 -o joliet.iso
	same joliet.iso "$bare" -o norrip
	rm -rf tree
	small_tree
	for level in 1 2 3 4; do
		gen -iso-level $level -o level.iso
		same level.iso "$bare"
		rm level.iso
	done
}

@test "bsdtar: all extensions, each alone, none" {
	need bsdtar
	ridge_tree
	# it writes modes as it likes, and takes a name's beginning for a drive
	rm -f tree/fifo tree/device tree/a:b*
	some='%P|%y|%l'
	btar both.iso
	same both.iso "$some"
	btar ridge.iso '!joliet'
	same ridge.iso "$some"
	rm -rf tree
	joliet_tree
	btar joliet.iso '!rockridge,joliet=long'
	same joliet.iso "$bare"
	rm -rf tree
	small_tree
	btar plain.iso '!rockridge,!joliet'
	same plain.iso "$bare"
	btar level4.iso '!rockridge,!joliet,iso-level=4'
	same level4.iso "$bare"
}

@test "zisofs: mkzftree with genisoimage and xorriso, xorriso's filter" {
	need mkzftree
	need genisoimage
	need xorriso
	small_tree
	seq 300000 >tree/text
	truncate -s 1M tree/zeros
	: >tree/none
	for n in 32767 32768 32769 65536; do seq 100000 | head -c "$n" >"tree/z$n"; done
	mv tree plain
	mkzftree plain tree
	gen -R -z -o gen.iso
	xo -R -z -o xo.iso
	# without Rock Ridge nobody can tell that it is compressed
	rm -rf tree
	mv plain tree
	[ "$(stat -c %s gen.iso)" -lt 2000000 ]
	same gen.iso "$bare"
	same xo.iso "$bare"
	xorriso -outdev filter.iso -map tree / -set_filter_r --zisofs / -- 2>xorriso.log
	same filter.iso "$bare"
	# (libarchive's zisofs=direct loses bytes where its buffer of 64 KiB is full: no reader
	# gets those files back, its own included)
}

@test "blocks of 512 and 1024 bytes" {
	small_tree
	for size in 512 1024 2048; do
		python3 "$BATS_TEST_DIRNAME/iso_blocks.py" "$size" blocks.iso tree
		same blocks.iso "$bare"
		[ "$(fsu_stat blocks.iso -f -c %S /)" = "$size" ]
	done
}

# The file's corners are marked, the rest is a hole.
big_tree() {
	mkdir tree
	truncate -s 4400M tree/huge
	for at in 0 4294965240 4294967290 4613734391; do
		printf 'mark%012d' "$at" | head -c 9 | dd of=tree/huge bs=1 seek="$at" conv=notrunc status=none
	done
	echo behind >tree/small
}

same_big() { # IMAGE
	[ "$(fsu_stat "$1" -c %s /huge)" = 4613734400 ]
	[ "$(fsu_cat "$1" /small)" = behind ]
	rm -f huge
	fsu_get "$1" /huge huge
	python3 - <<-'END'
		import os
		a, b = os.open("tree/huge", os.O_RDONLY), os.open("huge", os.O_RDONLY)
		size = 4613734400
		assert os.fstat(b).st_size == size
		places = list(range(0, size, 97 << 20)) + [0xfffff7ff - 70000, (1 << 32) - 70000, size - 140000]
		assert all(os.pread(a, 140000, off) == os.pread(b, 140000, off) for off in places)
	END
	rm -f huge
}

@test "a file above 4 GiB, in several extents" {
	big_tree
	makefs -t cd9660 ours.iso tree
	[ "$(($(stat -c %b ours.iso) * 512))" -lt 10000000 ] || skip "no holes on this file system"
	same_big ours.iso
	# a foreign reader agrees on what there is
	if command -v xorriso >/dev/null; then
		xorriso -indev ours.iso -lsl / 2>/dev/null | grep "4613734400 .*'huge'"
	fi
}

@test "a file above 4 GiB, of xorriso (FSU_BIG=1: it writes 4.4 GB)" {
	[ -n "${FSU_BIG-}" ] || skip "FSU_BIG isn't set"
	need xorriso
	big_tree
	xo -R -iso-level 3 -o xo.iso
	same_big xo.iso
}
