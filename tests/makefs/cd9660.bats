#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# ISO 9660: what makefs writes is read by xorriso, isoinfo, 7z, bsdtar and our own driver
# as the tree that it was made of; boots are checked by what xorriso and sfdisk say.

load ../cmd/helper
load judge

setup() { fsu_setup; }
teardown() { fsu_teardown; }

need() { command -v "$1" >/dev/null || skip "no $1"; }
mk() { makefs -t cd9660 "$@" 2>warnings || { cat warnings; return 1; }; }

tree() { # DIR: whatever Rock Ridge holds
	local d=$1
	mkdir -p "$d/1/2/3/4/5/6/7/8/9/10/11" "$d/1/2/3/4/5/6/7/8b" "$d/sub dir" "$d/empty"
	echo deep >"$d/1/2/3/4/5/6/7/8/9/10/11/file"
	echo other >"$d/1/2/3/4/5/6/7/8b/file"
	echo one >"$d/README.TXT"
	echo two >"$d/Readme.txt"
	echo three >"$d/a.b.c"
	echo four >"$d/.profile"
	echo five >"$d/Käse ☃ 😀.dat"
	echo six >"$d/$(printf 'n%.0s' $(seq 253))"
	echo seven >"$d/$(printf 'n%.0s' $(seq 252))m"
	: >"$d/zero"
	for n in 1 2047 2048 2049 300000; do head -c $n /dev/urandom >"$d/sub dir/size$n"; done
	for i in $(seq 300); do echo "$i" >"$d/sub dir/a-name-of-some-length-$i"; done
	truncate -s 1M "$d/hole"
	echo end >>"$d/hole"
	ln "$d/README.TXT" "$d/sub dir/linked"
	ln "$d/README.TXT" "$d/linked"
	ln -s '../.././x/../y' "$d/sub dir/dots"
	ln -s / "$d/root"
	ln -s /usr/bin/. "$d/absolute"
	ln -s "$(printf 'component%d/' $(seq 60))end" "$d/longlink"
	ln -s "$(printf 'c%.0s' $(seq 250))/$(printf 'd%.0s' $(seq 255))" "$d/widelink"
	mkfifo "$d/fifo"
	chmod 4711 "$d/zero"
	chmod 600 "$d/a.b.c"
	chmod 1777 "$d/empty"
	touch -d '1999-12-31 23:59:59' "$d/sub dir" "$d/zero"
	touch -d '2100-01-01 00:00:01' "$d/linked"
	touch -h -d '2001-02-03 04:05:06' "$d/root"
}

# What there is of each, and what is in the files.
listing() { # DIR [links]
	(cd "$1" && find . -printf "%P|%y|%m|%U|%G${2:+|%n}|%l|%Ts\n" | sort &&
		find . -type f -exec sha1sum {} + | sort -k2)
}

ours() { # IMAGE: the same by fsu_find
	fsu_find "$1" / -printf '%P|%y|%m|%U|%G|%n|%l|%Ts\n' | sort
}

same() { # IMAGE DIR: our driver reads it back
	diff <(cd "$2" && find . -printf '%P|%y|%m|%U|%G|%n|%l|%Ts\n' | sort) <(ours "$1") || return 1
	rm -rf back && mkdir back
	fsu_get "$1" -R -p / back
	diff <(listing "$2") <(listing back)
}

@test "read back by our driver, whatever the source; the same each time" {
	tree t
	mk a.iso t
	[ ! -s warnings ] || { cat warnings; false; }
	same a.iso t
	mk b.iso t
	cmp a.iso b.iso
	[ "$(stat -c %s a.iso)" = "$(makefs -t cd9660 -n none.iso t)" ]
	# a copy, whose directories have another order
	mkdir c
	(cd t && find . -depth -print0 | sort -zr | cpio -0pdm --quiet ../c)
	(cd t && find . -depth -print0) | while IFS= read -r -d '' d; do touch -h -r "t/$d" "c/$d"; done
	mk c.iso c
	cmp a.iso c.iso
	tar -C t -cf t.tar .
	mk d.iso t.tar
	same d.iso t
	bsdtar -C t --format mtree --options '!all,type,mode,uid,gid,time,link,size,nlink' -cf t.mtree .
	(cd t && makefs -t cd9660 ../e.iso ../t.mtree)
	[ "$(fsu_cat e.iso '/1/2/3/4/5/6/7/8/9/10/11/file')" = deep ]
}

