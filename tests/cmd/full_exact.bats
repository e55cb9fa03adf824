# SPDX-License-Identifier: BSD-2-Clause
# Images that have exactly so many blocks left, or no inode, and every writing command: what needs more says how much and what helps, leaves
# what was there, and nothing of its own.

load helper

setup() {
	for judge in mke2fs dumpe2fs debugfs e2fsck; do
		command -v $judge >/dev/null || skip "no $judge"
	done
	fsu_setup
	bs=1024
}

teardown() {
	fsu_teardown
}

free_blocks() {
	dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Free blocks: *//p'
}

free_inodes() {
	dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Free inodes: *//p'
}

# need BLOCKS: what a file of so many takes, with its indirect blocks (two levels)
need() {
	local b=$1 per=$((bs / 4)) n=$1
	[ "$b" -le 12 ] || n=$((n + 1))
	[ "$b" -le $((12 + per)) ] || n=$((n + 1 + (b - 12 - per + per - 1) / per))
	echo "$n"
}

# blocks FILE N: that many blocks of data
blocks() {
	head -c $(($2 * bs)) /dev/urandom >"$1"
}

# fill IMAGE N: until exactly N blocks are free
fill() {
	local want b
	want=$(($(free_blocks "$1") - $2))
	b=$want
	while [ "$(need "$b")" -gt "$want" ]; do b=$((b - 1)); done
	blocks fill1 "$b"
	blocks fill2 $((want - $(need "$b")))
	fsu_put "$1" fill1 fill2 /
	[ "$(free_blocks "$1")" -eq "$2" ] || {
		echo "filled to $(free_blocks "$1") blocks, not $2"
		return 1
	}
}

