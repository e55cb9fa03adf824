#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Partitions: named, listed, read, written and formatted; nothing outside changes.

load helper

setup() {
	fsu_setup
	mkdir t
	echo hello >t/hello
	mkimage fs.img 2M t
	label=$BATS_TEST_DIRNAME/disklabel.py
}
teardown() { fsu_teardown; }

# disk NAME SIZE: noise, so that a stray zero shows as well.
disk() {
	head -c "$2" /dev/urandom >"$1"
	dd if=/dev/zero of="$1" bs=1M count=1 conv=notrunc status=none
	dd if=/dev/zero of="$1" bs=512 seek=$(($(stat -c %s "$1") / 512 - 64)) \
		count=64 conv=notrunc status=none
}

# around DISK OFF LEN: the hash of all that lies outside of the bytes.
around() {
	{
		head -c "$2" "$1"
		tail -c "+$(($2 + $3 + 1))" "$1"
	} | sha256sum
}

# place DISK OFF: the file system into the disk.
place() { dd if=fs.img of="$1" bs=512 seek=$(($2 / 512)) conv=notrunc status=none; }
cut_out() { dd if="$1" bs=512 skip=$(($2 / 512)) count=$(($3 / 512)) status=none; }

# works ARG DISK OFF LEN: the partition is read, written, checked, formatted both
# ways; and nothing around it has changed.
works() {
	local before
	before=$(around "$2" "$3" "$4")
	place "$2" "$3"
	expect 0 fsu_cat "$1" hello
	[ "$output" = hello ]
	expect 0 fsu_put "$1" t/hello /new
	expect 0 fsu_ls "$1" /
	has new
	cut_out "$2" "$3" "$4" >part
	fsck_clean part
	[ "$(around "$2" "$3" "$4")" = "$before" ]
	expect 2 newfs-img -t ext2 "$1"
	has "without --force"
	expect 0 newfs-img -t ext2 --force -L fresh "$1"
	cut_out "$2" "$3" "$4" >part
	fsck_clean part
	[ "$(around "$2" "$3" "$4")" = "$before" ]
	expect 0 makefs -t ext2 --force "$1" t
	expect 0 fsu_cat "$1" hello
	[ "$output" = hello ]
	cut_out "$2" "$3" "$4" >part
	fsck_clean part
	# it is filled: the file system is as large as the partition
	[ "$(dumpe2fs -h part 2>/dev/null | awk '/^Block count/ { n = $3 } /^Block size/ { s = $3 } END { print n * s }')" -gt $(($4 - 4096)) ]
	[ "$(around "$2" "$3" "$4")" = "$before" ]
}

mbr_disk() {
	disk d.img 24M
	printf 'label: dos\nlabel-id: 0x12345678\n2048,4096,83\n8192,6144,a9\n16384,30720,5\n18432,4096,83\n24576,4100,b\n' |
		sfdisk -q d.img
}

gpt_disk() {
	truncate -s 24M d.img
	printf 'label: gpt\nfirst-lba: 64\nsize=4M,name=root,uuid=11111111-2222-3333-4444-0123456789ab\nsize=5M,name="dätä two"\nsize=3M,name=twin\nsize=3M,name=twin\n' |
		sfdisk -q d.img
}

# ---- the tables ---------------------------------------------------------------

@test "MBR: primary and logical partitions, listed as sfdisk lists them" {
	mbr_disk
	sfdisk -J d.img | python3 -c '
import json, sys
for p in json.load(sys.stdin)["partitiontable"]["partitions"]:
    print(p["node"].split(".img")[1], p["start"] * 512, p["size"] * 512, int(p["type"], 16))' >want
	fsu_part --json d.img | python3 -c '
import json, sys
for l in sys.stdin:
    p = json.loads(l)
    if p["level"] == 0:
        print(p["number"], p["offset"], p["size"], int(p["type_id"], 16))' >have
	diff want have
	[ "$(wc -l <want)" -eq 5 ]
	works d.img%MBR:1% d.img 1048576 2097152
	works d.img%MBR:5% d.img $((18432 * 512)) 2097152
	works d.img%PART:6% d.img $((24576 * 512)) $((4100 * 512))
}