@test "owners and devices, from a manifest" {
	cat >m <<'EOT'
#mtree
. type=dir mode=0755 uid=0 gid=0 time=1000000000.0
./dev type=dir mode=0750 uid=3 gid=70000 time=1000000000.0
./dev/sda type=block mode=0660 uid=0 gid=6 device=linux,8,1 time=1000000001.0
./dev/null type=char mode=0666 uid=0 gid=0 device=linux,1,3 time=1000000002.0
./dev/far type=char mode=0666 uid=0 gid=0 device=linux,300,70000 time=1000000002.0
./dev/first type=char mode=0666 uid=0 gid=0 device=linux,0,5 time=1000000002.0
EOT
	mk a.iso m
	[ "$(fsu_stat a.iso -c '%A %u %g %Y' /dev)" = 'drwxr-x--- 3 70000 1000000000' ]
	[ "$(fsu_stat a.iso -c '%A %g %Hr,%Lr %Y' /dev/sda)" = 'brw-rw---- 6 8,1 1000000001' ]
	[ "$(fsu_stat a.iso -c '%Hr,%Lr' /dev/null)" = 1,3 ]
	[ "$(fsu_stat a.iso -c '%Hr,%Lr' /dev/far)" = 300,70000 ]
	[ "$(fsu_stat a.iso -c '%Hr,%Lr' /dev/first)" = 0,5 ]
	need xorriso
	xorriso -indev a.iso -lsl /dev 2>/dev/null | grep -q 'brw-rw----.*8,1 '
}

@test "read back by xorriso, without a warning" {
	need xorriso
	tree t
	mk a.iso t
	xorriso -indev a.iso -check_media -- 2>log
	! grep -E 'WARNING|SORRY|FAILURE|FATAL|DEBUG' log
	xorriso -osirrox on -indev a.iso -hardlinks on -extract / out 2>log
	! grep -E 'WARNING|SORRY|FAILURE|FATAL' log
	diff <(listing t | grep -v '|l|') <(listing out | grep -v '|l|')
	# it sets no times of links
	diff <(cd t && find . -type l -printf '%p %l\n' | sort) <(cd out && find . -type l -printf '%p %l\n' | sort)
}

@test "read back by bsdtar, 7z and isoinfo" {
	tree t
	mk a.iso t
	if command -v bsdtar >/dev/null; then
		mkdir bsd
		bsdtar -xpf a.iso -C bsd
		diff <(listing t links | grep -v '^|') <(listing bsd links | grep -v '^|')
	fi
	if command -v isoinfo >/dev/null; then
		isoinfo -d -i a.iso | grep -q 'Rock Ridge'
		isoinfo -R -f -i a.iso | grep -qxF '/sub dir/size2049'
		isoinfo -R -x '/sub dir/size300000' -i a.iso | cmp - 't/sub dir/size300000'
		isoinfo -J -f -i a.iso | grep -qxF '/sub dir/size2049;1'
	fi
	need 7z
	7z x -ojoliet a.iso >log
	diff -r 't/sub dir' 'joliet/sub dir' 2>&1 | grep -v ': dots$' && false
	[ "$(cat 'joliet/1/2/3/4/5/6/7/8/9/10/11/file')" = deep ]
	[ "$(cat 'joliet/Käse ☃ 😀.dat')" = five ]
}