# image N [mke2fs-option..]: i.img with /d, /old (3 blocks), a packed directory /p, and
# N blocks left.  It is made once, and copied.
image() {
	local n=$1
	shift
	if [ ! -f base.img ]; then
		mkdir -p t/d t/p
		blocks old 3
		cp old t/old
		# Entries of 16 bytes in blocks of $bs; "." and ".." take 24.
		for i in $(seq -w $(((bs - 24) / 16))); do : >"t/p/$(printf 'name%04d' "$((10#$i))")"; done
		mkimage base.img $((1024 * bs)) t -b $bs -I 256 -m 0 -N 400 "$@"
		debugfs -R "stat /p" base.img 2>/dev/null | grep -q "Size: $bs\$"
	fi
	cp base.img i.img
	fill i.img "$n"
}

absent() {
	! fsu_stat i.img "$1" >/dev/null 2>&1 || {
		echo "$1 is there"
		return 1
	}
}

# still_old: what must have stayed
still_old() {
	fsu_cat i.img /old | cmp - old
	fsu_cat i.img /fill1 | cmp - fill1
	fsu_cat i.img /fill2 | cmp - fill2
	fsck_clean i.img
}

# refused PATH cmd..: ENOSPC in one line that says what to do; nothing left behind
refused() {
	local path=$1 left inodes
	shift
	left=$(free_blocks i.img)
	inodes=$(free_inodes i.img)
	expect 1 "$@"
	has "o space left"
	has "free"
	absent "$path"
	[ "$(free_inodes i.img)" -eq "$inodes" ]
	[ "$(free_blocks i.img)" -eq "$left" ] || {
		echo "$left blocks were free, now $(free_blocks i.img): $*"
		return 1
	}
	still_old
}

# exact N-LEFT K: a file of K blocks, new and over an old one of 3
exact() {
	local n=$1 k=$2
	blocks new "$k"
	image "$n"
	if [ "$(need "$k")" -le "$n" ]; then
		expect 0 fsu_put i.img new /d/new
		[ "$(free_blocks i.img)" -eq $((n - $(need "$k"))) ]
		fsu_cat i.img /d/new | cmp - new
		still_old
		cp base.img i.img
		fill i.img "$n"
		expect 0 fsu_put i.img new /old
		fsu_cat i.img /old | cmp - new
		[ "$(free_blocks i.img)" -eq $((n + 3 - $(need "$k"))) ]
		fsck_clean i.img
	else
		refused /d/new fsu_put i.img new /d/new
		has "$((k * bs)) bytes needed"
		refused /nosuch fsu_put i.img new /old
		has "--in-place"
	fi
}

@test "put with 0, 1, 2 blocks left" {
	for n in 0 1 2; do
		for k in 0 1 2 3; do exact $n $k; done
	done
}

@test "put where the data fit, and the indirect blocks don't" {
	exact 13 13 # needs 14
	exact 14 13
	exact 13 12
	exact $((12 + 256 + 1)) $((12 + 256))
	exact $((12 + 256 + 1)) $((12 + 256 + 1)) # needs two more
	exact $((12 + 256 + 3)) $((12 + 256 + 1))
}

@test "put with blocks of 4096" {
	bs=4096
	exact 0 1
	exact 1 1
	exact 13 13
	exact 14 13
}

@test "put from a pipe, and in place" {
	image 2
	blocks new 4
	refused /n sh -c 'cat new | fsu_put i.img - /n'
	refused /n sh -c 'cat new | fsu_put i.img - /old'
	# In place there is room for 2 more.
	blocks new 5
	expect 0 fsu_put i.img --in-place new /old
	fsu_cat i.img /old | cmp - new
	[ "$(free_blocks i.img)" -eq 0 ]
	fsck_clean i.img
}

@test "holes take no room" {
	image 1
	truncate -s $((600 * bs)) new
	expect 0 fsu_put i.img new /new
	[ "$(free_blocks i.img)" -eq 1 ]
	echo x >>new # data behind two levels
	refused /n fsu_put i.img new /n
	refused /n fsu_put i.img new /old
}

@test "mkdir" {
	image 1
	expect 0 fsu_mkdir i.img /d/a
	[ "$(free_blocks i.img)" -eq 0 ]
	refused /d/b fsu_mkdir i.img /d/b
	refused /d/a/b fsu_mkdir i.img -p /d/a/b/c
	refused /d/t fsu_put i.img -R t/d /d/t
}

@test "a name that needs a new block in its directory" {
	image 0
	: >empty
	refused /p/new fsu_put i.img empty /p/new
	refused /p/new fsu_cp i.img /d/../p/name0001 /p/new
	refused /p/new fsu_cp i.img -l /old /p/new
	refused /p/new fsu_cp i.img -s /old /p/new
	refused /p/new fsu_mv i.img /old /p/new
	refused /p/a-longer-name fsu_mv i.img /p/name0001 /p/a-longer-name
	refused /p/d fsu_mv i.img /d /p/d
	fsu_stat i.img /d /p/name0001 >/dev/null
	# The new name is there before the old one goes.
	refused /p/name9999 fsu_mv i.img /p/name0001 /p/name9999
	# The block is there, the data's isn't.
	image 1
	blocks new 1
	expect 1 fsu_put i.img new /p/new
	has "o space left"
	absent /p/new
	still_old
	image 1
	expect 0 fsu_put i.img empty /p/new
	still_old
}

@test "cp, cp -R and mv" {
	image 2
	refused /d/c fsu_cp i.img /old /d/c
	refused /d/c fsu_cp i.img -a /old /d/c
	blocks new 3
	refused /d/c fsu_put i.img new /old
	expect 0 fsu_cp i.img -l /old /d/link
	expect 0 fsu_mv i.img /d/link /d/moved
	still_old
	# Of a tree, what fits is there, whole.
	image 2
	mkdir s
	blocks s/a 1
	blocks s/b 1
	blocks s/c 0
	expect 1 fsu_put i.img -R s /d
	has "s/b"
	fsu_cat i.img /d/s/a | cmp - s/a
	fsu_stat i.img /d/s/c >/dev/null
	absent /d/s/b
	still_old
}

@test "symlinks: the long ones take a block" {
	image 0
	ln -s "$(printf 'x%.0s' $(seq 59))" short
	ln -s "$(printf 'x%.0s' $(seq 60))" long
	expect 0 fsu_put i.img -P short /d/short
	refused /d/long fsu_put i.img -P long /d/long
	refused /d/long fsu_put i.img -a long /d/long
}

@test "attributes that need a block: the file isn't left without them" {
	setfattr -n user.x -v x . 2>/dev/null || skip "no attributes here"
	blocks new 1
	setfattr -n user.big -v "$(printf 'x%.0s' $(seq 500))" new
	image 1
	refused /d/new fsu_put i.img -p new /d/new
	image 2
	expect 0 fsu_put i.img -p new /d/new
	[ "$(free_blocks i.img)" -eq 0 ]
	still_old
	mkdir dir
	setfattr -n user.big -v "$(printf 'y%.0s' $(seq 500))" dir
	image 1
	expect 1 fsu_put i.img -a dir /d/dir
	has "o space left"
	still_old
}

@test "filled file by file to the end, then emptied" {
	image 40
	before=$(free_blocks i.img)
	: >list
	for i in $(seq 30); do
		blocks "f$i" $((i % 5 + 1))
		if fsu_put i.img "f$i" /d 2>err; then
			echo "$i" >>list
		else
			grep -q "No space left" err
			absent "/d/f$i"
		fi
	done
	[ "$(free_blocks i.img)" -eq 0 ]
	while read -r i; do fsu_cat i.img "/d/f$i" | cmp - "f$i"; done <list
	still_old
	fsu_rm i.img -r /d
	[ "$(free_blocks i.img)" -eq $((before + 1)) ]
	still_old
}

# ---- inodes ---------------------------------------------------------------------

# the last inode is taken; two blocks and more are free
no_inodes() {
	local n
	mkdir -p t/d
	blocks old 3
	cp old t/old
	mkimage i.img $((1024 * bs)) t -b $bs -I 256 -m 0 -N 32
	: >fill1
	: >fill2
	fsu_put i.img fill1 fill2 /
	n=$(free_inodes i.img)
	for i in $(seq "$n"); do : >"e$i"; done
	fsu_put i.img e* /
	[ "$(free_inodes i.img)" -eq 0 ]
}

@test "without an inode left: every command that needs one says so" {
	no_inodes
	blocks new 1
	refused /d/x fsu_put i.img new /d/x
	has "0 inodes free"
	refused /d/x sh -c 'cat new | fsu_put i.img - /d/x'
	refused /d/x fsu_put i.img -a t/d /d/x
	refused /d/x fsu_mkdir i.img /d/x
	refused /d/x fsu_mkdir i.img -p /d/x/y
	refused /d/x fsu_cp i.img /old /d/x
	refused /d/x fsu_cp i.img -s /old /d/x
	refused /d/x fsu_cp i.img -R /d /x
	ln -s a link
	refused /d/x fsu_put i.img -P link /d/x
	mkfifo fifo
	refused /d/x fsu_put i.img -R fifo /d/x
}

@test "without an inode left: what needs none works" {
	no_inodes
	expect 0 fsu_cp i.img -l /old /d/l
	expect 0 fsu_mv i.img /d/l /d/m
	expect 0 fsu_rm i.img /d/m
	blocks new 5
	expect 0 fsu_put i.img --in-place new /e1
	fsu_cat i.img /e1 | cmp - new
	still_old
	expect 0 fsu_rm i.img /e1
	[ "$(free_inodes i.img)" -eq 1 ]
	expect 0 fsu_put i.img new /again
	still_old
}

@test "without an inode left: overwriting works, or leaves the old content" {
	no_inodes
	blocks new 5
	if fsu_put i.img new /e1 2>err; then
		fsu_cat i.img /e1 | cmp - new
	else
		grep -q "0 inodes free.*--in-place" err
		[ -z "$(fsu_cat i.img /e1)" ]
	fi
	still_old
}