@test "GPT: by number, name and UUID, as sfdisk lists them" {
	gpt_disk
	sfdisk -J d.img | python3 -c '
import json, sys
t = json.load(sys.stdin)["partitiontable"]
for p in t["partitions"]:
    print(p["start"] * 512, p["size"] * 512, p["uuid"].lower(), p["name"])' >want
	fsu_part --json d.img | python3 -c '
import json, sys
for l in sys.stdin:
    p = json.loads(l)
    print(p["offset"], p["size"], p["uuid"], p["name"])
    assert p["sector"] == 512' >have
	diff want have
	read -r off len _ <want
	works d.img%GPT:1% d.img "$off" "$len"
	works d.img%GPT:name=root% d.img "$off" "$len"
	works d.img%GPT:uuid=11111111-2222-3333-4444-0123456789AB% d.img "$off" "$len"
	read -r off len _ < <(sed -n 2p want)
	works "d.img%GPT:name=dätä two%" d.img "$off" "$len"
	expect 2 fsu_ls d.img%GPT:name=twin%
	one_line
	has "2 partitions have it; say GPT:3"
	expect 2 fsu_ls d.img%GPT:name=nobody%
	one_line
	has "the table has partitions 1 (root), 2 (dätä two), 3 (twin), 4 (twin)"
}

@test "GPT with sectors of 4096 bytes" {
	u=11111111-2222-3333-4444-0123456789ab
	disk d.img 12M
	python3 "$BATS_TEST_DIRNAME/gpt.py" d.img 4096 one:256:512:$u two:1024:600:${u%b}c
	expect 0 fsu_part --json d.img
	has '"sector":4096'
	works d.img%GPT:1% d.img 1048576 2097152
	works d.img%GPT:name=two% d.img 4194304 $((600 * 4096))
	printf X | dd of=d.img bs=1 seek=4130 conv=notrunc status=none
	expect 0 fsu_cat d.img%GPT:2% hello
	expect 0 fsu_part d.img
	has "the backup at the end is used"
}

@test "GPT: the backup counts when the first header or its entries are damaged" {
	gpt_disk
	place d.img $((64 * 512))
	read -r off < <(fsu_part --json d.img | sed -n '1s/.*"offset":\([0-9]*\).*/\1/p')
	place d.img "$off"
	cp d.img good.img
	for byte in 600 1030; do # header, first entry
		cp good.img d.img
		printf X | dd of=d.img bs=1 seek=$byte conv=notrunc status=none
		expect 0 fsu_cat d.img%GPT:name=root% hello
		[ "$output" = hello ]
		expect 0 fsu_part d.img
		has "wrong checksum"
		has "the backup at the end is used"
	done
	size=$(stat -c %s d.img)
	printf X | dd of=d.img bs=1 seek=$((size - 440)) conv=notrunc status=none
	before=$(sum d.img)
	expect 2 fsu_cat d.img%GPT:1% hello
	one_line
	has "wrong checksum"
	expect 2 newfs-img -t ext2 d.img%GPT:1%
	expect 2 newfs-img -t ext2 d.img # not even the whole disk
	[ "$(sum d.img)" = "$before" ]
}

@test "disklabels: both byte orders, three systems, anywhere in the first 64 KiB" {
	for order in le be; do
		for at in 512 64 128 0 1024 8192 64512; do
			for system in netbsd freebsd openbsd; do
				disk d.img 8M
				python3 "$label" d.img -e $order -s $system -a $at \
					a:2048:4096 b:6144:1024:1 c:0:16384:0 e:8192:6144:17
				expect 0 fsu_part -b d.img
				has "d.img%DISKLABEL:a%"
				has "d.img%DISKLABEL:e%"
				[ "$(fsu_part --json d.img | grep -c '"table":"DISKLABEL"')" -eq 4 ]
				place d.img 1048576
				expect 0 fsu_cat d.img%DISKLABEL:a% hello
				[ "$output" = hello ]
			done
		done
	done
	works d.img%DISKLABEL:a% d.img 1048576 2097152
	works d.img%DISKLABEL:e% d.img $((8192 * 512)) $((6144 * 512))
	works d.img%PART:5% d.img $((8192 * 512)) $((6144 * 512))
	disk d.img 8M
	python3 "$label" d.img -e be -z 4096 a:256:512 v:1024:512
	works d.img%DISKLABEL:a% d.img 1048576 2097152
	works d.img%DISKLABEL:v% d.img 4194304 2097152
	expect 2 fsu_ls d.img%DISKLABEL:q%
	one_line
	has "DISKLABEL:q: the disklabel has partitions a, v"
}

