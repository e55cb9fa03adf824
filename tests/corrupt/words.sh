# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034 # suite.sh sets and reads them
# words.sh: what the cases of this folder are written in; read by suite.sh.

# ---- making images ------------------------------------------------------------
make_standard() {
	mkdir -p "$work/tree/dir/sub"
	echo hello >"$work/tree/hello"
	head -c 14000 /dev/zero | tr '\0' b >"$work/tree/big"
	echo in >"$work/tree/dir/in"
	ln -s hello "$work/tree/link"
	ln -s "$(printf 'x%.0s' $(seq 100))" "$work/tree/longlink"
	truncate -s 300000 "$work/tree/far"
	printf end | dd of="$work/tree/far" bs=1 seek=299990 conv=notrunc \
		status=none
	mke2fs -q -F -t ext2 -b 1024 -I 128 -N 64 -m 0 -d "$work/tree" \
		"$work/standard" 300 >/dev/null 2>&1
	mke2fs -q -F -t ext2 -b 1024 -I 256 -N 64 -m 0 -d "$work/tree" \
		"$work/standard256" 300 >/dev/null 2>&1
}
# A small sound image: 1 KiB blocks, one group, each kind of file.
standard() { cp "$work/standard" "$img"; }
standard256() { cp "$work/standard256" "$img"; }
# One with extents: /many has 500, in a tree of two levels; /few a leaf.
extents_standard() {
	mkdir -p "$work/exttree"
	for i in $(seq 0 499); do
		printf x | dd of="$work/exttree/many" bs=1 seek=$((i * 8192)) \
			conv=notrunc status=none
	done
	echo few >"$work/exttree/few"
	mke2fs -q -F -t ext2 -O extents -b 1024 -I 128 -N 64 -m 0 -d "$work/exttree" \
		"$img" 900 >/dev/null 2>&1
	# its first index block, and that one's first leaf
	index=$(debugfs -R 'ex /many' "$img" 2>/dev/null | awk '$1 == "0/" { print $(NF - 1); exit }')
	leaf=$(debugfs -R 'ex /many' "$img" 2>/dev/null | awk '$1 == "1/" { print $(NF - 1); exit }')
}
le32() { printf '\\%03o\\%03o\\0\\0' $(($1 & 255)) $(($1 >> 8)); }
# The image that is kept beside the case.
unpack() { gzip -dc "$here/$case/image.gz" >"$img"; }

# ---- damaging them ------------------------------------------------------------
db() { debugfs -w -R "$*" "$img" >/dev/null 2>&1; }
ssv() { db ssv "$@"; }		# field of the superblock, value
sif() { db sif "$@"; }		# file, field of its inode, value
sgd() { db set_bg "$@"; }	# group, field of its descriptor, value
bmap() { debugfs -R "bmap $1 $2" "$img" 2>/dev/null | tr -dc 0-9; }
poke() { # byte, what printf makes of the rest
	# shellcheck disable=SC2059 # it is the escapes that are meant
	printf "$2" | dd of="$img" bs=1 seek="$1" conv=notrunc status=none
}
pokeblk() { poke $(($1 * 1024 + $2)) "$3"; } # block, byte in it, bytes

# ---- ISO 9660 ------------------------------------------------------------------
# A sound image with Rock Ridge; directories eight deep were moved.  Fails: no tool.
iso_standard() {
	for tool in xorriso genisoimage python3; do
		command -v $tool >/dev/null || {
			tap 0 "$case # SKIP no $tool"
			return 1
		}
	done
	if [ ! -f "$work/standard.iso" ]; then
		cp -a "$work/tree" "$work/isotree"
		mkdir -p "$work/isotree/1/2/3/4/5/6/7/8/9"
		genisoimage -quiet -R -o "$work/standard.iso" "$work/isotree" 2>/dev/null
	fi
	cp "$work/standard.iso" "$img"
}
isoat() { python3 "$here/../cmd/iso9660.py" "$img" "$@"; }
# number, as it is in both byte orders, for poke
both() {
	printf '\\%03o\\%03o\\%03o\\%03o\\%03o\\%03o\\%03o\\%03o' \
		$(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)) \
		$(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255))
}

# ---- System V BFS ---------------------------------------------------------------
# bfs_standard le|be: a sound image with files hello, empty, big, unix.  Fails: no tool.
bfs_standard() {
	command -v python3 >/dev/null || {
		tap 0 "$case # SKIP no python3"
		return 1
	}
	python3 "$here/../cmd/bfs.py" make "$img" "$1" 64 hello=6 empty=0 big=14000 unix=3000
}
# What is asked of bfs.py, and its other operands: `bfs put 4 1024`.
bfs() {
	what=$1
	shift
	python3 "$here/../cmd/bfs.py" "$what" "$img" "$@"
}
# bfs_inode NAME FIELD NUMBER...: fields are those of 32 bits.
bfs_inode() {
	at=$(bfs inode "$1")
	case $2 in
	first) at=$((at + 4)) ;;
	last) at=$((at + 8)) ;;
	end) at=$((at + 12)) ;;
	type) at=$((at + 16)) ;;
	esac
	shift 2
	bfs put "$at" "$@"
}