@test "named by file and blkid; label and times" {
	mkdir t
	echo x >t/f
	mk -T 1000000000 -o label=MY_DISK,publisher=Somebody,preparer=p,applicationid=app,volumeid=set,systemid=sys a.iso t
	file a.iso | grep -q "ISO 9660.*'MY_DISK'"
	[ "$(blkid -p -o value -s TYPE a.iso)" = iso9660 ]
	[ "$(blkid -p -o value -s LABEL a.iso)" = MY_DISK ]
	[ "$(blkid -p -o value -s UUID a.iso)" = 2001-09-09-01-46-40-00 ]
	[ "$(fsu_stat a.iso -c %Y f)" = 1000000000 ]
	if command -v isoinfo >/dev/null; then
		isoinfo -d -i a.iso >d
		grep -qx 'Publisher id: Somebody' d
		grep -qx 'Data preparer id: p' d
		grep -qx 'Application id: app' d
		grep -qx 'Volume set id: set' d
		grep -qx 'System id: sys' d
	fi
	SOURCE_DATE_EPOCH=900000000 mk --force a.iso t
	[ "$(fsu_stat a.iso -c %Y f)" = 900000000 ]
	printf '#mtree\n. type=dir time=0.0\n./f type=file contents=t/f time=-4000000000.0\n' >m
	unset SOURCE_DATE_EPOCH
	makefs -t cd9660 --force a.iso m 2>log
	[ "$(grep -c 'years 1900 to 2155' log)" = 1 ]
	[ "$(fsu_stat a.iso -c %Y f)" = -2208988800 ]
}

@test "plain names: levels, and each its own" {
	mkdir t
	for n in 'long name one.text' 'long name two.text' 'long name.three.t' lower.txt LOWER.TXT .hidden noext \
		"$(printf 'x%.0s' $(seq 60)).extension"; do echo "$n" >"t/$n"; done
	mkdir t/a.directory.with.dots
	names() { fsu_ls "$1" -1 -a --mount-options=norrip,nojoliet,map=off | grep -v '^\.*$' | sort; }
	mk -o isolevel=1 a.iso t
	names a.iso >n
	! grep -vE '^[A-Z0-9_]{1,8}\.[A-Z0-9_]{0,3};1$|^[A-Z0-9_]{1,8}$' n
	[ "$(sort -u n | wc -l)" = 9 ]
	grep -qx 'LOWER.TXT;1' n
	grep -qx 'LOWER000.TXT;1' n
	grep -qx 'NOEXT.;1' n
	grep -qx '_HIDDEN.;1' n
	mk b.iso t
	names b.iso >n
	grep -qx 'LONG_NAME_ONE.TEXT;1' n
	grep -qx 'LONG_NAME_THREE.T;1' n
	grep -qx 'A_DIRECTORY_WITH_DOTS' n
	! grep -E '^.{34}' n
	mk -o allow-lowercase,allow-multidot,allow-max-name,omit-trailing-period c.iso t
	names c.iso >n
	grep -qx 'long_name.three.t' n
	grep -qx 'noext' n
	grep -qx 'a.directory.with.dots' n
	mk -o allow-illegal-chars d.iso t
	# contents go with their names
	for i in a b c d; do
		fsu_find -o norrip,nojoliet $i.iso / -type f | while read -r f; do
			fsu_cat $i.iso --mount-options=norrip,nojoliet "$f"
		done | sort | diff <(find t -type f -exec cat {} + | sort) -
	done
}

@test "Joliet: 64 characters, each name its own whatever its case" {
	mkdir t
	long=$(printf 'ä%.0s' $(seq 70))
	echo 1 >"t/$long.txt"
	echo 2 >"t/${long}x.txt"
	echo 3 >t/name
	echo 4 >t/NAME
	echo 5 >'t/a*b?c'
	printf 6 >$'t/\xff\xfe'
	ln -s name t/link
	mk a.iso t
	fsu_ls a.iso -1 --mount-options=norrip >n
	[ "$(wc -l <n)" = 6 ]
	grep -qx "$(printf 'ä%.0s' $(seq 60)).txt" n
	grep -qx "$(printf 'ä%.0s' $(seq 57))000.txt" n
	grep -qx 'NAME' n
	grep -qx 'name000' n
	grep -qx 'a_b_c' n
	grep -qx '__' n
	[ "$(fsu_cat a.iso --mount-options=norrip name000)" = 3 ]
	# off
	mk -o joliet=0 b.iso t
	[ "$(stat -c %s b.iso)" -lt "$(stat -c %s a.iso)" ]
	fsu_ls b.iso -1 --mount-options=norrip | grep -qx 'a_b_c'
	same b.iso t
}

