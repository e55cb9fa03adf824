#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Replaying a journal, judged by e2fsck, block for block: of journals that Linux left
# (kernel.sh), and of crafted ones with each kind of checksum (jcraft.py).

setup() {
	here=$BATS_TEST_DIRNAME
	cd "$BATS_TEST_TMPDIR" || exit 1
}
hash() { sha256sum <"$1"; }

# Does reading show what e2fsck's replay gives, and leave the image alone; does
# writing replay to the same blocks?
judge() { # image
	before=$(hash "$1")
	fsu_ls -lRi "$1" >shown 2>shown.err
	[ ! -s shown.err ]
	[ "$before" = "$(hash "$1")" ]
	cp "$1" theirs
	cp "$1" ours
	# it says 1 where it changed anything
	e2fsck -E journal_only -fy theirs >e2fsck.out 2>&1 || [ $? -le 1 ]
	fsu_ls -lRi theirs | diff - shown
	! cmp -s theirs "$1"
	run fsu_chmod ours 600 /nofile # mounts for writing, changes nothing
	# features that are only read: that was all
	if [[ "$output" == *"not supported for writing: mounted read-only"* ]]; then
		cmp "$1" ours
		return
	fi
	[ "$status" -eq 1 ]
	python3 "$here/same.py" theirs ours
	# a change, and all is as it should be
	fsu_put ours "$here/kernel.py" /kernel.py
	e2fsck -fn ours
	fsu_cat ours /kernel.py | cmp - "$here/kernel.py"
}

@test "journals that Linux left dirty" {
	for name in ext3-1k ext3-4k ext3-csum1 ext3-data ext4-64bit ext4-csum3; do
		echo "# $name"
		gunzip -c "$here/$name.img.gz" >img
		# there is something to see that isn't there without replay
		run fsu_ls -o norecovery img
		[[ "$output" != *escaped* ]]
		[[ "$output" == *"was not replayed"* ]]
		run fsu_ls img
		[[ "$output" == *escaped* ]]
		judge img
	done
}

# shellcheck disable=SC2016
sound='
j.log((3000,b"one"),(3001,b"two"),(3002,b"\xc0\x3b\x39\x98xx"))
j.commit()
j.log((3003,b"three"),(3000,b"again"))
j.revoke(3001)
j.commit()
j.log((3001,b"after"),(3004,b"four"))
j.revoke(3002, 3003)
j.commit()
j.log((3005,b"not committed"))
'
fresh() {
	rm -f img
	mke2fs -q -F -t ext3 -b 1024 -J size=1 img 4M 2>/dev/null >&2
}
craft() { # script
	fresh
	python3 "$here/jcraft.py" img "$1"
}

@test "crafted: each kind of checksum, with 32 and 64 bits" {
	for csum in 0 1 2 3; do
		for wide in False True; do
			echo "# checksum $csum, 64 bits $wide"
			craft "j.features(csum=$csum, bits64=$wide)$sound"
			judge img
			dd if=ours bs=1024 skip=3001 count=1 2>/dev/null | grep -q after
			dd if=ours bs=1024 skip=3003 count=1 2>/dev/null | grep -qv three
		done
	done
}

@test "the log goes round its end" {
	craft "
j.at = j.start = j.maxlen - 3
j.log((3000,b'one'),(3001,b'two'),(3002,b'three'))
j.commit()
j.log((3003,b'four'))
j.commit()"
	judge img
	dd if=ours bs=1024 skip=3003 count=1 2>/dev/null | grep -q four
}

@test "sequence numbers pass 2^32" {
	craft "
j.seq = j.startseq = 0xffffffff
j.log((3000,b'one'))
j.revoke(3001)
j.commit()
j.seq = 0
j.log((3001,b'two'),(3000,b'three'))
j.commit()"
	judge img
	dd if=ours bs=1024 skip=3000 count=1 2>/dev/null | grep -q three
}

@test "a transaction that isn't whole ends the log" {
	for csum in 1 2 3; do
		craft "
j.features(csum=$csum)
j.log((3000,b'one'))
j.commit()
j.log((3001,b'two'))
j.commit(bad=True)
j.log((3002,b'three'))
j.commit()"
		judge img
		dd if=ours bs=1024 skip=3000 count=1 2>/dev/null | grep -q one
		! dd if=ours bs=1024 skip=3001 count=2 2>/dev/null | grep -aq 't'
	done
	# no commit; another's number; garbage
	for end in "" "j.commit(seq=j.seq + 7)" "j.raw(b'garbage'); j.commit()"; do
		craft "
j.log((3000,b'one'))
j.commit()
j.log((3001,b'two'))
$end"
		judge img
		! dd if=ours bs=1024 skip=3001 count=1 2>/dev/null | grep -aq two
	done
}

@test "needs_recovery with an empty journal" {
	fresh
	debugfs -w -R "feature needs_recovery" img >/dev/null 2>&1
	before=$(hash img)
	fsu_ls img
	[ "$before" = "$(hash img)" ]
	fsu_put img "$here/kernel.py" /
	e2fsck -fn img
	! dumpe2fs -h img 2>/dev/null | grep -q needs_recovery
}

