# SPDX-License-Identifier: BSD-2-Clause
# ext4 images of many sets of features, as mke2fs makes them of a tree: what is read
# is the tree, and reading changes no byte; where the set is one that is written,
# e2fsck finds nothing after changes.  Wrong checksums are told.

load helper

setup_file() {
	command -v mke2fs >/dev/null || skip "no mke2fs"
	command -v debugfs >/dev/null || skip "no debugfs"
	export TREE=$BATS_FILE_TMPDIR/tree
	mkdir -p "$TREE/dir/sub" "$TREE/few"
	echo hello >"$TREE/hello"
	head -c 130 /dev/zero | tr '\0' m >"$TREE/middle"
	head -c 700000 /dev/urandom >"$TREE/big"
	: >"$TREE/empty"
	truncate -s 3M "$TREE/sparse"
	printf end | dd of="$TREE/sparse" bs=1 seek=2900000 conv=notrunc status=none
	ln -s hello "$TREE/link"
	ln -s "$(printf 'x%.0s' $(seq 100))" "$TREE/longlink"
	for i in $(seq 200); do echo "$i" >"$TREE/dir/sub/a-file-with-number-$i"; done
	touch "$TREE/few/a" "$TREE/few/b"
	chmod 4755 "$TREE/few/a"
}

setup() {
	fsu_setup
}

teardown() {
	fsu_teardown
}

make() { # SIZE mke2fs-option..
	local size=$1
	shift
	truncate -s "$size" i.img
	mke2fs -q -F -t ext4 -d "$TREE" "$@" i.img >mke2fs.out 2>&1 || {
		cat mke2fs.out
		return 1
	}
}

# reads SIZE mke2fs-option..
reads() {
	local before
	make "$@"
	before=$(sum i.img)
	fsu_get i.img -R -p / out
	rm -r out/lost+found
	diff -r --no-dereference "$TREE" out
	[ "$(stat -c %a out/few/a)" = 4755 ]
	[ "$(fsu_ls i.img -1 /dir/sub | wc -l)" -eq 200 ]
	[ "$(sum i.img)" = "$before" ]
	rm -r out
}

# writes SIZE mke2fs-option..
writes() {
	reads "$@"
	fsu_put i.img -R "$TREE" /new
	fsck_clean i.img
	fsu_rm i.img -rf /dir/sub /big
	fsu_mv i.img /new /few/new
	fsu_mkdir i.img /made
	fsck_clean i.img
	fsu_get i.img -R /few/new out
	diff -r --no-dereference "$TREE" out
	rm -r out i.img
}

# told STATUS TEXT COMMAND..: and no more with -o nocsum
told() {
	local want=$1 text=$2
	shift 2
	run "$@"
	[ "$status" -eq "$want" ] || {
		echo "status $status: $output"
		return 1
	}
	has "$text"
}

@test "as -t ext4 has it by default" { writes 64M; }
@test "blocks of 1024" { writes 64M -b 1024; }
@test "blocks of 2048, inodes of 512" { writes 64M -b 2048 -I 512; }
@test "blocks of 65536" { writes 200M -b 65536 -N 1000; }
@test "inodes of 128" { writes 64M -I 128; }
@test "without 64bit" { writes 64M -O ^64bit; }
@test "without extents and 64bit" { writes 64M -O ^extents,^64bit; }
@test "meta_bg" { writes 300M -b 1024 -O meta_bg,^resize_inode; }
@test "meta_bg, descriptors of 32 bytes" { writes 100M -b 1024 -O meta_bg,^resize_inode,^64bit; }
@test "without flex_bg" { writes 64M -b 1024 -O ^flex_bg; }
@test "sparse_super2" { writes 64M -b 1024 -O sparse_super2,^resize_inode; }
@test "uninit_bg without metadata_csum" { writes 64M -b 1024 -O uninit_bg,^metadata_csum; }
@test "no checksums" { writes 64M -O ^metadata_csum,^uninit_bg; }
@test "metadata_csum_seed" { writes 64M -O metadata_csum_seed; }
@test "without dir_index" { writes 64M -b 1024 -O ^dir_index; }
@test "tables that were not written" {
	writes 300M -b 1024 -E lazy_itable_init=1
}

@test "inline_data: read" {
	# This mke2fs loses a sparse file's end with inline_data.
	cp -a "$TREE" tree
	rm tree/sparse
	TREE=$PWD/tree
	reads 64M -O inline_data
	reads 64M -O inline_data -I 1024
}
@test "bigalloc: read" {
	reads 64M -O bigalloc
	reads 64M -b 1024 -O bigalloc -C 8192
}
@test "quota, project, verity, encrypt, ea_inode, large_dir: read" {
	reads 64M -O quota,project,verity,encrypt,ea_inode,large_dir,stable_inodes,casefold
}
@test "what can only be read isn't written" {
	for feature in bigalloc quota inline_data casefold verity; do
		make 32M -O "$feature"
		before=$(sum i.img)
		run fsu_put i.img "$TREE/hello" /new
		[ "$status" -ne 0 ]
		has "$feature"
		[ "$(sum i.img)" = "$before" ]
	done
}

