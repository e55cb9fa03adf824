#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# README's disk that boots: its own lines are run here, and foreign tools and, where
# they are installed, firmware under qemu read what came of it.

setup() {
	cd "$BATS_TEST_TMPDIR" || exit 1
	mkdir -p esp/EFI/BOOT rootfs/etc rootfs/boot
	printf 'echo -off\r\necho fs-utils: firmware runs this\r\ntype fs0:\\hello.txt\r\nreset -s\r\n' >esp/startup.nsh
	printf 'hello from the EFI system partition\r\n' >esp/hello.txt
	seq 200000 >esp/EFI/BOOT/long.name.of.a.file.txt
	echo box >rootfs/etc/hostname
	seq 300000 >rootfs/boot/vmlinuz
	chmod 600 rootfs/boot/vmlinuz
	ln -s boot/vmlinuz rootfs/vmlinuz
}

# The block of README.md under that heading, as a script.
readme_lines() {
	awk -v head="## $1" '
		$0 == head { here = 1; next }
		/^## / { here = 0 }
		here && /^    / { print substr($0, 5) }' "$BATS_TEST_DIRNAME/../../README.md"
}

build_disk() {
	readme_lines "A disk that boots" >demo.sh
	grep -q 'sfdisk disk.img' demo.sh
	sh -eu demo.sh >demo.out 2>&1 || { cat demo.out; return 1; }
}

# Partition N's bytes into a file of their own, as sfdisk has it.
cut_out() {
	set -- "$1" "$2" $(sfdisk -d disk.img | sed -n "s/^disk.img$1 : start= *\([0-9]*\), size= *\([0-9]*\),.*/\1 \2/p")
	[ $# -eq 4 ]
	dd if=disk.img of="$2" bs=512 skip="$3" count="$4" status=none
}

same_content() {
	cut_out 1 esp.fat
	cut_out 2 root.ext2
	fsck.fat -n esp.fat
	e2fsck -fn root.ext2
	mkdir out rout
	mcopy -s -n -i esp.fat ::/ out
	diff -r esp out
	debugfs -R "rdump / rout" root.ext2
	rmdir rout/lost+found
	diff -r rootfs rout
	[ "$(stat -c %a rout/boot/vmlinuz)" = 600 ]
	mdir -i esp.fat ::/EFI/BOOT | grep long.name.of.a.file.txt
	debugfs -R "stat /vmlinuz" root.ext2 | grep 'Fast link dest: "boot/vmlinuz"'
}

@test "README's disk: sfdisk, mtools and debugfs read the two directories" {
	build_disk
	sfdisk --verify disk.img | grep "No errors detected"
	same_content
	# the FAT knows where on the disk it begins: firmware of old wants that
	[ "$(od -An -tu4 -j28 -N4 esp.fat | tr -d ' ')" = 2048 ]
	fsu_part disk.img >parts
	grep 'disk.img%MBR:1% *msdos' parts
	grep 'disk.img%MBR:2% *ext2' parts
	[ "$(fsu_cat disk.img%MBR:2% /etc/hostname)" = box ]
	echo new >new
	fsu_put disk.img%MBR:2% new /etc/hostname
	[ "$(fsu_cat disk.img%MBR:2% /etc/hostname)" = new ]
}

@test "what makefs -n says is enough, and not more than the next whole MiB" {
	build_disk
	need=$(makefs -t msdos -n x.img esp/ 2>/dev/null)
	[ "$need" -gt 0 ]
	[ ! -e x.img ]
	makefs -t msdos -s "$need" x.img esp/
	[ "$(stat -c %s x.img)" -eq "$need" ]
	need=$(makefs -t ext2 -n x.img rootfs/)
	makefs -t ext2 -s "$need" x.img rootfs/
	run makefs -t ext2 -s $((need / 2)) y.img rootfs/
	[ "$status" -eq 1 ]
	size=$(stat -c %s disk.img)
	[ $((size % 1048576)) -eq 0 ]
	[ "$size" -lt $((1048576 * 6 + $(makefs -t msdos -n x.img esp/ 2>/dev/null) + need)) ]
}

@test "the same into the partitions of a GPT" {
	mib() { echo $((($1 + 1048575) / 1048576)); }
	esp=$(mib "$(makefs -t msdos -n x.img esp/ 2>/dev/null)")
	root=$(mib "$(makefs -t ext2 -n x.img rootfs/)")
	truncate -s $((2 + esp + root))M disk.img
	sfdisk -q disk.img <<-END
		label: gpt
		start=1MiB, size=${esp}MiB, type=U
		start=$((1 + esp))MiB, size=${root}MiB, type=L
	END
	makefs -t msdos disk.img%GPT:1% esp/
	makefs -t ext2 disk.img%GPT:2% rootfs/
	sfdisk --verify disk.img | grep "No errors detected"
	same_content
}

firmware() {
	for f in /usr/share/ovmf/OVMF.fd /usr/share/OVMF/OVMF.fd /usr/share/qemu/OVMF.fd \
		/usr/share/edk2/ovmf/OVMF.fd /usr/share/edk2-ovmf/x64/OVMF.fd; do
		[ -r "$f" ] && { echo "$f"; return; }
	done
}

@test "README's disk: firmware reads its files" {
	command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64"
	[ -n "$(firmware)" ] || skip "no OVMF"
	build_disk
	timeout 300 qemu-system-x86_64 -accel tcg -m 256 -net none -no-reboot -display none -monitor none \
		-bios "$(firmware)" -drive file=disk.img,format=raw,if=ide -serial file:serial.log
	tr -d '\r' <serial.log >said
	grep -a "fs-utils: firmware runs this" said
	grep -a "hello from the EFI system partition" said
}