@test "a disklabel in a slice: offsets mean what each system means" {
	slice=$((8192 * 512))
	for how in "a9 netbsd abs" "a6 openbsd abs" "a5 freebsd rel" "a5 freebsd abs"; do
		set -- $how
		mbr_disk
		sfdisk -q --part-type d.img 2 "$1"
		if [ "$3" = abs ]; then
			c=8192
			[ "$1" != a6 ] || c=0
			python3 "$label" d.img -s "$2" -a $((slice + 512)) \
				a:9216:4096 c:$c:6144:0 d:0:49152:0
		else
			python3 "$label" d.img -s "$2" -a $((slice + 512)) a:1024:4096 c:0:6144:0
		fi
		works d.img%MBR:2%DISKLABEL:a% d.img $((slice + 524288)) 2097152
		works d.img%DISKLABEL:a% d.img $((slice + 524288)) 2097152
		expect 0 fsu_part d.img
		has "d.img%MBR:2%DISKLABEL:a%"
		expect 2 fsu_ls d.img
		has "d.img%MBR:2%DISKLABEL:a%"
	done
	# NetBSD's may lie outside of the slice
	sfdisk -q --part-type d.img 2 a9
	python3 "$label" d.img -s netbsd -a $((slice + 512)) a:9216:4096 c:8192:6144:0 e:2048:4096
	place d.img 1048576
	expect 0 fsu_cat d.img%MBR:2%DISKLABEL:e% hello
}

@test "OpenBSD's 48 bits: beyond 2 TiB" {
	truncate -s 3T d.img
	python3 "$label" d.img -s openbsd a:4831838208:4096 c:0:6442450944:0
	dd if=fs.img of=d.img bs=1M seek=$((4831838208 / 2048)) conv=notrunc status=none
	expect 0 fsu_cat d.img%DISKLABEL:a% hello
	[ "$output" = hello ]
}

# ---- two at once ------------------------------------------------------------------

@test "two partitions of one disk are copied between, whichever is first" {
	mbr_disk
	place d.img 1048576
	place d.img $((18432 * 512))
	expect 0 fsu_put d.img%MBR:1% t/hello /one
	expect 0 fsu_cp d.img%MBR:1% --to=d.img%MBR:5% /one /two
	expect 0 fsu_cat d.img%MBR:5% two
	[ "$output" = hello ]
	expect 0 fsu_cp d.img%MBR:5% --to=d.img%MBR:1% /two /three
	expect 0 fsu_cat d.img%PART:1% three
	[ "$output" = hello ]
	# the same one by two names
	expect 0 fsu_cp d.img%PART:1% --to=d.img%MBR:1% /three /four
	expect 2 fsu_cp d.img%MBR:1% --to=d.img%OFFSET:1m% /three /five
	for n in 1048576 $((18432 * 512)); do
		cut_out d.img $n 2097152 >part
		fsck_clean part
	done
}

@test "locks are on the partition: one is held, the other is free" {
	mbr_disk
	place d.img 1048576
	place d.img $((18432 * 512))
	python3 -c '
import fcntl, struct, sys, time
f = open("d.img", "r+b")
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", 1, 0, 1048576, 2097152, 0))
open("held", "w").close()
time.sleep(20)' &
	holder=$!
	while [ ! -e held ]; do sleep 0.05; done
	run fsu_put -o nowait d.img%MBR:1% t/hello /new
	first=$status
	run fsu_put -o nowait d.img%MBR:5% t/hello /new
	second=$status
	kill $holder
	[ $first -eq 2 ]
	[ $second -eq 0 ]
}

# ---- the argument --------------------------------------------------------------------

@test "a table in a partition; windows in partitions; --part; FSU_DEVICE; an alias" {
	mbr_disk
	cp d.img inner.img
	truncate -s 40M outer.img
	printf 'label: gpt\nsize=2M\nsize=30M\n' | sfdisk -q outer.img
	place inner.img 1048576
	off=$(fsu_part --json outer.img | sed -n '2s/.*"offset":\([0-9]*\).*/\1/p')
	dd if=inner.img of=outer.img bs=512 seek=$((off / 512)) conv=notrunc status=none
	expect 0 fsu_cat outer.img%GPT:2%MBR:1% hello
	[ "$output" = hello ]
	expect 0 fsu_cat --part=GPT:2%MBR:1 outer.img hello
	expect 0 fsu_cat --part=MBR:1 outer.img%GPT:2% hello
	expect 0 fsu_cat "outer.img%GPT:2%OFFSET:1m,2m%" hello
	expect 0 env FSU_DEVICE=outer.img%GPT:2%MBR:1% fsu_cat hello
	echo 'disk outer.img%GPT:2%MBR:1%' >"$HOME/.fsurc"
	expect 0 fsu_cat disk hello
	expect 0 newfs-img --force -t ext2 -L alias disk
	expect 0 fsu_part outer.img
	has "outer.img%GPT:2%MBR:1%"
	has alias
	expect 0 fsu_part outer.img%GPT:2%
	has "outer.img%GPT:2%MBR:5%"
	expect 0 newfs-img --force -t ext2 --part=GPT:1 outer.img
	expect 0 fsu_ls outer.img%GPT:1%
}