@test "multiple-mount protection: read; one in use is told" {
	make 32M -b 4096 -O mmp
	expect 0 fsu_cat i.img /hello
	[ "$output" = hello ]
	# a checker that died
	debugfs -R "dump_mmp" i.img 2>/dev/null | grep -q "sequence: ff4d4d50"
	blk=$(dumpe2fs -h i.img 2>/dev/null | sed -n 's/^MMP block number: *//p')
	printf '\001\000\000\000' | dd of=i.img bs=1 seek=$((blk * 4096 + 4)) conv=notrunc status=none
	told 2 "block against multiple mounts: checksum is" fsu_cat i.img /hello
	told 0 "is in use by another mount" fsu_cat -o nocsum i.img /hello
}

@test "case is folded in a directory that says so" {
	make 32M -O casefold
	debugfs -w -R "sif /few flags 0x40080000" i.img >/dev/null 2>&1
	expect 0 fsu_ls i.img /few/A /few/b
	expect 1 fsu_ls i.img /few/c
	expect 1 fsu_ls i.img /FEW
}

@test "encrypted data and names: shown as such" {
	make 32M -O encrypt
	debugfs -w -R "sif /few flags 0x80800" i.img >/dev/null 2>&1
	debugfs -w -R "sif /hello flags 0x80800" i.img >/dev/null 2>&1
	told 1 "is encrypted: its data can't be read" fsu_cat i.img /hello
	expect 0 fsu_ls i.img -1 /few
	[ "$output" = "$(printf 'YQ\nYg')" ]
	expect 0 fsu_ls i.img /few/YQ
	expect 1 fsu_ls i.img /few/a
}

@test "15 TiB, of which nothing is there" {
	truncate -s 15T i.img 2>/dev/null || skip "the host has no files of 15 TiB"
	mke2fs -q -F -t ext4 -O ^has_journal,^resize_inode,meta_bg -N 200000 \
		-E lazy_itable_init=1,nodiscard i.img >/dev/null 2>&1 || skip "mke2fs can't"
	expect 0 fsu_ls i.img -1 /
	[ "$output" = lost+found ]
	fsu_put i.img "$TREE/big" /big
	fsu_get i.img /big out
	cmp out "$TREE/big"
}

# ---- wrong checksums -----------------------------------------------------------

flip() { # byte: turned over
	local old
	old=$(od -An -tu1 -j "$1" -N 1 i.img | tr -d ' ')
	# shellcheck disable=SC2059
	printf "\\$(printf %03o $((old ^ 1)))" | dd of=i.img bs=1 seek="$1" conv=notrunc status=none
}
field() { dumpe2fs i.img 2>/dev/null | grep -m 1 "$1" | sed 's/.* at \([0-9]*\).*/\1/'; }

@test "a wrong byte in the superblock, a descriptor, an inode, a directory" {
	make 32M -b 1024
	cp i.img sound
	flip $((1024 + 0x88)) # where it was mounted last
	told 2 "superblock: checksum is" fsu_ls i.img /
	told 0 "" fsu_ls -o nocsum i.img /

	cp sound i.img
	flip $((2048 + 0x0c)) # free blocks of group 0
	told 2 "group 0: descriptor: checksum is" fsu_ls i.img /
	told 0 "" fsu_ls -o nocsum i.img /

	cp sound i.img
	where=$(debugfs -R "imap /hello" i.img 2>/dev/null |
		sed -n 's/.*located at block \([0-9]*\), offset \(0x[0-9a-f]*\).*/\1 \2/p')
	flip $((${where% *} * 1024 + ${where#* } + 2)) # its owner
	told 1 "inode: checksum is" fsu_cat i.img /hello
	told 0 hello fsu_cat -o nocsum i.img /hello

	cp sound i.img
	flip $(($(debugfs -R "bmap /few 0" i.img 2>/dev/null) * 1024 + 1000))
	told 1 "directory block 0: checksum is" fsu_ls i.img /few
	told 0 a fsu_ls -o nocsum i.img /few
}

@test "a wrong byte in a bitmap: the group is left alone" {
	make 32M -b 1024
	cp i.img sound
	for what in "Block bitmap" "Inode bitmap"; do
		cp sound i.img
		flip $(($(field "$what") * 1024 + 100))
		run fsu_put i.img "$TREE/hello" /new
		has "bitmap: checksum is"
	done
}

@test "behind a right checksum, the value is looked at" {
	make 32M -b 1024
	cp i.img sound
	debugfs -w -R "sif /hello size 0x7fffffffffff" i.img >/dev/null 2>&1
	told 1 "is too large" fsu_cat i.img /hello
	cp sound i.img
	debugfs -w -R "sif /hello mode 0" i.img >/dev/null 2>&1
	run fsu_cat i.img /hello
	[ "$status" -eq 1 ]
	! has "checksum is"
	cp sound i.img
	debugfs -w -R "sif /hello extra_isize 200" i.img >/dev/null 2>&1
	run fsu_cat i.img /hello
	! has "checksum is"
	cp sound i.img
	debugfs -w -R "ssv inodes_per_group 7" i.img >/dev/null 2>&1
	told 2 "s_inodes_" fsu_ls i.img /
}