@test "deep trees: moved, left alone, refused" {
	tree t
	mk a.iso t
	fsu_ls a.iso --mount-options=norrip,nojoliet | grep -q rr_moved
	! fsu_ls a.iso | grep -q rr_moved
	[ "$(fsu_cat a.iso 1/2/3/4/5/6/7/8/9/10/11/../../../../../7/8b/file)" = other ]
	mk -o allow-deep-trees b.iso t
	same b.iso t
	! fsu_ls b.iso --mount-options=norrip,nojoliet | grep -q rr_moved
	mkdir -p u/1/2/3/4/5/6/7/8
	run makefs -t cd9660 -o rockridge=0 x.iso u
	[ "$status" -eq 1 ]
	[[ $output == *"1/2/3/4/5/6/7/8: is deeper"* ]]
	[ ! -e x.iso ]
	mk -o rockridge=0,allow-deep-trees x.iso u
	[ "$(fsu_find x.iso / -type d | wc -l)" = 9 ]
}

@test "without Rock Ridge: refused with the path, or said once" {
	mkdir t
	echo x >t/f
	chmod 640 t/f
	run makefs -t cd9660 -o rockridge=0 x.iso t
	[ "$status" -eq 0 ]
	[ "$(grep -c 'no owners or modes' <<<"$output")" = 1 ]
	ln -s f t/link
	run makefs -t cd9660 -o rockridge=0 --force y.iso t
	[ "$status" -eq 1 ]
	[[ $output == *"link: is a symbolic link"* ]]
	[ ! -e y.iso ]
	# attributes are left out, once
	rm t/link
	if setfattr -n user.x -v y t/f; then
		run makefs -t cd9660 y.iso t
		[ "$status" -eq 0 ]
		[ "$(grep -c 'no extended attributes: 1 ' <<<"$output")" = 1 ]
		setfattr -x user.x t/f
		mk z.iso t
		cmp y.iso z.iso
	fi
}

@test "100,000 entries of a directory" {
	mkdir -p t/many
	python3 -c '
for i in range(100000): open("t/many/a file with a longer name %06d.txt" % i, "w").close()'
	mk a.iso t
	[ "$(fsu_ls a.iso -1 many | sort -u | wc -l)" = 100000 ]
	# 8.3 has to number most of them
	mk -o isolevel=1,joliet=0 --force a.iso t
	[ "$(fsu_ls a.iso -1 --mount-options=norrip,map=off MANY | sort -u | wc -l)" = 100000 ]
}

@test "a file of more than 4 GiB" {
	[ "$(df --output=avail -B1G . | tail -1)" -ge 2 ] || skip "no room"
	mkdir t
	truncate -s 4294970000 t/large 2>/dev/null || skip "no large files here"
	for at in 0 4294965247 4294967295 4294969900; do
		printf 'mark%d' $at | dd of=t/large bs=1 seek=$at conv=notrunc status=none
	done
	mk a.iso t
	[ "$(fsu_stat a.iso -c %s large)" = 4294970000 ]
	[ "$(du -m a.iso | cut -f1)" -lt 100 ] # holes stay
	if command -v xorriso >/dev/null; then
		xorriso -indev a.iso -lsl /large 2>/dev/null | grep -q ' 4294970000 '
	fi
	fsu_cat a.iso large | cmp - t/large
	run makefs -t cd9660 -o isolevel=2 x.iso t
	[ "$status" -eq 1 ]
	[[ $output == *"large: has 4 GiB or more"* ]]
}

@test "sizes: -s, +, -m, padding, in a partition" {
	tree t
	n=$(makefs -t cd9660 -n x.iso t)
	run makefs -t cd9660 -s $((n - 1)) x.iso t
	[ "$status" -eq 1 ]
	[[ $output == *"the tree needs $n bytes"* ]]
	[ ! -e x.iso ]
	run makefs -t cd9660 -m $((n - 1)) x.iso t
	[ "$status" -eq 1 ]
	mk -s $((n + 4096)) x.iso t
	[ "$(stat -c %s x.iso)" = $((n + 4096)) ]
	mk -s +10k --force x.iso t
	[ "$(stat -c %s x.iso)" = $((n + 10240)) ]
	same x.iso t
	[ "$(makefs -t cd9660 -o no-trailing-padding -n x.iso t)" = $((n - 150 * 2048)) ]
	run makefs -t cd9660 -b 10 x.iso t
	[ "$status" -eq 2 ]
	truncate -s 40M disk
	printf 'label: gpt\nstart=2048, size=40960, type=L\n' | sfdisk -q disk
	mk 'disk%GPT:1%' t
	sfdisk --verify disk
	same 'disk%GPT:1%' t
	run makefs -t cd9660 -o hybrid=mbr --force 'disk%GPT:1%' t
	[ "$status" -eq 1 ]
	[[ $output == *"no partition table of its own"* ]]
}

