#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The System V boot file system: images of mkfs.bfs, ours read by a reader that isn't,
# files that must move, and moves that were cut off.

load helper

setup() { fsu_setup; }
teardown() { fsu_teardown; }

bfs() { python3 "$BATS_TEST_DIRNAME/bfs.py" "$@"; }

# order in which -n files of growing size are made in DIR
files() { # DIR N
	mkdir -p "$1"
	for i in $(seq "$2"); do head -c $((i * 700)) /dev/urandom >"$1/file$i"; done
}

@test "sysvbfs: makefs, read by another, by us, and told by blkid" {
	files tree 20
	ln tree/file3 tree/link
	: >tree/empty
	makefs -t sysvbfs img tree
	bfs check img
	for f in tree/*; do
		[ -s "$f" ] || continue
		bfs cat img "${f##*/}" | cmp - "$f"
	done
	fsu_get img -a / out
	diff -r tree out
	[ "$(stat -c %h out/link)" = 2 ]
	[ "$(blkid -o value -s TYPE img)" = bfs ]
	makefs -t bfs again tree
	cmp img again
}

@test "sysvbfs: the other byte order, made, filled and changed" {
	files tree 20
	makefs -t sysvbfs -B be img tree
	[ "$(od -An -tx1 -N4 img)" = " 1b ad fa ce" ]
	bfs check img
	for f in tree/*; do bfs cat img "${f##*/}" | cmp - "$f"; done
	fsu_get img -a / out
	diff -r tree out
	makefs -t sysvbfs -o order=be again tree
	cmp img again
	makefs -t sysvbfs -B le img tree
	[ "$(od -An -tx1 -N4 img)" = " ce fa ad 1b" ]
	newfs-img -t sysvbfs -B be -s 200k empty
	[ "$(od -An -tx1 -N4 empty)" = " 1b ad fa ce" ]
	fsu_put empty tree/* /
	fsu_mv empty file3 other
	fsu_rm empty file5
	bfs check empty
	bfs cat empty other | cmp - tree/file3
	expect 2 newfs-img -t sysvbfs -B middle -s 200k empty
	has "bad byte order 'middle' (le, be)"
	expect 2 makefs -t ext2 -B be img tree
	has "ext2 is little-endian"
	makefs -t cd9660 -B be img tree
}

@test "sysvbfs: images of mkfs.bfs" {
	[ -x /usr/sbin/mkfs.bfs ] || [ -x /sbin/mkfs.bfs ] || skip "no mkfs.bfs"
	files tree 12
	truncate -s 200K img
	mkfs.bfs -N 60 -V vol img
	run fsu_ls img -A
	[ "$status" -eq 0 ] && [ -z "$output" ]
	fsu_put img tree/* /
	bfs check img
	for f in tree/*; do bfs cat img "${f##*/}" | cmp - "$f"; done
	fsu_mv img file3 other
	fsu_rm img file5
	bfs check img
	fsu_cat img other | cmp - tree/file3
}

@test "sysvbfs: what can't be held is refused, with the path and why" {
	mkdir -p tree/sub
	echo x >tree/file
	run makefs -t sysvbfs img tree
	[ "$status" -eq 1 ]
	[[ $output == *"sub: is a directory"* ]]
	[ ! -e img ]
	rmdir tree/sub
	echo x >tree/a-name-of-15-by
	run makefs -t sysvbfs img tree
	[ "$status" -eq 1 ]
	[[ $output == *"a-name-of-15-by: the name is longer than the 14 bytes"* ]]
	rm tree/a-name*
	ln -s file tree/link
	run makefs -t sysvbfs img tree
	[ "$status" -eq 1 ]
	[[ $output == *"link: is no regular file"* ]]
	rm tree/link
	makefs -t sysvbfs -s 100k img tree
	run fsu_mkdir img /d
	[ "$status" -eq 1 ]
	run fsu_put img tree/file /a-name-of-15-by
	[ "$status" -eq 1 ]
	[[ $output == *"File name too long"* ]]
	bfs check img
}

@test "sysvbfs: scattered free blocks are used, to the last one" {
	files tree 30
	makefs -t sysvbfs img tree
	# Free every second file: gaps, none of them large enough for the sum.
	sum=0
	for i in $(seq 1 2 29); do
		fsu_rm img "file$i"
		rm "tree/file$i"
		sum=$((sum + (i * 700 + 511) / 512))
	done
	bfs check img
	head -c $((sum * 512)) /dev/urandom >tree/large
	# All that is free, and not a byte more.
	fsu_put img tree/large /
	bfs check img
	for f in tree/*; do bfs cat img "${f##*/}" | cmp - "$f"; done
	run fsu_put img tree/file2 /more
	[ "$status" -eq 1 ]
	[[ $output == *"No space left"* ]]
	bfs check img
}

@test "sysvbfs: growing a file that is not last" {
	files tree 10
	makefs -t sysvbfs -s +40k img tree
	head -c 3000 /dev/urandom >extra
	cat extra >>tree/file4
	fsu_write img -a file4 <extra
	bfs check img
	bfs cat img file4 | cmp - tree/file4
	# No room to move it: what is behind it makes way.
	free=$(fsu_df img --output=avail -B1 | tail -1)
	head -c "$((free))" /dev/urandom >extra
	cat extra >>tree/file1
	fsu_write img -a file1 <extra
	bfs check img
	for f in tree/*; do bfs cat img "${f##*/}" | cmp - "$f"; done
}

@test "sysvbfs: a move that was cut off is shown whole, and finished" {
	for way in down up; do
		rm -rf tree
		files tree 9
		makefs -t sysvbfs -s +3k img tree
		# file5 is the last in order of its making; make room in front of file6
		if [ $way = down ]; then
			name=file6 gap=file5
		else
			name=file4 gap=file5
		fi
		read -r first n < <(bfs blocks img $name)
		read -r gfirst gn < <(bfs blocks img $gap)
		fsu_rm img $gap
		rm tree/$gap
		if [ $way = down ]; then to=$gfirst; else to=$((first + gn)); fi
		[ "$n" -gt 0 ] && [ "$to" -ne "$first" ]
		for done in 0 $((gn * 512)) $((n * 512)); do
			[ $done -le $((n * 512)) ] || continue
			cp img cut
			bfs half cut $name "$to" $done
			before=$(sha256sum <cut)
			fsu_cat cut $name | cmp - tree/$name
			[ "$before" = "$(sha256sum <cut)" ]
			echo new | fsu_write cut file1
			bfs check cut
			bfs cat cut $name | cmp - tree/$name
		done
	done
}

@test "sysvbfs: random edits, compared with the host and checked" {
	truncate -s 120K img
	newfs-img -t sysvbfs -N 40 img
	mkdir host
	RANDOM=7
	for i in $(seq 150); do
		name=f$((RANDOM % 25))
		case $((RANDOM % 4)) in
		0) head -c $((RANDOM % 9000)) /dev/urandom >new
			if fsu_put img new /$name 2>/dev/null; then cp new host/$name; fi ;;
		1) head -c $((RANDOM % 3000)) /dev/urandom >new
			if fsu_write img -a $name <new 2>/dev/null; then cat new >>host/$name; fi ;;
		2) [ ! -e host/$name ] || { fsu_rm img $name && rm host/$name; } ;;
		3) size=$((RANDOM % 6000))
			if fsu_truncate img -c -s $size $name 2>/dev/null && [ -e host/$name ]; then
				truncate -s $size host/$name
			fi ;;
		esac
		bfs check img
	done
	fsu_get img -R / out
	diff -r host out
}
