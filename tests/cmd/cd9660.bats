#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# ISO 9660: images of xorriso, genisoimage and bsdtar, read back as the tree they were
# made of; what a plain or a Joliet name becomes; hybrids, boot images, compression.

load helper

setup() {
	fsu_setup
	command -v xorriso >/dev/null || skip "no xorriso"
}
teardown() { fsu_teardown; }

iso() { python3 "$BATS_TEST_DIRNAME/iso9660.py" "$@"; }
mkiso() { xorriso -as mkisofs -quiet "$@" 2>xorriso.log; }

# the tree, deep enough for directories to be moved, and one with many names
isotree() {
	mktree tree
	mkdir -p tree/1/2/3/4/5/6/7/8/9/10
	echo deep >tree/1/2/3/4/5/6/7/8/9/10/file
	mkdir tree/many
	for i in $(seq 600); do echo "$i" >"tree/many/a-name-of-some-length-$i"; done
	ln -s ../.././sub/../x tree/sub/odd
	ln -s /usr/../bin/. tree/sub/absolute
	ln -s / tree/root
	touch "tree/$(printf 'n%.0s' $(seq 200))"
}

# What Rock Ridge holds of a tree; times have whole seconds.
listing() { # DIR
	(cd "$1" && find . -mindepth 1 -not -path './rr_moved*' \
		-printf '%P|%y|%m|%l|%Ts' -type f -printf '|%s' -o -printf '\n' | sort)
}

@test "cd9660: trees of three writers, with Rock Ridge" {
	isotree
	mkiso -R -o xorriso.iso tree
	command -v genisoimage >/dev/null && genisoimage -quiet -R -o genisoimage.iso tree 2>/dev/null
	if command -v bsdtar >/dev/null; then
		(cd tree && bsdtar --format iso9660 -cf ../bsdtar.iso -- *)
	fi
	for img in *.iso; do
		rm -rf out
		fsu_get "$img" -a / out
		rm -rf out/rr_moved
		rm -f out/fifo
		diff -r --no-dereference -x fifo tree out
		# bsdtar writes modes and links' times of its own
		[ "$img" = bsdtar.iso ] && continue
		[ "$img" = genisoimage.iso ] && continue
		rm -rf out
		fsu_get "$img" -a / out
		diff <(listing tree) <(listing out)
	done
}

@test "cd9660: .. of directories that were moved" {
	command -v genisoimage >/dev/null || skip "no genisoimage"
	isotree
	genisoimage -quiet -R -o img tree 2>/dev/null
	fsu_cat img /1/2/3/4/5/6/7/8/9/10/file | cmp - tree/1/2/3/4/5/6/7/8/9/10/file
	[ "$(fsu_cat img /1/2/3/4/5/6/7/8/9/10/../../../../../../../../../../hello)" = hello ]
	[ "$(fsu_ls img -di /1/2/3/4/5/6/7 | awk '{print $1}')" = \
		"$(fsu_ls img -ai /1/2/3/4/5/6/7/8 | awk '$2 == ".." {print $1}')" ]
	[ "$(fsu_ls img /1/2/3/4/5/6/7)" = 8 ]
}

@test "cd9660: Joliet, plain names, and which tree is shown" {
	mkdir -p tree/Folder
	echo one >"tree/Long Name (with é and 日本).Text"
	echo two >tree/Folder/UPPER.TXT
	echo three >tree/noext
	mkiso --norock -J -V Label -o joliet tree
	rm -rf out
	fsu_get joliet -a / out
	diff -r tree out
	mkiso --norock -o plain tree
	[ "$(fsu_ls plain /folder)" = upper.txt ]
	[ "$(fsu_cat plain noext)" = three ]
	[ "$(fsu_ls -o map=off plain /FOLDER)" = 'UPPER.TXT;1' ]
	[ "$(fsu_stat plain -c %a /noext)" = 555 ]
	[ "$(fsu_stat -o uid=7,gid=8,mode=640 plain -c %u:%g:%a /noext)" = 7:8:640 ]
	mkiso -R -J -o both tree
	diff <(fsu_ls both -R /) <(fsu_ls -t iso9660 both -R /)
	[ "$(fsu_ls -o norrip both /Folder)" = UPPER.TXT ]
	[ "$(fsu_stat both -c %a /noext)" = 644 ]
	[ "$(fsu_stat -o norrip both -c %a /noext)" = 555 ]
	[ "$(fsu_ls -o norrip,nojoliet both /folder)" = upper.txt ]
	expect 1 fsu_ls -o norrip,nojoliet both /Folder
}

