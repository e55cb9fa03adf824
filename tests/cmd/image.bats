#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The image argument, the line around it, and what isn't an image.

load helper

setup() {
	fsu_setup
	mkdir t
	echo hello >t/hello
	mkimage d.img 1M t
}
teardown() { fsu_teardown; }

# ---- the line ------------------------------------------------------------

@test "--help and --version are on standard output, status 0" {
	for c in fsu_cat fsu_get fsu_put fsu_cp; do
		$c --help >out 2>err
		[ ! -s err ]
		grep -q "^usage: $c IMAGE" out
		[ "$(wc -l <out)" -le 24 ]
		[ "$(awk '{ if (length > 80) n++ } END { print n + 0 }' out)" -eq 0 ]
		$c --version >out 2>err
		[ ! -s err ]
		grep -q "^$c (fs-utils) [0-9]" out
	done
}

@test "no operand where one is needed: status 2" {
	expect 2 fsu_cat
	has "missing image"
	expect 2 fsu_cat d.img
	has "missing operand"
	expect 2 fsu_cp d.img x
	has "missing destination"
}

@test "unknown and ambiguous options: status 2" {
	expect 2 fsu_cat d.img -Q hello
	has "invalid option -- 'Q'"
	expect 2 fsu_cat d.img --nonsense hello
	has "unrecognized option '--nonsense'"
	expect 2 fsu_cat d.img --show hello
	has "ambiguous option '--show'"
	expect 2 fsu_cat d.img --number=3 hello
	has "doesn't allow an argument"
}

@test "options and operands mix after IMAGE; beginnings of long names do; -- ends" {
	expect 0 fsu_cat d.img hello -n
	[ "$output" = "     1	hello" ]
	expect 0 fsu_cat -n d.img hello
	[ "$output" = "     1	hello" ]
	expect 0 fsu_cat d.img hello --show-e
	[ "$output" = 'hello$' ]
	expect 1 fsu_cat d.img -- -n
	has "/-n: No such file" || has " -n: No such file"
}

@test "-t and -o in front of IMAGE are the mount's, later the command's" {
	expect 0 fsu_cat -t ext2 -o ro d.img hello
	[ "$output" = hello ]
	expect 0 fsu_cat d.img -t hello # GNU cat's -t: -vT
	[ "$output" = hello ]
	expect 0 fsu_cat -n -t d.img hello # after an option of its own
	[ "$output" = "     1	hello" ]
	expect 0 fsu_cat -nt d.img hello # in a cluster
	[ "$output" = "     1	hello" ]
	expect 0 fsu_cat d.img hello --fstype=ext2 --mount-options=ro
}

@test "an unknown type is status 2 with the line that was meant" {
	expect 2 fsu_cat -t d.img hello
	has "unknown file-system type 'd.img'"
	has "did you mean: fsu_cat d.img -t hello"
	mkdir dir
	expect 2 fsu_put -t /dir d.img t/hello
	has "did you mean: fsu_put d.img -t /dir t/hello"
	expect 2 fsu_cat d.img --fstype=nonsense hello
	has "unknown file-system type 'nonsense' (known: "
	expect 2 fsu_ls -o d.img
	has "did you mean: fsu_ls d.img -o"
}

@test "names of types that Linux uses are aliases" {
	expect 2 fsu_cat -t vfat d.img hello
	# msdos isn't ext2; until it is built in, it isn't known either
	[[ $output == *msdos* || $output == *"unknown file-system type 'vfat'"* ]]
}

@test "fls habits: -o 2048 is answered with the OFFSET form" {
	expect 2 fsu_cat -o 2048 d.img hello
	has 'd.img%OFFSET:2048s%'
}

# ---- windows --------------------------------------------------------------

