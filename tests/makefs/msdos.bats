#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# FAT: makefs and newfs-img, compared with mkfs.fat, judged by fsck.fat, read by mtools.

load ../cmd/helper
load judge

setup() { fsu_setup; }
teardown() { fsu_teardown; }

clean() { fsck.fat -n "$1" >fsck.out || { cat fsck.out; return 1; }; }

# bpb IMAGE [SKIP]: the boot sector's figures, a line.
bpb() {
	python3 - "$1" "${2:-0}" <<'EOF'
import struct, sys
f = open(sys.argv[1], "rb")
f.seek(int(sys.argv[2]))
d = f.read(512)
ss, spc, res, nf, re, s16, med, fs, tr, hd, hid, s32 = struct.unpack("<HBHBHHBHHHII", d[11:36])
fat32 = fs == 0
if fat32:
    fs = struct.unpack("<I", d[36:40])[0]
n = s16 or s32
cl = (n - res - nf * fs - (re * 32 + ss - 1) // ss) // spc
print("fat=%d sector=%d spc=%d res=%d fats=%d root=%d n=%d media=%x fatlen=%d track=%d heads=%d hidden=%d clusters=%d" %
      (32 if fat32 else 12 if cl <= 4084 else 16, ss, spc, res, nf, re, n, med, fs, tr, hd, hid, cl))
EOF
}

figures_of() { # IMAGE WORD...: some of those
	local line=$(bpb "$1") w
	shift
	for w; do sed "s/.*\b$w=\([0-9a-f]*\).*/$w \1/" <<<"$line"; done
}

tree() { # DIR: long and short names, a directory of more than a cluster, sizes around clusters
	mkdir -p "$1/Sub/deep/deeper" "$1/a directory with a long name"
	echo one >"$1/README.TXT"
	echo two >"$1/lower.txt"
	echo three >"$1/Some long Name.text"
	echo four >"$1/Käse ☃.dat"
	: >"$1/empty"
	for n in 1 511 512 513 2047 2048 2049 4096 40000; do head -c $n /dev/urandom >"$1/Sub/size$n"; done
	for i in $(seq 60); do echo "$i" >"$1/a directory with a long name/file number $i of many.dat"; done
}

same() { # IMAGE DIR: mtools reads it back
	rm -rf back && mkdir back
	LC_ALL=C.UTF-8 mcopy -s -i "$1" '::*' back/
	diff -r "$2" back
}

mk() { makefs -t msdos "$@" 2>warnings; }

@test "newfs-img: type and cluster size are mkfs.fat's" {
	local k
	for k in 64 161 500 2000 4097 8190 8300 16384 33000 129000 132000 263000 523000 524288 3000000 8400000; do
		rm -f a.img b.img
		mkfs.fat -C a.img $k >/dev/null
		newfs-img -t msdos -s ${k}k b.img
		clean b.img
		diff <(figures_of a.img fat spc root media) <(figures_of b.img fat spc root media)
	done
	for k in 34000 100000 266240 266300 524288; do
		rm -f a.img b.img
		mkfs.fat -F 32 -C a.img $k >/dev/null
		newfs-img -t msdos -F 32 -s ${k}k b.img
		clean b.img
		diff <(figures_of a.img fat spc res root) <(figures_of b.img fat spc res root)
	done
}

@test "newfs-img: floppies are mkfs.fat's to the last figure, and the older ones are good" {
	local k
	for k in 360 720 1200 1440 2880; do
		rm -f a.img b.img
		mkfs.fat -C a.img $k >/dev/null
		newfs-img -t msdos -f $k b.img
		diff <(bpb a.img) <(bpb b.img)
		[ "$(stat -c %s b.img)" = $((k * 1024)) ]
	done
	for k in 160 180 320 640 1232; do
		rm -f b.img
		newfs-img -t msdos -f $k -L disk b.img
		clean b.img
		mdir -i b.img :: | grep -q 'DISK'
	done
	run newfs-img -t msdos -f 1000 c.img
	[ "$status" -eq 2 ]
	run newfs-img -t msdos -f 1440 -s 2m c.img
	[ "$status" -eq 2 ]
}

@test "newfs-img: options" {
	newfs-img -t msdos -F 16 -c 4 -S 1024 -R 3 -h 77 -L 'My disk' -I dead-beef -s 40m x.img
	clean x.img
	[[ $(bpb x.img) == "fat=16 sector=1024 spc=4 res=3 "*" hidden=77 "* ]]
	[ "$(blkid -o value -s UUID x.img)" = DEAD-BEEF ]
	[ "$(blkid -o value -s LABEL x.img)" = 'MY DISK' ]
	[ "$(blkid -o value -s TYPE x.img)" = vfat ]
	# FAT32: a copy of the boot sector at 6, of FSInfo at 7
	newfs-img -t msdos -F 32 -s 40m y.img
	clean y.img
	cmp <(head -c 512 y.img) <(tail -c +3073 y.img | head -c 512)
	[ "$(tail -c +3585 y.img | head -c 4)" = RRaA ]
	file y.img | grep -q 'FAT (32 bit)'
	# boot code of the user's: its jump and what is behind the BPB
	printf '\xeb\x3c\x90' >boot
	head -c 507 /dev/zero | tr '\0' Z >>boot
	printf '\x55\xaa' >>boot
	newfs-img -t msdos -B boot -f 1440 z.img
	clean z.img
	cmp <(tail -c +63 z.img | head -c 450) <(tail -c +63 boot | head -c 450)
	head -c 100 boot >short
	for bad in '-B short' '-F 13' '-c 3' '-S 100' '-L a.b' '-I xyz' '-F 12 -s 40m -c 1' '-F 32 -s 10m' '-O x'; do
		run newfs-img -t msdos -s 10m $bad no.img
		[ "$status" -eq 2 ]
	done
	run newfs-img -t ext2 -F 32 -s 10m no.img
	[ "$status" -eq 2 ]
	[[ $output == *"-F is not for"* ]]
	[ ! -e no.img ]
}

@test "makefs: read back by mtools, judged by fsck.fat, the same each time" {
	local o
	tree t
	for o in label=vol fat=12 fat=16 fat=32 cluster=512 cluster=8k fat=16,cluster=2k \
		sector=1024 sector=2048 sector=4096; do
		rm -f a.img b.img
		mk -o $o a.img t
		mk -o $o b.img t
		cmp a.img b.img
		clean a.img
		same a.img t
		[ "$(blkid -o value -s TYPE a.img)" = vfat ]
		file a.img | grep -q 'FAT ('
	done
	for o in 12 16 32; do
		mk -o fat=$o --force a.img t
		file a.img | grep -q "FAT ($o bit)"
		[[ $(bpb a.img) == "fat=$o "* ]]
	done
}

@test "makefs: not a cluster more than is needed" {
	local c size
	tree t
	for c in 512 1k 4k; do
		rm -f a.img
		mk -o cluster=$c a.img t
		size=$(stat -c %s a.img)
		[ "$(makefs -t msdos -n -o cluster=$c none.img t 2>/dev/null)" = "$size" ]
		fsck.fat -n a.img | grep -qE ' ([0-9]+)/\1 clusters'
		run makefs -t msdos -o cluster=$c -s $((size - 512)) small.img t
		[ "$status" -eq 1 ]
		[ ! -e small.img ]
		mk -o cluster=$c -s $size fits.img t
		clean fits.img
		same fits.img t
		rm fits.img
	done
	# what is to stay free is free, and no more
	mk -o cluster=4k -b 10 --force a.img t
	[[ $(fsck.fat -n a.img | tail -1) =~ \ ([0-9]+)/([0-9]+)\ clusters ]]
	[ $((BASH_REMATCH[2] - BASH_REMATCH[1])) = 10 ]
	mk -o cluster=4k -s +100k --force a.img t
	[[ $(fsck.fat -n a.img | tail -1) =~ \ ([0-9]+)/([0-9]+)\ clusters ]]
	[ $((BASH_REMATCH[2] - BASH_REMATCH[1])) = 25 ]
}

@test "makefs: a root of many names, of both kinds" {
	mkdir t
	for i in $(seq 900); do echo "$i" >"t/a name that is long enough $i"; done
	mk a.img t
	clean a.img
	same a.img t
	mk -o fat=32 -o cluster=512 b.img t
	clean b.img
	same b.img t
	# 65536 entries are all that a directory can have
	mkdir t/big
	python3 -c '
for i in range(17000): open("t/big/a name of four entries, long %06d" % i, "w").close()'
	run makefs -t msdos c.img t
	[ "$status" -eq 1 ]
	[[ $output == *"big: has more names"* ]]
}

@test "makefs: what can't be held is refused, with the path and why" {
	mkdir t
	echo x >t/good
	refused() { # PATH WORDS
		run makefs -t msdos x.img t
		[ "$status" -eq 1 ]
		[[ $output == *"$1: "*"$2"* ]] || { echo "$output"; return 1; }
		[ ! -e x.img ]
	}
	ln -s good t/link
	refused link 'symbolic link'
	rm t/link
	mkfifo t/fifo
	refused fifo 'neither file nor directory'
	rm t/fifo
	for name in 'a:b' 'what?' 'end.' 'end ' con 'aux.txt' 'a\b'; do
		: >"t/$name"
		refused "" 'FAT forbids the name'
		rm "t/$name"
	done
	: >t/GOOD
	refused good 'when case'
	rm t/GOOD
	: >$'t/\xff'
	refused "" 'not UTF-8'
	rm $'t/\xff'
	truncate -s 4294967296 t/large
	refused large '4 GiB'
	truncate -s 0 t/large
	mk x.img t
	clean x.img
}

@test "makefs: links become files, owners and attributes are left out; each is said once" {
	mkdir t
	echo content >t/one
	ln t/one t/two
	ln t/one t/three
	truncate -s 100000 t/holes
	echo end >>t/holes
	setfattr -n user.x -v y t/one 2>/dev/null || true
	run makefs -t msdos x.img t
	[ "$status" -eq 0 ]
	[ "$(grep -c 'no hard links: 2' <<<"$output")" = 1 ]
	[ "$(grep -c 'no owners or modes' <<<"$output")" = 1 ]
	clean x.img
	same x.img t
	tar -C t -cf t.tar .
	mk y.img t.tar
	clean y.img
	same y.img t
	# the image is the tree's, whoever owns it
	chmod 600 t/holes
	mk --force y.img t
	cmp x.img y.img
	chmod 444 t/holes
	mk --force y.img t
	mattrib -i y.img ::holes | grep -q R
}

@test "makefs: a name that another's short one would take" {
	mkdir t
	echo a >t/foobarbaz.txt
	echo b >'t/foobar~1.txt'
	echo c >t/foobarbaz2.txt
	mk x.img t
	clean x.img
	same x.img t
}

@test "makefs: times are the tree's, -T's, SOURCE_DATE_EPOCH's" {
	mkdir t
	echo x >t/f
	touch -d '2001-02-03 04:05:06 UTC' t/f t
	mk x.img t
	[ "$(fsu_stat x.img -c %Y f)" = "$(stat -c %Y t/f)" ]
	mk -T 1000000000 -o label=time --force x.img t
	[ "$(fsu_stat x.img -c %Y f)" = 1000000000 ]
	TZ=UTC mdir -i x.img :: | grep -q '2001-09-09'
	touch t/f
	SOURCE_DATE_EPOCH=1000000000 mk --force x.img t
	[ "$(fsu_stat x.img -c %Y f)" = 1000000000 ]
}

@test "makefs: in a partition" {
	tree t
	truncate -s 40M disk
	printf 'label: gpt\nstart=2048, size=40960, type=U\n' | sfdisk -q disk
	mk 'disk%GPT:1%' t
	dd if=disk of=part bs=512 skip=2048 count=40960 status=none
	clean part
	same part t
	[[ $(bpb part) == *" n=40960 "*" hidden=2048 "* ]]
	sfdisk --verify disk
	[ "$(fsu_cat 'disk%GPT:1%' README.TXT)" = one ]
	newfs-img -t msdos --force 'disk%GPT:1%'
	dd if=disk of=part bs=512 skip=2048 count=40960 status=none
	clean part
	[[ $(bpb part) == *" hidden=2048 "* ]]
}