@test "cd9660: a writer is told, and nothing is changed" {
	mktree tree
	mkiso -R -o img tree
	before=$(sum img)
	expect 1 fsu_mkdir img /new
	has "ISO 9660 is read, never written"
	has "Read-only file system"
	expect 1 fsu_rm img /hello
	expect 1 fsu_put img tree/hello /other
	[ "$before" = "$(sum img)" ]
}

@test "cd9660: a hybrid image is the file system, not its partition table alone; boot images" {
	mkdir tree
	head -c 2048 /dev/urandom >tree/bios.bin
	truncate -s 1440K tree/efi.img
	mkfs.fat tree/efi.img >/dev/null
	head -c 432 /dev/urandom >mbr
	mkiso -R -J -b bios.bin -no-emul-boot -boot-load-size 4 -eltorito-alt-boot \
		-e efi.img -no-emul-boot -isohybrid-mbr mbr -isohybrid-gpt-basdat -o img tree
	[ "$(dd if=img bs=1 skip=510 count=2 status=none | od -An -tx1)" = " 55 aa" ]
	fsu_cat img /efi.img | cmp - tree/efi.img
	[ "$(fsu_ls -o eltorito img -A / | head -1)" = .eltorito ]
	[ "$(fsu_ls -o eltorito img /.eltorito)" = "1-bios.img
2-efi.img" ]
	fsu_cat -o eltorito img /.eltorito/1-bios.img | cmp - tree/bios.bin
	fsu_cat -o eltorito img /.eltorito/2-efi.img | cmp - tree/efi.img
	fsu_cat -o eltorito img /.eltorito/../bios.bin | cmp - tree/bios.bin
	expect 1 fsu_ls img /.eltorito
}

@test "cd9660: zisofs" {
	mkdir tree
	seq 100000 >tree/text
	truncate -s 300000 tree/zeros
	head -c 200000 /dev/urandom >tree/random
	xorriso -outdev img -map tree / -set_filter_r --zisofs / -- 2>xorriso.log
	[ "$(stat -c %s img)" -lt 900000 ]
	fsu_get img -a / out
	diff -r tree out
	fsu_cat img text | tail -c +400001 | head -c 100 | cmp - <(tail -c +400001 tree/text | head -c 100)
	# a block that can't be inflated is that file's trouble only
	at=$(($(iso img extent /text) + 100))
	head -c 2000 /dev/zero | dd of=img bs=1 seek="$at" conv=notrunc status=none
	expect 1 fsu_cat img text
	has "text"
	fsu_cat img random | cmp - tree/random
}

@test "cd9660: a file of several extents" {
	mkdir tree
	head -c 300000 /dev/urandom >tree/file
	echo next >tree/next
	mkiso -R -o img tree
	iso img split /file 4096
	iso img split /file 2048
	[ "$(fsu_ls img)" = "file
next" ]
	[ "$(fsu_stat img -c %s file)" = 300000 ]
	fsu_cat img file | cmp - tree/file
	fsu_cat img next | cmp - tree/next
	fsu_get img -a / out
	diff -r tree out
}

@test "cd9660: named, labelled and measured as blkid has it" {
	mktree tree
	mkiso -R -V A_Label -o img tree
	run fsu_ls -o verbose img
	has cd9660
	has A_Label
	has "$(blkid -o value -s UUID img)"
	expect 0 fsu_df img
	has "100%"
}
