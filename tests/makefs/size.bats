# SPDX-License-Identifier: BSD-2-Clause
# Sizes: never too small, never much too large, and as wished.

load ../cmd/helper
load judge

setup() {
	fsu_setup
	mktree tree
}
teardown() { fsu_teardown; }

@test "-s is exact, however odd" {
	for s in 4m 4000000 5000001 9m 33m 100m; do
		makefs -s $s x.img tree
		fsck_clean x.img
	done
	makefs -s 5000001 x.img tree
	[ "$(stat -c %s x.img)" -eq 5000001 ]
	[ "$(figure x.img 'Free inodes')" -gt 100 ]
	holds x.img tree
	makefs -s 2x1024x1024x2 x.img tree
	[ "$(stat -c %s x.img)" -eq 4194304 ]
}

@test "-s +SIZE is what is needed and so much more" {
	makefs a.img tree
	makefs -s +3m b.img tree
	fsck_clean b.img
	d=$(($(stat -c %s b.img) - $(stat -c %s a.img)))
	[ $d -ge 3145728 ] && [ $d -le 3500000 ]
	[ "$(free_bytes b.img)" -ge 3145728 ]
	n=$(dumpe2fs -h b.img 2>/dev/null | sed -n 's/^Free inodes: *//p')
	[ "$n" -ge 384 ] # an inode for each 8 KiB
	makefs -s +3m -f 5 c.img tree
	n=$(dumpe2fs -h c.img 2>/dev/null | sed -n 's/^Free inodes: *//p')
	[ "$n" -ge 5 ] && [ "$n" -lt 384 ]
}

@test "-s that is too small: how much is missing, and what to say" {
	size=$(makefs -n x.img tree)
	expect 1 makefs -s 100k x.img tree
	has "needs"
	has "say -s"
	[ ! -e x.img ]
	n=$(printf '%s\n' "$output" | sed -n 's/.*say -s \([0-9]*\).*/\1/p')
	makefs -s "$n" x.img tree
	fsck_clean x.img
	expect 1 makefs -m 200k y.img tree
	has "needs"
	[ ! -e y.img ]
	[ "$size" -gt 200000 ]
}

@test "-M and -m bound it" {
	makefs -M 20m x.img tree
	fsck_clean x.img
	[ "$(stat -c %s x.img)" -ge 20971520 ]
	makefs -M 100k x.img tree
	tight x.img
	makefs -m 20m x.img tree
	tight x.img
	expect 2 makefs -M 20m -m 10m y.img tree
	expect 2 makefs -s 5m -M 10m y.img tree
	expect 2 makefs -s 5m -m 1m y.img tree
	[ ! -e y.img ]
}

@test "-b and -f leave blocks and inodes free" {
	makefs -b 2000 -f 300 x.img tree
	fsck_clean x.img
	[ "$(figure x.img 'Free blocks')" -ge 2000 ]
	[ "$(figure x.img 'Free inodes')" -ge 300 ]
	[ "$(figure x.img 'Free blocks')" -le 2400 ]
	makefs x.img tree
	n=$(stat -c %s x.img)
	makefs -b 50% -f 100% y.img tree
	fsck_clean y.img
	[ "$(free_bytes y.img)" -ge $((n / 2 - 65536)) ]
	[ "$(figure y.img 'Free inodes')" -ge 15 ]
	for bad in x -5 5%% ''; do
		expect 2 makefs -b "$bad" z.img tree
	done
}

@test "-S rounds the image to sectors" {
	makefs -S 4096 x.img tree
	[ $(($(stat -c %s x.img) % 4096)) -eq 0 ]
	expect 2 makefs -S 1000 x.img tree
}

@test "no size is too small: files of each length around a block" {
	for b in 1024 4096; do
		rm -rf t
		mkdir t
		for n in 0 1 $((b - 1)) $b $((b + 1)) $((12 * b)) $((12 * b + 1)) $(((12 + b / 4) * b)) $(((12 + b / 4) * b + 1)); do
			head -c $n /dev/urandom >t/f$n
			makefs -o bsize=$b x.img t
			fsck_clean x.img
			[ "$(free_bytes x.img)" -le 262144 ]
		done
		holds x.img t
	done
}

@test "directories of each length around a block, inodes around a block" {
	mkdir t
	for n in $(seq 1 40); do
		mkdir "t/$(printf "%0$((n * 6))d" $n)"
		: >"t/f$n"
		makefs -o bsize=1024 x.img t
		fsck_clean x.img
	done
	holds x.img t
}

@test "to the last block and inode: -s that is just enough, one block less" {
	head -c 3000000 /dev/urandom >tree/data
	for b in 1024 4096; do
		n=$(makefs -n -o bsize=$b x.img tree)
		makefs -o bsize=$b -s "$n" x.img tree
		fsck_clean x.img
		[ "$(free_bytes x.img)" -le 65536 ]
		holds x.img tree
		rm x.img
		expect 1 makefs -o bsize=$b -s $((n - 300000)) x.img tree
		[ ! -e x.img ]
	done
}