# Refused, in words, and nothing has changed; what is not replayed can be looked at.
refused() { # words, script
	craft "$2"
	before=$(hash img)
	for command in "fsu_ls img" "fsu_put img $here/kernel.py /"; do
		run timeout 60 $command
		echo "# $command: $status: $output"
		[ "$status" -gt 0 ] && [ "$status" -lt 124 ]
		[[ "$output" == *"$1"* ]]
		[ "$before" = "$(hash img)" ]
	done
	fsu_ls -o norecovery img >/dev/null
}

@test "bad journals: blocks" {
	refused "outside of the device is block 4096" 'j.log((3000,b"a"),(4096,b"b")); j.commit()'
	refused "outside of the device is block 4294967295" 'j.log((0xffffffff,b"b")); j.commit()'
	refused "outside of the device is block 8589937592" \
		'j.features(csum=3,bits64=True); j.log((3000|2<<32,b"b")); j.commit()'
	refused "into the journal itself" 'j.log((j.map[5],b"b")); j.commit()'
	refused "into the journal itself" 'j.log((j.map[0],b"b")); j.commit()'
	refused "wrong is the checksum of block 3001" \
		'j.features(csum=3); j.log((3001,b"b"),badcsum=True); j.commit()'
	refused "wrong is the checksum of block 3001" \
		'j.features(csum=2); j.log((3001,b"b"),badcsum=True); j.commit()'
	refused "wrong is the checksum of what is committed" \
		'j.features(csum=3); j.log((3001,b"b"),badtail=True); j.commit()'
}

@test "bad journals: lengths, counts and loops" {
	# a revoke block that says more than it has
	for n in 0 15 1025 0xffffffff; do
		refused "r_count is" "j.revoke(3000, count=$n); j.commit()"
	done
	# tags past the end of their block, none of them the last: many times more
	# blocks than the log has
	refused "winds round into itself" '
while j.at < j.maxlen - 2:
    j.log(*[(3000 + i % 900, b"") for i in range(124)], last=False, count=0)
    j.at += 60
    if j.at >= j.maxlen - 62: break
j.at = j.start
for i in range(7):
    j.log(*[(3000 + i, b"") for i in range(124)], last=False, count=0)
    j.at = j.at + 124
j.at = 1 + 7 * 125
j.log(*[(3000 + i, b"") for i in range(124)], last=False, count=0)
j.at = 1 + 8 * 125
j.log(*[(3000 + i, b"") for i in range(124)], last=False, count=0)
'
}

@test "bad journals: the superblock" {
	refused "s_maxlen" 'j.log((3000,b"")); j.commit(); j.setsb(16, 1025)'
	refused "s_maxlen" 'j.log((3000,b"")); j.commit(); j.setsb(16, 0)'
	refused "s_first" 'j.log((3000,b"")); j.commit(); j.setsb(20, 0)'
	refused "s_first" 'j.log((3000,b"")); j.commit(); j.setsb(20, 1024)'
	refused "s_start" 'j.log((3000,b"")); j.commit(); j.start = 1024'
	refused "s_start" 'j.log((3000,b"")); j.commit(); j.start = 0xffffffff'
	refused "s_blocksize" 'j.log((3000,b"")); j.commit(); j.setsb(12, 4096)'
	refused "h_magic" 'j.log((3000,b"")); j.commit(); j.setsb(0, 1)'
	refused "h_blocktype" 'j.log((3000,b"")); j.commit(); j.setsb(4, 2)'
	refused "feature bits 0x40" 'j.log((3000,b"")); j.commit(); j.setsb(40, 0x41)'
	refused "s_feature_incompat" 'j.log((3000,b"")); j.commit(); j.setsb(40, 0x18)'
	refused "s_checksum" 'j.features(csum=3); j.log((3000,b"")); j.commit(); j.seed = 0
j.save(); j.setsb(252, 5); j.csum = 0'
}

@test "a flood of revokes" {
	craft '
j.log((3000,b"one"))
for k in range(900):
    j.revoke(*[k * 252 + i for i in range(252)])
j.commit()'
	judge img
	dd if=ours bs=1024 skip=3000 count=1 2>/dev/null | cmp -n 1024 - /dev/zero
}

@test "what a log brings must be a file system" {
	# a root inode that is none: nothing is written
	craft 'b = bytearray(j.img[(1024 * 1024 - 1024 * 1024):1024])
import struct
t = struct.unpack_from("<I", j.img, 2048 + 8)[0]
blk = bytearray(j.img[t * 1024:(t + 1) * 1024])
isz = struct.unpack_from("<H", j.img, 1024 + 88)[0]
struct.pack_into("<H", blk, isz, 0o100644)
j.log((t, blk), (3000, b"one")); j.commit()'
	before=$(hash img)
	run fsu_put img "$here/kernel.py" /
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"root is not a directory"* ]]
	[ "$before" = "$(hash img)" ]
}
