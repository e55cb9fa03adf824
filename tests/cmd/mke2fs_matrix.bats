# SPDX-License-Identifier: BSD-2-Clause
# Images that mke2fs made of a tree, in each geometry and set of features: what
# fsu_ls -laR lists and what fsu_get -a reads is the tree, and reading changes no
# byte.  What the driver does not know is refused by name, or only read.

load helper

setup_file() {
	command -v mke2fs >/dev/null || skip "no mke2fs"
	command -v python3 >/dev/null || skip "no python3"
	export TREES=$BATS_FILE_TMPDIR
	python3 "$BATS_TEST_DIRNAME/fulltree.py" "$TREES/full" huge
	# Where the format has no attributes, mke2fs fails on them.
	python3 "$BATS_TEST_DIRNAME/fulltree.py" "$TREES/plain"
	rm -r "$TREES/plain/attrs"
}

setup() {
	fsu_setup
}

teardown() {
	fsu_teardown
}

# listing: an ls -laR without what a file system decides: directories' sizes and
# links, totals, the order of folders.
listing() {
	awk '
	/:$/ { dir = $0; sub(/^\.\//, "/", dir); sub(/^\.:$/, "/:", dir); next }
	/^total / || NF == 0 { next }
	$NF == "." || $NF == ".." || $NF == "lost+found" || dir == "/lost+found:" { next }
	{ $1 = $1 } # the width of columns depends on directories
	/^d/ { $2 = $5 = "-" }
	{ print dir, $0 }' | LC_ALL=C sort
}

# same_listing TREE IMAGE
same_listing() {
	(cd "$1" && LC_ALL=C ls -laR --time-style=+%s) | listing >want.ls
	LC_ALL=C fsu_ls "$2" -laR --time-style=+%s / | listing >got.ls
	[ "$(wc -l <want.ls)" -gt 1500 ]
	diff want.ls got.ls | head -20
	cmp -s want.ls got.ls
}

# matrix TREE SIZE mke2fs-option..
matrix() {
	local tree=$TREES/$1 size=$2 before
	shift 2
	truncate -s "$size" i.img
	mke2fs -q -F -d "$tree" "$@" i.img >mke2fs.out 2>&1 || {
		cat mke2fs.out
		return 1
	}
	fsck_clean i.img # mke2fs's own work, before we are blamed
	before=$(sum i.img)
	same_listing "$tree" i.img
	fsu_get i.img -a / out 2>err || {
		cat err
		return 1
	}
	# An ordinary user is told of lost+found, whose owner is root.
	[ ! -s err ] || [ "$(id -u)" -ne 0 ]
	# This mke2fs leaves out nanoseconds, and the time of the top.
	python3 "$BATS_TEST_DIRNAME/treecmp.py" --seconds --holes 65536 \
		--skip . --skip lost+found "$tree" out
	[ "$(sum i.img)" = "$before" ]
	rm -rf out i.img
}

@test "as -t ext2 has it by default" {
	matrix full 40M -t ext2
}

@test "revision 0" {
	matrix plain 40M -t ext2 -r 0 -b 1024
}

@test "revision 1 without a feature" {
	matrix plain 40M -t ext2 -O none -b 1024
}

@test "revision 1 without a feature, blocks of 4096" {
	matrix plain 40M -t ext2 -O none -b 4096
}

@test "inodes of 128 bytes, blocks of 1024" {
	matrix full 40M -t ext2 -b 1024 -I 128
}

@test "inodes of 256 bytes, blocks of 1024" {
	matrix full 40M -t ext2 -b 1024 -I 256
}

@test "inodes of 512 bytes, blocks of 2048" {
	matrix full 40M -t ext2 -b 2048 -I 512
}

@test "inodes of 1024 bytes, blocks of 1024" {
	matrix full 40M -t ext2 -b 1024 -I 1024
}

@test "inodes of 4096 bytes, blocks of 4096" {
	matrix full 64M -t ext2 -b 4096 -I 4096 -N 4000
}

@test "blocks of 8192" {
	matrix full 64M -t ext2 -b 8192 -N 4000
}

@test "blocks of 16384, inodes of 128" {
	matrix full 80M -t ext2 -b 16384 -I 128 -N 4000
}

@test "blocks of 32768" {
	matrix full 120M -t ext2 -b 32768 -N 4000
}

@test "blocks of 65536" {
	matrix full 200M -t ext2 -b 65536 -N 4000
}

@test "without filetype" {
	matrix full 40M -t ext2 -O ^filetype -b 1024
}

@test "without sparse_super, resize_inode, dir_index" {
	matrix full 40M -t ext2 -O ^sparse_super,^resize_inode,^dir_index -b 1024
}

@test "without large_file" {
	matrix plain 40M -t ext2 -O ^large_file -b 2048
}

@test "small groups, with dir_index and resize_inode" {
	matrix full 40M -t ext2 -b 1024 -g 1024 -O dir_index,resize_inode,sparse_super
}

@test "sparse_super2" {
	matrix full 40M -t ext2 -b 1024 -O ^resize_inode,sparse_super2
}

@test "a directory indexed by e2fsck -D" {
	mkdir tree
	for i in $(seq 1500); do : >"tree/name-of-an-entry-$i"; done
	truncate -s 16M i.img
	mke2fs -q -F -t ext2 -b 1024 -O dir_index -d tree i.img >/dev/null
	e2fsck -fyD i.img >/dev/null 2>&1 || [ $? -eq 1 ]
	debugfs -R "htree_dump /" i.img 2>/dev/null | grep -q "Root node dump"
	before=$(sum i.img)
	fsu_ls i.img -1 / | grep -v '^lost+found$' | LC_ALL=C sort >got
	(cd tree && ls -1 | LC_ALL=C sort) >want
	cmp want got
	fsu_cat i.img /name-of-an-entry-1499
	[ "$(sum i.img)" = "$before" ]
}

@test "nanoseconds and years after 2038, as the inode has room" {
	for isize in 256 512 1024; do
		mkimage i.img 4M "" -b 2048 -I $isize
		: >empty
		for f in a b c d; do
			debugfs -w -R "write empty $f" i.img 2>/dev/null
		done
		# extra: nanoseconds in the upper 30 bits, the epoch in the lower two
		debugfs -w -f - i.img 2>/dev/null <<-END
			sif a mtime 20010909014640
			sif a mtime_extra $((123456789 << 2))
			sif b mtime @0x00000001
			sif b mtime_extra $((999999999 << 2 | 1))
			sif c mtime @0xffffffff
			sif c mtime_extra $((5 << 2))
			sif d mtime @0x80000000
			sif d mtime_extra $((7 << 2 | 3))
		END
		run fsu_ls i.img -l --time-style=+%s.%N /a /b /c /d
		[ "$status" -eq 0 ]
		has "1000000000.123456789 /a"
		has "$(((1 << 32) + 1)).999999999 /b"
		has "-1.000000005 /c"
		has "$(((3 << 32) - (1 << 31))).000000007 /d"
		fsu_get i.img -p /a /b /d .
		[ "$(stat -c %.Y a)" = 1000000000.123456789 ]
		[ "$(stat -c %.Y b)" = "$(((1 << 32) + 1)).999999999" ]
	done
}

# ---- what isn't ext2 ---------------------------------------------------------

@test "the journal of another file system: refused by name, unchanged" {
	truncate -s 16M i.img
	mke2fs -q -F -b 4096 -O journal_dev i.img
	before=$(sum i.img)
	for cmd in "fsu_ls i.img" "fsu_get i.img -R / out" "fsu_put i.img /dev/null /x"; do
		# shellcheck disable=SC2086
		expect 2 $cmd
		has jbd
		one_line
		[ "$(sum i.img)" = "$before" ]
	done
}

@test "a clean ext3: read and written as ext2" {
	mkdir t
	echo hello >t/f
	truncate -s 16M i.img
	mke2fs -q -F -t ext3 -d t i.img
	before=$(sum i.img)
	expect 0 fsu_cat i.img /f
	has hello
	[ "$(sum i.img)" = "$before" ]
	expect 0 fsu_put i.img t/f /g
	fsck_clean i.img
	debugfs -R "cat /g" i.img 2>/dev/null | cmp - t/f
}

@test "a journal that needs recovery: replayed in memory for readers, for good by writers" {
	mkdir t
	echo hello >t/f
	truncate -s 16M i.img
	mke2fs -q -F -t ext3 -d t i.img
	debugfs -w -R "feature needs_recovery" i.img >/dev/null 2>&1
	before=$(sum i.img)
	expect 0 fsu_cat i.img /f
	has hello
	[ "$(sum i.img)" = "$before" ]
	expect 0 fsu_put i.img t/f /g
	fsck_clean i.img
	! dumpe2fs -h i.img 2>/dev/null | grep needs_recovery
	cmp t/f <(fsu_cat i.img /g)
}

@test "unknown incompatible features: refused, each by name or number" {
	for feature in compression dirdata journal_dev FEATURE_I28 FEATURE_I30; do
		mkimage i.img 4M
		debugfs -w -R "feature $feature" i.img >/dev/null 2>&1
		before=$(sum i.img)
		run fsu_ls i.img
		[ "$status" -eq 2 ] || {
			echo "$feature: $status: $output"
			return 1
		}
		one_line
		[ "$(sum i.img)" = "$before" ]
		run fsu_put i.img -R /etc/hostname /
		[ "$status" -eq 2 ]
		[ "$(sum i.img)" = "$before" ]
	done
}

@test "unknown read-only-compatible features: read with a warning, not written" {
	mkdir t
	echo hello >t/f
	for feature in quota shared_blocks read-only FEATURE_R30; do
		mkimage i.img 4M t
		debugfs -w -R "feature $feature" i.img >/dev/null 2>&1
		before=$(sum i.img)
		run fsu_cat i.img /f
		has hello
		[ "$status" -eq 0 ]
		run fsu_put i.img t/f /g
		[ "$status" -ne 0 ] || {
			echo "$feature: written"
			return 1
		}
		[ "$(sum i.img)" = "$before" ]
	done
}