@test "a file of the whole name wins, also for makefs" {
	mbr_disk
	cp fs.img 'd.img%MBR:1%'
	expect 0 fsu_cat 'd.img%MBR:1%' hello
	before=$(sum d.img)
	expect 0 makefs -t ext2 'd.img%MBR:1%' t
	[ "$(sum d.img)" = "$before" ]
	mkdir 'a%b'
	cp fs.img 'a%b/100%.img'
	expect 0 fsu_cat 'a%b/100%.img' hello
	mv d.img 'a%b/d.img'
	expect 2 fsu_cat 'a%b/d.img%MBR:9%' hello
	has "MBR:9: the table has partitions 1, 2, 3, 5, 6"
}

@test "newfs-img -s and makefs -O inside of a partition; too large a tree leaves it alone" {
	mbr_disk
	place d.img 1048576
	before=$(around d.img 1048576 2097152)
	expect 0 newfs-img --force -t ext2 -s 1m d.img%MBR:1%
	cut_out d.img 1048576 1048576 >part
	fsck_clean part
	[ "$(around d.img 1048576 2097152)" = "$before" ]
	expect 2 newfs-img --force -t ext2 -s 3m d.img%MBR:1%
	has "has only 2097152 bytes"
	head -c 4M /dev/urandom >t/big
	whole=$(sum d.img)
	run makefs --force -t ext2 d.img%MBR:1% t
	[ "$status" -ne 0 ]
	[ "$(sum d.img)" = "$whole" ]
}

@test "fsu_part: options, and what has no table" {
	gpt_disk
	expect 0 fsu_part d.img
	printf '%s\n' "$output" | sed -n 1p | grep -q '^ARGUMENT *TYPE *SIZE *LABEL$'
	has 4.0M
	expect 0 fsu_part -bn d.img
	has 4194304
	[ "$(printf '%s\n' "$output" | wc -l)" -eq 4 ]
	expect 0 fsu_part -l d.img
	has 11111111-2222-3333-4444-0123456789ab
	expect 2 fsu_part fs.img
	one_line
	has "has no partition table, but is ext2"
	expect 2 fsu_part d.img extra
	cp d.img "a b.img"
	expect 0 fsu_part "a b.img"
	has "'a b.img%GPT:1%'"
	before=$(sum d.img)
	chmod 444 d.img
	expect 0 as_user fsu_part d.img
	[ "$(sum d.img)" = "$before" ]
}

@test "what has no driver is named, with what there is a driver for" {
	truncate -s 1M m.img
	mkfs.minix m.img >/dev/null 2>&1 || skip "no mkfs.minix"
	expect 2 fsu_ls m.img
	one_line
	has "is a minix file system; this build has no driver for it (it has: "
	mkswap -q m.img
	expect 2 fsu_ls m.img
	has "is a swap area"
	expect 2 fsu_ls -t ext2 m.img
	one_line
	expect 2 env FSU_TYPE=nosuch fsu_ls fs.img
	has "unknown file-system type 'nosuch'"
	expect 2 fsu_ls ""
	has "'': No such file"
}

@test "two processes may change two partitions at once" {
	mbr_disk
	place d.img 1048576
	place d.img $((18432 * 512))
	pids=
	for i in 1 2 3 4 5 6; do
		fsu_put d.img%MBR:1% t/hello /f$i & pids="$pids $!"
		fsu_put d.img%MBR:5% t/hello /f$i & pids="$pids $!"
	done
	for p in $pids; do wait $p; done
	for n in 1048576 $((18432 * 512)); do
		cut_out d.img $n 2097152 >part
		fsck_clean part
		[ "$(fsu_ls part | grep -c '^f')" -eq 6 ]
	done
}