@test "zisofs: read back, smaller, and nothing gained stays as it is" {
	mkdir -p t/sub
	seq 1 200000 >t/text
	head -c 200000 /dev/urandom >t/noise
	truncate -s 500000 t/zeros
	echo end >>t/zeros
	truncate -s 200000 t/mixed
	head -c 100000 /dev/urandom >>t/mixed
	ln t/text t/sub/linked
	echo small >t/small
	mk -o zisofs a.iso t
	same a.iso t
	[ "$(stat -c %s a.iso)" -lt 1700000 ]
	[ "$(makefs -t cd9660 -o zisofs -n none.iso t)" = "$(stat -c %s a.iso)" ]
	mk -o zisofs b.iso t
	cmp a.iso b.iso
	tar -C t -cf t.tar .
	mk -o zisofs c.iso t.tar
	same c.iso t
	# compressed, or not: as xorriso sees it
	plain() { fsu_stat a.iso --mount-options=norrip,nojoliet -c %s "$1"; }
	[ "$(plain text)" -lt 500000 ]
	[ "$(plain noise)" = 200000 ]
	[ "$(plain small)" = 6 ]
	[ "$(plain zeros)" -lt 500 ]
	# what has no place for ZF isn't read as compressed
	fsu_cat a.iso --mount-options=norrip,nojoliet noise | cmp - t/noise
	run makefs -t cd9660 -o zisofs,rockridge=0 x.iso t
	[ "$status" -eq 2 ]
}

@test "El Torito: several images, with what describes them" {
	need xorriso
	mkdir -p t/boot
	head -c 20000 /dev/urandom >t/boot/loader
	head -c 3000 /dev/urandom >host
	truncate -s 1440k floppy
	truncate -s 3M esp
	mk -o 'bootfile=i386;boot/loader,boot-info-table' -o 'bootimage=efi;esp' \
		-o 'bootimage=i386;floppy,floppy-boot,no-boot' \
		-o 'bootimage=powerpc;host,boot-load-segment=0x7c0,boot-load-size=2' a.iso t
	xorriso -indev a.iso -report_el_torito plain 2>/dev/null >log
	cat log
	grep -qE 'boot img : +1  BIOS  y   none  0x0000  0x00      4 ' log
	grep -qE 'boot img : +2  UEFI  y   none  0x0000  0x00   6144 ' log
	grep -qE 'boot img : +3  BIOS  n  fd1.4  0x0000  0x00      1 ' log
	grep -qE 'boot img : +4 +PPC  y   none  0x07c0  0x00      2 ' log
	grep -qx 'El Torito img path :   1  /boot/loader' log
	grep -q 'img opts :   1  boot-info-table' log
	# the images are there, the loader but for its table
	fsu_ls a.iso --mount-options=eltorito /.eltorito
	fsu_cat a.iso --mount-options=eltorito /.eltorito/2-efi.img | cmp - esp
	fsu_cat a.iso --mount-options=eltorito /.eltorito/3-bios.img | cmp - floppy
	fsu_cat a.iso boot/loader >l
	[ "$(stat -c %s l)" = 20000 ]
	cmp <(head -c 8 l) <(head -c 8 t/boot/loader)
	cmp <(tail -c +65 l) <(tail -c +65 t/boot/loader)
	python3 - a.iso l <<'EOT'
import struct, sys
img = open(sys.argv[1], "rb").read()
l = open(sys.argv[2], "rb").read()
pvd, lba, size, check = struct.unpack("<IIII", l[8:24])
assert (pvd, size) == (16, 20000)
assert img[lba * 2048:lba * 2048 + 20000] == l
assert check == sum(struct.unpack("<4984I", l[64:])) % 2**32
EOT
	run makefs -t cd9660 -o 'bootfile=i386;nowhere' x.iso t
	[ "$status" -eq 1 ]
	[[ $output == *"nowhere isn't in the tree"* ]]
	for bad in boot-info-table 'bootimage=vax;host' bootimage=host 'bootimage=efi;missing' \
		'bootimage=i386;host,boot-load-size=70000'; do
		run makefs -t cd9660 -o "$bad" x.iso t
		[ "$status" -eq 2 ]
	done
	run makefs -t cd9660 -o 'bootimage=i386;host,floppy-boot' x.iso t
	[ "$status" -eq 1 ]
	[ ! -e x.iso ]
	# a hard disk, whose partition's type the catalog has
	truncate -s 4M hd
	printf 'label: dos\nstart=63, size=100, type=6\n' | sfdisk -q hd
	mk -o 'bootimage=i386;hd,hard-disk-boot' h.iso t
	xorriso -indev h.iso -report_el_torito plain 2>/dev/null | grep -qE 'boot img : +1  BIOS  y     hd  0x0000  0x06      1 '
}