@test "group boundaries: trees of 7 to 10 MB in blocks of 1 KiB" {
	mkdir t
	for i in $(seq 1 7); do head -c 1000000 /dev/urandom >t/$i; done
	for i in $(seq 8 26); do
		head -c 97000 /dev/urandom >t/$i
		makefs -o bsize=1024 x.img t
		fsck_clean x.img
		[ "$(free_bytes x.img)" -le 262144 ]
	done
	holds x.img t
}

@test "sources that grow or shrink meanwhile are told: status 1, a clean image" {
	mkdir t
	head -c 5000 /dev/urandom >t/grows
	head -c 5000 /dev/urandom >t/shrinks
	head -c 5000 /dev/urandom >t/goes
	cp -r t was
	mkfifo spec # read after the tree was scanned, before files are copied
	makefs -F spec x.img t 2>messages &
	pid=$!
	exec 8>spec
	sleep 0.3
	head -c 10000 /dev/urandom >>t/grows
	truncate -s 1000 t/shrinks
	rm t/goes
	echo '. type=dir' >&8
	exec 8>&-
	status=0
	wait $pid || status=$?
	cat messages
	[ "$status" -eq 1 ]
	grep 'grows: grew' messages
	grep 'shrinks: shrank' messages
	grep 'goes: No such file' messages
	fsck_clean x.img
	debugfs -R 'dump grows out' x.img 2>/dev/null
	cmp out was/grows
	debugfs -R 'dump shrinks out' x.img 2>/dev/null
	[ "$(stat -c %s out)" -eq 5000 ]
	cmp -n 1000 out was/shrinks
	[ "$(tail -c 4000 out | tr -d '\0' | wc -c)" -eq 0 ]
	debugfs -R 'dump goes out' x.img 2>/dev/null
	[ "$(tr -d '\0' <out | wc -c)" -eq 0 ]
}

@test "a file larger than blocks of 1 KiB can map is refused by name" {
	mkdir t
	truncate -s 20G t/huge
	expect 1 makefs -o bsize=1024 x.img t
	has "huge"
	[ ! -e x.img ]
	makefs -o bsize=4096 x.img t
	fsck_clean x.img
}

@test "small trees have larger blocks where something in them needs those" {
	mkdir big link attr
	truncate -s 20G big/file
	ln -s "$(printf 'l%.0s' $(seq 1500))" link/link
	echo x >attr/file
	setfattr -n user.long -v "$(printf 'v%.0s' $(seq 2000))" attr/file
	for t in big link attr; do
		makefs $t.img $t
		fsck_clean $t.img
		[ "$(figure $t.img 'Block size')" -eq 4096 ]
	done
	fsu_get link.img -R link out
	[ "$(readlink out)" = "$(readlink link/link)" ]
	fsu_get attr.img -R -p file got
	getfattr --only-values -n user.long got | grep -q '^v\{2000\}$'
}

@test "attributes and symlinks that no block holds are named; blocks grow for them" {
	mkdir t
	ln -s "$(printf 'y%.0s' $(seq 1500))" t/link
	echo x >t/file
	makefs x.img t
	[ "$(figure x.img 'Block size')" -eq 4096 ]
	holds x.img t
	expect 1 makefs -o bsize=1024 y.img t
	has "link: is a symlink whose target is longer than a block"
	[ ! -e y.img ]
	setfattr -n user.a -v "$(printf 'a%.0s' $(seq 3000))" t/file 2>/dev/null || skip "no attributes here"
	makefs x.img t
	holds x.img t
	setfattr -n user.b -v "$(printf 'b%.0s' $(seq 950))" t/file
	setfattr -n user.c -v "$(printf 'c%.0s' $(seq 110))" t/file || skip "the host's blocks are smaller"
	expect 1 makefs -o bsize=4096 y.img t
	has "file: its extended attributes don't all fit"
	fsck_clean y.img
	makefs -o bsize=8192 z.img t
	fsck_clean z.img
}

@test "what cannot be is status 2 and makes nothing" {
	for o in bsize=3000 isize=100 isize=8192 uuid=1 owner=x owner=1 owner=:1 nothing label=seventeen-letters \
		version=2 features=bigalloc sparse=yes minfree=60; do
		expect 2 makefs -o $o x.img tree
	done
	expect 2 makefs -t nofs x.img tree
	expect 2 makefs -B be x.img tree
	expect 2 makefs -B le
	expect 2 makefs x.img
	expect 2 makefs -s 0 x.img tree
	expect 2 makefs -T never x.img tree
	expect 2 makefs -F nowhere x.img tree
	expect 0 makefs -B le -Z x.img tree
	expect 0 makefs --help
	has "usage: makefs"
	expect 0 makefs --version
}