# ---- FAT --------------------------------------------------------------------------
# fat_standard 12|16|32: a sound volume, clusters of 512 bytes.  Fails: no tool.
fat_standard() {
	for tool in mkfs.fat mcopy fsck.fat python3; do
		command -v $tool >/dev/null || {
			tap 0 "$case # SKIP no $tool"
			return 1
		}
	done
	if [ ! -f "$work/standard.fat$1" ]; then
		mkdir -p "$work/fattree/dir/sub"
		echo hello >"$work/fattree/hello"
		echo other >"$work/fattree/other"
		echo long >"$work/fattree/A long name of thirty letters"
		head -c 5000 /dev/zero | tr '\0' b >"$work/fattree/big"
		head -c 3000 /dev/zero | tr '\0' c >"$work/fattree/big2"
		echo in >"$work/fattree/dir/in"
		echo deep >"$work/fattree/dir/sub/deep"
		case $1 in
		12) size=1000 ;;
		16) size=4000 ;;
		32) size=34000 ;;
		esac
		mkfs.fat -C -F "$1" -s 1 -i 12345678 "$work/standard.fat$1" $size >/dev/null
		MTOOLS_SKIP_CHECK=1 mcopy -s -i "$work/standard.fat$1" "$work"/fattree/* ::
	fi
	cp "$work/standard.fat$1" "$img"
}
fatat() { python3 "$here/../cmd/fat.py" "$img" "$@"; }
# nochange REGEX: nothing is written to it, whatever is asked.
nochange() {
	reads 1 "$1" fsu_rm @ /other
	[ "$(wc -l <"$work/err")" -le 3 ]
	tap $? "$case: told in few words"
	reads 1 "$1" fsu_put @ /etc/passwd /
	reads 1 "$1" fsu_touch @ /hello
}

# ---- saying what must happen ------------------------------------------------------
tap() { # 0 for good, name
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		failed=1
		echo "not ok $n - $2"
		sed -n '1,12s/^/#   /p' "$work/err"
	fi
}
hash_of() { if [ -f "$img" ]; then sha256sum <"$img"; else echo none; fi; }

# run STATUS REGEX COMMAND [ARG]...: @ stands for the image.
run() {
	want=$1 regex=$2
	shift 2
	name="$case: $*"
	command -v "$1" >/dev/null || {
		n=$((n + 1))
		echo "ok $n - $name # SKIP no $1"
		return
	}
	i=$#
	while [ "$i" -gt 0 ]; do
		a=$1
		shift
		[ "$a" != @ ] || a=$img
		set -- "$@" "$a"
		i=$((i - 1))
	done
	mkdir -p "$work/out"
	rc=0
	timeout 10 "$@" >"$work/stdout" 2>"$work/err" </dev/null || rc=$?
	good=0
	[ "$rc" = "$want" ] || {
		good=1
		echo "status $rc, not $want" >>"$work/err"
	}
	[ -z "$regex" ] || grep -qE -e "$regex" "$work/err" || {
		good=1
		echo "nothing of \"$regex\"" >>"$work/err"
	}
	[ "$(wc -l <"$work/err")" -le 30 ] || good=1
	grep -q 'Sanitizer\|panic' "$work/err" && good=1
	tap $good "$name"
}
# The same, for commands that only read.
reads() {
	before=$(hash_of)
	run "$@"
	[ "$before" = "$(hash_of)" ]
	tap $? "$case: the image is as it was"
}
# Everything is listed and copied out; the status of both, what is said.
readall() {
	reads "$1" "$2" fsu_ls @ -lR /
	rm -rf "$work/out"
	reads "$1" "$2" fsu_get @ -R / "$work/out"
}

# ---- partitions -----------------------------------------------------------------
# mbr SIZE [TYPE:START:SECTORS]...: a disk with these primary entries.
mbr() {
	truncate -s "$1" "$img"
	shift
	at=446
	for entry; do
		type=${entry%%:*} rest=${entry#*:}
		poke $at "\\0\\0\\0\\0\\$(printf %03o "$type")\\0\\0\\0$(le32 "${rest%:*}")$(le32 "${rest#*:}")"
		at=$((at + 16))
	done
	poke 510 '\125\252'
}
le32() { # as printf escapes
	printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) \
		$(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}
# ebr SECTOR TYPE:START:SECTORS [TYPE:START:SECTORS]: a link of logical partitions.
ebr() {
	sector=$1 at=$(($1 * 512 + 446))
	shift
	for entry; do
		type=${entry%%:*} rest=${entry#*:}
		poke $at "\\0\\0\\0\\0\\$(printf %03o "$type")\\0\\0\\0$(le32 "${rest%:*}")$(le32 "${rest#*:}")"
		at=$((at + 16))
	done
	poke $((sector * 512 + 510)) '\125\252'
}
# refuses WORDS REGEX: every kind of command says it in one line, and changes nothing.
refuses() {
	arg="$img%$1%"
	[ "${3-}" != part ] || arg=$img
	reads 2 "$2" fsu_ls "$arg"
	[ "$(wc -l <"$work/err")" -eq 1 ]
	tap $? "$case: one line"
	reads 2 "$2" fsu_put "$arg" /etc/passwd /
	reads 2 "$2" newfs-img -t ext2 "$arg"
}