@test "IMAGE%OFFSET:off[,size]%, with sizes in all units" {
	truncate -s 1M disk
	cat d.img >>disk
	echo tail >>disk
	for w in OFFSET:1048576 OFFSET:1m OFFSET:1024k,1m OFFSET:0x100000 \
		OFFSET:2048s OFFSET:2048b,1MiB OFFSET:2x512x1024; do
		expect 0 fsu_cat "disk%$w%" hello
		[ "$output" = hello ]
		expect 0 fsu_cat --part="$w" disk hello
		[ "$output" = hello ]
	done
	expect 2 fsu_cat 'disk%OFFSET:9m%' hello
	has "outside"
	expect 2 fsu_cat 'disk%OFFSET:zz%' hello
	has "'OFFSET:zz' is no partition; say OFFSET:off"
	expect 0 fsu_put 'disk%OFFSET:1m,1m%' t/hello /new
	dd if=disk of=part bs=1M skip=1 count=1 status=none
	fsck_clean part
	[ "$(tail -c 5 disk)" = tail ]
}

@test "a window in a window lies inside of it" {
	truncate -s 1M disk
	cat d.img >>disk
	expect 0 fsu_cat 'disk%OFFSET:512k%OFFSET:512k%' hello
	expect 2 fsu_cat 'disk%OFFSET:512k,512k%OFFSET:512k%' hello
}

@test "words on a bare file system: one line says what is there, status 2" {
	before=$(sum d.img)
	for w in GPT:2 MBR:1 DISKLABEL:a PART:1 GPT:name=root; do
		expect 2 fsu_cat "d.img%$w%" hello
		one_line
		has "but ext2: leave $w out"
		expect 2 fsu_cat --part="$w" d.img hello
		one_line
	done
	expect 2 fsu_cat 'd.img%NONSENSE:1%' hello
	has "is no partition"
	[ "$(sum d.img)" = "$before" ]
}

@test "an existing file of the whole name wins; else the one in front must exist" {
	cp d.img 'd.img%OFFSET:1m%'
	expect 0 fsu_cat 'd.img%OFFSET:1m%' hello
	expect 2 fsu_cat 'nothere%OFFSET:1m%' hello
	has "nothere: No such file"
}

# ---- environment, aliases ---------------------------------------------------

@test "FSU_DEVICE: all operands are the command's; --image overrides" {
	cp d.img other.img
	fsu_put other.img t/hello /only-there
	export FSU_DEVICE=d.img
	expect 0 fsu_cat hello
	[ "$output" = hello ]
	expect 0 fsu_cat --image=other.img only-there
	[ "$output" = hello ]
	expect 2 fsu_cat other.img hello
	has "FSU_DEVICE is set to d.img; say --image=other.img or unset it"
	expect 2 fsu_cat 'x%OFFSET:1m%' hello
	has "FSU_DEVICE is set to d.img"
	expect 0 fsu_put t/hello /fromhost # a host file without a file system
}

@test "FSU_TYPE and FSU_MNTOPTS; -t beats the one, -o adds to the other" {
	FSU_TYPE=nonsense expect 2 fsu_cat d.img hello
	FSU_TYPE=nonsense expect 0 fsu_cat -t ext2 d.img hello
	FSU_MNTOPTS=ro expect 2 fsu_put d.img t/hello /x
	has "-o ro"
	FSU_MNTOPTS=ro expect 0 fsu_put -o rw d.img t/hello /x
}

@test "~/.fsurc: aliases with type and options; a file of that name beats one" {
	cp d.img "$HOME/disk.raw"
	printf '# a comment\n\n  other  /nowhere\nhome\t~/disk.raw auto ro # c\nodd ~/disk.raw nonsense\n' \
		>"$HOME/.fsurc"
	expect 0 fsu_cat home hello
	[ "$output" = hello ]
	expect 2 fsu_put home t/hello /x
	has "-o ro"
	expect 2 fsu_cat odd hello
	expect 2 fsu_cat other hello
	has "/nowhere: No such file"
	echo 'd.img /nowhere' >>"$HOME/.fsurc"
	expect 0 fsu_cat d.img hello
	truncate -s 1M "$HOME/disk2"
	cat d.img >>"$HOME/disk2"
	echo 'win ~/disk2%OFFSET:1m%' >>"$HOME/.fsurc"
	expect 0 fsu_cat win hello
}

# ---- what isn't an image ------------------------------------------------------

