# SPDX-License-Identifier: BSD-2-Clause
# Directories with an index of hashed names: made, grown by thousands of names in
# either order, thinned and filled again, with each hash and signedness of
# characters, at one level and at two; e2fsck checks every leaf against its hashes.

load helper

setup() {
	command -v debugfs >/dev/null || skip "no e2fsprogs"
	fsu_setup
}

teardown() {
	fsu_teardown
}

# names N: of all lengths, in no order.
names() {
	awk -v n="$1" 'BEGIN {
		srand(7)
		for (i = 0; i < n; i++) {
			s = sprintf("%s\303\251%d", substr("fghijklm", i % 8 + 1, 1), i)
			for (k = int(rand() * rand() * 180); k > 0; k--)
				s = s "x"
			print s
		}
	}'
}

make_files() { # DIR < names
	mkdir "$1"
	(cd "$1" && tr '\n' '\0' | xargs -0 touch)
}

# image mke2fs-option..
image() {
	truncate -s 128M i.img
	mke2fs -q -F -N 20000 "$@" i.img
}

# levels DIR: "root" N: the index that the image has.
levels() {
	debugfs -R "htree $1" i.img 2>/dev/null | sed -n 's/.*Indirect levels: //p' | head -1
}

# same: image and folder d have the same names, and each one is found.
same() {
	fsck_clean i.img
	fsu_ls i.img -U /d | grep -v '^\.\.*$' | LC_ALL=C sort >got
	LC_ALL=C ls -U d | LC_ALL=C sort >want
	cmp got want
	sed "s,^,stat -c %n '/d/,; s,\$,'," want >commands
	fsu_sh i.img -r -e -f commands >found
	[ "$(wc -l <found)" -eq "$(wc -l <want)" ]
}

# through mke2fs-option..: grow, thin, fill, empty.
through() {
	image "$@"
	names 4000 | make_files d
	fsu_put i.img -R d /
	[ "$(levels /d)" -ge 0 ]
	same
	names 4000 | awk 'NR % 3' >gone
	(cd d && tr '\n' '\0' <../gone | xargs -0 rm)
	sed "s,^,rm '/d/,; s,\$,'," gone >commands
	fsu_sh i.img -e -f commands
	same
	names 6000 | awk 'NR % 3 == 2 || NR > 4000' >again
	(cd d && tr '\n' '\0' <../again | xargs -0 touch)
	sed "s,^,touch '/d/,; s,\$,'," again >commands
	fsu_sh i.img -e -f commands
	[ "$(levels /d)" -ge 0 ]
	same
	fsu_mv i.img /d /e
	fsck_clean i.img
	fsu_rm i.img -r /e
	fsck_clean i.img
	run fsu_ls i.img /e
	[ "$status" -eq 1 ]
}

@test "half MD4, blocks of 1024" {
	through -t ext3 -b 1024
	image -t ext3 -b 1024
	fsu_put i.img -R d /
	[ "$(levels /d)" -eq 1 ]
}

@test "half MD4, blocks of 4096, unsigned characters" {
	image -t ext3 -b 4096
	debugfs -w -R "set_super_value flags 2" i.img 2>/dev/null
	cp i.img unsigned.img
	image() { cp unsigned.img i.img; }
	through
}

@test "TEA" {
	image -t ext3 -b 1024
	tune2fs -E hash_alg=tea i.img >/dev/null
	cp i.img tea.img
	image() { cp tea.img i.img; }
	through
}

@test "ext3's first hash" {
	image -t ext3 -b 2048
	tune2fs -E hash_alg=legacy i.img >/dev/null
	cp i.img legacy.img
	image() { cp legacy.img i.img; }
	through
}

@test "blocks of 64 KiB" {
	through -t ext3 -b 65536
}

@test "names with the same hash in different leaves" {
	command -v python3 >/dev/null || skip "no python3"
	image -t ext3 -b 1024
	tune2fs -E hash_alg=legacy i.img >/dev/null
	python3 "$BATS_TEST_DIRNAME/collide.py" >list
	make_files d <list
	fsu_put i.img -R d /
	# An odd hash in the index is a leaf that goes on with the one before.
	[ "$(debugfs -R 'htree /d' i.img 2>/dev/null | grep -c 'Entry.*Hash 0x[0-9a-f]*[13579bdf],')" -ge 5 ]
	same
}

@test "without the feature, and in ext2, a directory has no index" {
	image -t ext3 -b 1024 -O ^dir_index
	names 200 | make_files d
	fsu_put i.img -R d /
	[ -z "$(levels /d)" ]
	same
	image -t ext2 -b 1024 -O dir_index
	fsu_put i.img -R d /
	[ -z "$(levels /d)" ]
	same
}

@test "what stands in an index is checked" {
	image -t ext3 -b 1024
	names 500 | make_files d
	fsu_put i.img -R d /
	cp i.img good.img
	local blk n
	blk=$(debugfs -R 'bmap /d 0' i.img 2>/dev/null)
	n=$(ls d | wc -l)
	# hash version, length of the header, levels; limit, count, the first child
	# (then all names lead there: the count is 1)
	for at in 28:09 29:07 30:04 32:0100 34:ffff 34:0000 34:0100ff000000; do
		cp good.img i.img
		python3 - "$((blk * 1024 + ${at%:*}))" "${at#*:}" <<-'EOF'
			import sys
			f = open("i.img", "r+b")
			f.seek(int(sys.argv[1]))
			f.write(bytes.fromhex(sys.argv[2]))
		EOF
		before=$(sum i.img)
		# All names are still there for readers, and nothing is entered.
		fsu_ls i.img -U /d >got 2>err
		[ "$(wc -l <got)" -eq "$n" ]
		fsu_stat i.img "/d/$(names 1)" >/dev/null 2>err
		[ "$(sum i.img)" = "$before" ]
		echo "$at"; run fsu_touch i.img /d/new; echo "$output"
		[ "$status" -eq 1 ]
		[ -n "$output" ]
	done
}