@test "sticks: MBR and GPT" {
	need xorriso
	mkdir -p t/boot
	head -c 20000 /dev/urandom >t/boot/loader
	head -c 432 /dev/urandom >mbr
	mkdir -p esp.d/EFI/BOOT
	echo x >esp.d/EFI/BOOT/BOOTX64.EFI
	makefs -t msdos -s 2m esp esp.d 2>/dev/null
	boots='bootfile=i386;boot/loader,boot-info-table,bootimage=efi;esp,mbr=mbr'
	mk -o "$boots" a.iso t
	cmp -n 432 a.iso mbr
	sfdisk --verify a.iso | grep -q 'No errors'
	sfdisk -l -o Boot,Start,Sectors,Id a.iso | tail -2 >parts
	[[ $(sed -n 1p parts) =~ ^\*\ +0\ +[0-9]+\ 17$ ]]
	[[ $(sed -n 2p parts) =~ \ 4096\ ef$ ]]
	xorriso -indev a.iso -report_system_area plain 2>/dev/null | grep -qE 'MBR partition +: +1 +0x80 +0x17 +0 '
	[ $(($(stat -c %s a.iso) % 1048576)) = 0 ]
	# the code finds the loader by the place behind it
	python3 - a.iso <<'EOT'
import struct, sys
img = open(sys.argv[1], "rb").read()
at = struct.unpack("<Q", img[432:440])[0] * 512
assert struct.unpack("<I", img[at + 12:at + 16])[0] * 2048 == at
EOT
	# the second partition is a file system
	fsu_cat 'a.iso%MBR:2%' EFI/BOOT/BOOTX64.EFI
	same_but_loader() {
		rm -rf back && mkdir back
		fsu_get "$1" -R / back
		[ "$(fsu_stat "$1" -c %s boot/loader)" = 20000 ]
	}
	same_but_loader a.iso
	mk -o "$boots,hybrid=gpt" b.iso t
	sfdisk --verify b.iso | grep -q 'No errors'
	sfdisk -l b.iso | grep -qE ' 4096 +2M EFI System'
	fsu_cat 'b.iso%GPT:2%' EFI/BOOT/BOOTX64.EFI
	same_but_loader b.iso
	[ "$(blkid -p -o value -s PTTYPE b.iso)" = gpt ]
	mk -o "$boots,hybrid=gpt" c.iso t
	cmp b.iso c.iso
	# code in front of an image without a table
	head -c 32768 /dev/urandom >generic
	mk -o generic-bootimage=generic d.iso t
	cmp -n 32768 generic d.iso
	run makefs -t cd9660 -o generic-bootimage=generic,hybrid=gpt x.iso t
	[ "$status" -eq 2 ]
	run makefs -t cd9660 -o mbr=generic x.iso t
	[ "$status" -eq 2 ]
}

@test "newfs-img refuses to make an empty one" {
	run newfs-img -t iso9660 -s 10m x.iso
	[ "$status" -eq 2 ]
	[[ $output == *"makefs -t cd9660"* ]]
	[ ! -e x.iso ]
}