@test "empty, missing, a directory, a pipe, /dev/null, unreadable: one line, status 2" {
	: >empty
	expect 2 fsu_cat empty hello
	one_line
	has "fsu_cat: empty: is empty (0 bytes)"
	expect 2 fsu_cat missing hello
	one_line
	has "fsu_cat: missing: No such file or directory"
	expect 2 fsu_cat t hello
	one_line
	has "fsu_cat: t: is a directory"
	mkfifo pipe
	expect 2 timeout 10 fsu_cat pipe hello
	one_line
	has "is a pipe"
	expect 2 fsu_cat /dev/null hello
	one_line
	has "is a character device"
	chmod 000 d.img
	chmod 755 "$BATS_TEST_TMPDIR"
	if [ "$(id -u)" -eq 0 ]; then
		cp "$BUILD/bin/fsu_cat" .
		expect 2 as_user ./fsu_cat d.img hello
	else
		expect 2 fsu_cat d.img hello
	fi
	one_line
	has "Permission denied"
}

@test "zeros, text, random bytes: one line, status 2, and nothing written" {
	truncate -s 1M zero
	seq 1 100000 >text
	head -c 1M /dev/urandom >random
	for i in zero text random; do
		before=$(sum $i)
		expect 2 fsu_cat $i hello
		one_line
		expect 2 fsu_put $i t/hello /
		[ "$(sum $i)" = "$before" ]
	done
}

@test "containers are answered with the command that unpacks them" {
	gzip -k d.img
	xz -k d.img
	zstd -q d.img -o d.img.zst
	expect 2 fsu_cat d.img.gz hello
	has "gzip -dk d.img.gz"
	expect 2 fsu_cat d.img.xz hello
	has "xz -dk d.img.xz"
	expect 2 fsu_cat d.img.zst hello
	has "zstd -dk d.img.zst"
	fake() { # NAME BYTES [OFFSET]
		truncate -s 64k "$1"
		printf "$2" | dd of="$1" bs=1 seek="${3-0}" conv=notrunc status=none
	}
	fake q 'QFI\373\0\0\0\3'
	fake vmdk 'KDMV'
	fake vdi '\177\020\332\276' 64
	fake vhd 'conectix'
	for i in q vmdk vdi vhd; do
		expect 2 fsu_cat $i hello
		one_line
		has "qemu-img convert"
	done
	fake vhdfixed x
	printf conectix | dd of=vhdfixed bs=1 seek=$((65536 - 512)) conv=notrunc status=none
	expect 2 fsu_cat vhdfixed hello
	has "VHD container"
	fake sparse '\072\377\046\355'
	expect 2 fsu_cat sparse hello
	has "simg2img sparse"
	fake luks 'LUKS\272\276'
	expect 2 fsu_cat luks hello
	has "cryptsetup open luks"
	fake lvm 'LABELONE' 512
	truncate -s 2M lvm
	printf '\001' | dd of=lvm bs=1 seek=520 conv=notrunc status=none # its sector
	printf 'LVM2 001' | dd of=lvm bs=1 seek=536 conv=notrunc status=none
	expect 2 fsu_cat lvm hello
	has "LVM"
	has "vgchange"
}

@test "a whole disk is answered with its partitions, in the form to paste" {
	truncate -s 4M disk
	echo 'label: dos
2048,2048,83' | sfdisk -q disk
	dd if=d.img of=disk bs=1M seek=1 conv=notrunc status=none
	expect 2 fsu_cat disk hello
	has "has a partition table (MBR)"
	has 'disk%MBR:1%'
	arg=$(printf '%s\n' "$output" | sed -n 's/^ *\(disk%[^ ]*\) .*/\1/p')
	expect 0 fsu_cat "$arg" hello
	[ "$output" = hello ]
	truncate -s 4M gpt
	printf 'label: gpt\n2048,2048\n' | sfdisk -q gpt
	dd if=d.img of=gpt bs=1M seek=1 conv=notrunc status=none
	expect 2 fsu_cat gpt hello
	has "has a partition table (GPT)"
	arg=$(printf '%s\n' "$output" | sed -n 's/^ *\(gpt%[^ ]*\) .*/\1/p')
	expect 0 fsu_cat "$arg" hello
}

@test "truncated and damaged images: status 1 or 2, no crash, nothing written" {
	for size in 1 512 1024 1500 2048 4096 20000; do
		head -c $size d.img >cut
		before=$(sum cut)
		run timeout 20 fsu_cat cut hello
		[ "$status" -eq 1 ] || [ "$status" -eq 2 ]
		[ "$(sum cut)" = "$before" ]
	done
}

# ---- reading leaves no trace --------------------------------------------------

@test "reading changes no byte and no time of the image" {
	touch -d '2020-01-01' d.img
	before=$(sum d.img; stat -c '%X %Y %s' d.img)
	expect 0 fsu_cat d.img hello
	expect 0 fsu_get d.img -R / out
	after=$(sum d.img; stat -c '%X %Y %s' d.img)
	[ "$before" = "$after" ] || { echo "$before"; echo "$after"; false; }
}

@test "a file without a write bit is read-only even for root; -o rw overrides" {
	need_root
	chmod 444 d.img
	expect 0 fsu_cat d.img hello
	before=$(sum d.img)
	expect 2 fsu_put d.img t/hello /x
	one_line
	has "-o rw overrides"
	[ "$(sum d.img)" = "$before" ]
	expect 0 fsu_put -o rw d.img t/hello /x
	fsck_clean d.img
}

@test "-o verbose tells what was detected" {
	expect 0 fsu_cat -o verbose d.img hello
	has "d.img: ext2 file system"
	has "opened for reading"
	case $output in *ukfs*) false ;; esac
	expect 0 fsu_cat d.img -v hello # the command's own
	[ "$output" = hello ]
}

@test "names in messages can't reach the terminal as they are" {
	expect 1 fsu_cat d.img "$(printf 'a\033[31mb\nc')"
	one_line
	has "'a'$'\\033''[31mb'$'\\n''c'"
}

@test "SOURCE_DATE_EPOCH is the clock: edits are reproducible" {
	export SOURCE_DATE_EPOCH=1000000000
	cp d.img a.img
	cp d.img b.img
	expect 0 fsu_put a.img t/hello /new
	sleep 1.1
	expect 0 fsu_put b.img t/hello /new
	cmp a.img b.img
	debugfs -R 'stat new' a.img 2>/dev/null | grep -q 'ctime: 0x3b9aca00'
}

@test "closed standard descriptors never become the image's" {
	before=$(sum d.img)
	fsu_cat d.img nothere 2>&- || true
	fsu_cat d.img hello >&- 2>err || st=$?
	[ "$st" -eq 1 ]
	grep -q "standard output: Bad file descriptor" err
	[ "$(sum d.img)" = "$before" ]
	fsu_put d.img -v t/hello /a >&- 2>&- <&- || true
	fsu_put d.img -v nothere t/hello / >&- 2>&- || true
	fsu_put d.img nothere t/hello / 2>&- || true
	fsck_clean d.img
	[ -z "$(head -c 1024 d.img | tr -d '\0')" ] # where they would be: the boot block
	expect 0 fsu_cat d.img hello a
	[ "$output" = "$(printf 'hello\nhello')" ]
	fsu_put d.img - /b <&- 2>err || st=$?
	[ "$st" -eq 1 ]
	grep -q "Bad file descriptor" err
}

@test "the image as standard output is refused" {
	before=$(sum d.img)
	st=0
	fsu_cat d.img hello 2>err >>d.img || st=$?
	[ "$st" -eq 2 ]
	grep -q "standard output is the image itself" err
	st=0
	fsu_get d.img hello - 2>err 1<>d.img || st=$?
	[ "$st" -eq 2 ]
	[ "$(sum d.img)" = "$before" ]
}

@test "operands that are swapped, and words that need quotes" {
	echo x >'a file'
	cp d.img 'my disk.img'
	expect 2 fsu_cat /hello 'my disk.img' other
	has "operands swapped?  IMAGE comes first: fsu_cat 'my disk.img' /hello other"
	expect 2 fsu_cat 'a file' d.img
	has "operands swapped?  IMAGE comes first: fsu_cat d.img 'a file'"
	expect 2 fsu_put 'a file' d.img
	has "operands swapped?  IMAGE comes first: fsu_put d.img 'a file'"
	# Not where it would be wrong.
	expect 2 fsu_cat nosuch.img /hello
	one_line
	expect 1 fsu_put d.img 'my disk.img' /no/such
	one_line
	expect 2 fsu_ls -t 'no type' 'my disk.img' 'a b'
	has "did you mean: fsu_ls 'my disk.img' -t 'no type' 'a b'"
}
