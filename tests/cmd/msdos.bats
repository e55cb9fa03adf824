#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# FAT volumes: those of mkfs.fat and mcopy are read, ours are clean for fsck.fat and
# read back by mtools.

load helper

setup() {
	fsu_setup
	command -v mkfs.fat >/dev/null || skip "no mkfs.fat"
	command -v mcopy >/dev/null || skip "no mcopy"
	export MTOOLS_SKIP_CHECK=1 TZ=UTC
}
teardown() { fsu_teardown; }

# A tree that FAT can hold.
fattree() {
	mkdir -p "$1/sub/deep/er" "$1/empty" "$1/MiXed"
	echo hello >"$1/hello"
	echo upper >"$1/UPPER.TXT"
	echo lower >"$1/lower.txt"
	echo mixed >"$1/MiXed/CamelCase.Name"
	: >"$1/zero"
	seq 1 20000 >"$1/sub/text"
	head -c 300000 /dev/urandom >"$1/sub/deep/random"
	printf x >"$1/name with blanks"
	printf y >"$1/näme.ü"
	printf z >"$1/$(printf 'l%.0s' $(seq 200)).long"
	printf a >"$1/a+b,c;d=[e]"
	printf d >"$1/two.dots.here"
	touch -d '2001-02-03 04:05:06' "$1/hello"
}

# What a tree is, to what FAT holds of it.
what() { (cd "$1" && find . -mindepth 1 \( -type d -printf '%P/\n' -o -printf '%P %s %TY-%Tm-%TdT%TH:%TM\n' \) | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }

@test "msdos: volumes of mkfs.fat and mcopy, all types and sectors" {
	fattree tree
	for fmt in "12 512 4M" "16 512 32M" "32 512 64M" "16 1024 32M" "32 2048 280M" "32 4096 300M"; do
		read -r fat sector size <<<"$fmt"
		rm -f img
		truncate -s "$size" img
		mkfs.fat -F "$fat" -S "$sector" -n VOLUME -i 12345678 img >/dev/null
		mcopy -s -m -i img tree/* ::
		rm -rf out
		fsu_get img -a / out
		diff <(what tree) <(what out)
		before=$(sha256sum img)
		fsu_ls img -lR >/dev/null
		[ "$before" = "$(sha256sum img)" ]
		fsu_df img --output=fstype | grep -q msdos
	done
}

@test "msdos: what we write is clean, and mtools reads it" {
	fattree tree
	for fmt in "12 512 4M" "16 512 32M" "32 512 64M" "32 4096 300M"; do
		read -r fat sector size <<<"$fmt"
		rm -f img
		truncate -s "$size" img
		mkfs.fat -F "$fat" -S "$sector" img >/dev/null
		fsu_put img -R -p tree/. /
		fsck.fat -n img
		rm -rf out
		mkdir out
		mcopy -s -m -i img '::*' out
		diff <(what tree) <(what out)
	done
}

@test "msdos: names without case, short names, and what is forbidden" {
	truncate -s 16M img
	mkfs.fat img >/dev/null
	echo one | fsu_write img "Long File Name.text"
	[ "$(fsu_cat img "long file NAME.TEXT")" = one ]
	[ "$(fsu_cat img LONGFI~1.TEX)" = one ]
	echo two | fsu_write img "Long File Other.text"
	[ "$(fsu_cat img longfi~2.tex)" = two ]
	run fsu_mkdir img "LONG FILE NAME.TEXT"
	[ "$status" -eq 1 ]
	fsu_mv img "Long File Name.text" "LONG file name.text"
	[ "$(fsu_ls img | head -1)" = "LONG file name.text" ]
	for bad in 'a:b' 'a*b' 'CON' 'nul.txt' 'com1' 'dot.' 'blank '; do
		run fsu_mkdir img "$bad"
		[ "$status" -eq 1 ]
	done
	for i in $(seq 12); do fsu_touch img "same long beginning $i"; done
	fsck.fat -n img
	[ "$(fsu_ls img | grep -c 'same long')" -eq 12 ]
	[ "$(mdir -b -i img :: | grep -c 'same long')" -eq 12 ]
}

@test "msdos: owners, modes and links that it can't hold are told once" {
	truncate -s 16M img
	mkfs.fat img >/dev/null
	fsu_touch img f g
	run fsu_chown img 5:5 f g
	[ "$status" -eq 0 ]
	[ "$(grep -c 'holds no owners' <<<"$output")" -eq 1 ]
	run fsu_ln img f h
	[ "$status" -eq 1 ]
	run fsu_ln img -s f s
	[ "$status" -eq 1 ]
	fsu_chmod img a-w f
	[ "$(fsu_stat img -c %A f)" = -r-xr-xr-x ]
	mattrib -i img ::f | grep -q R
	[ "$(fsu_stat -o umask=077,uid=7 img -c '%u %a' g)" = "7 700" ]
	fsck.fat -n img
}

@test "msdos: a full volume says so and keeps what it had" {
	truncate -s 2M img
	mkfs.fat img >/dev/null
	echo keep | fsu_write img keep
	head -c 3M /dev/urandom >large
	run fsu_put img large /keep
	[ "$status" -eq 1 ]
	[[ $output == *"No space left"* ]]
	[ "$(fsu_cat img keep)" = keep ]
	fsck.fat -n img
}

@test "msdos: a directory that is full is told as that" {
	truncate -s 1M img
	mkfs.fat -F 12 -r 16 img >/dev/null
	for i in $(seq 17); do : >"f$i"; done
	fsu_put img f? /
	run fsu_put img f1? /
	[ "$status" -eq 1 ]
	[ "$(grep -c 'the root directory is full: FAT12 has room for 16 entries' <<<"$output")" = 1 ]
	[[ $output == *"No space left"* ]]
	[[ $output != *inodes* ]]
	fsck.fat -n img
	run fsu_mkdir img new
	[ "$status" -eq 1 ]
	fsu_rm img f9
	fsu_put img f17 /
	[ "$(fsu_ls img | wc -l)" = 16 ]
}

@test "msdos: random edits stay clean and equal" {
	truncate -s 8M img
	mkfs.fat -s 1 img >/dev/null
	mkdir host
	RANDOM=11
	for i in $(seq 100); do
		name="some file name $((RANDOM % 30))"
		case $((RANDOM % 5)) in
		0 | 1) head -c $((RANDOM * 3)) /dev/urandom >new
			fsu_put img new "/$name" && cp new "host/$name" ;;
		2) [ ! -e "host/$name" ] || { fsu_rm img "$name" && rm "host/$name"; } ;;
		3) to="Renamed $((RANDOM % 30))"
			[ ! -e "host/$name" ] || { fsu_mv img "$name" "$to" && mv "host/$name" "host/$to"; } ;;
		4) size=$((RANDOM * 2))
			[ ! -e "host/$name" ] || {
				fsu_truncate img -s $size "$name"
				truncate -s $size "host/$name"
			} ;;
		esac
	done
	fsck.fat -n img
	fsu_get img -R / out
	diff -r host out
}

fat() { python3 "$BATS_TEST_DIRNAME/fat.py" img "$@"; }
table() { # FAT NUMBER: its sum
	dd if=img bs=512 skip=$(($(fat bpb reserved) + $1 * $(fat bpb fatsectors32))) \
		count="$(fat bpb fatsectors32)" status=none | sha256sum
}

@test "msdos: one FAT of two is active, the other stays as it is" {
	truncate -s 40M img
	mkfs.fat -F 32 -s 1 img >/dev/null
	head -c 5000 /dev/urandom >f
	mcopy -i img f ::f
	fat bpb flags 0x81
	read -r _ second _ <<<"$(fat chain f)"
	fat fat "$second" 0 0
	fsu_cat img f | cmp - f
	before=$(table 0)
	other=$(table 1)
	fsu_put img f /g
	fsu_cat img g | cmp - f
	[ "$(table 0)" = "$before" ]
	[ "$(table 1)" != "$other" ]
	# mirrored: the first counts, which knows nothing of g
	fat bpb flags 0
	run fsu_cat img g
	[ "$status" -eq 1 ]
}

@test "msdos: marked as in use from the first change to the end; who was dirty stays so" {
	for fmt in "12 1900K dirty16" "16 32M dirty16" "32 40M dirty32"; do
		read -r bits size field <<<"$fmt"
		rm -f img in
		truncate -s "$size" img
		mkfs.fat -F "$bits" -s 1 img >/dev/null
		clean=$(sum img)
		mkfifo in
		fsu_sh img <in >/dev/null &
		exec 9>in
		# nothing is marked before a change
		echo "ls /" >&9
		sleep 0.3
		[ "$clean" = "$(sum img)" ]
		echo "mkdir one" >&9
		for i in $(seq 50); do
			[ "$(($(fat bpb $field) & 1))" = 1 ] && break
			sleep 0.1
		done
		[ "$(($(fat bpb $field) & 1))" = 1 ]
		[ "$bits" = 12 ] || [ $(($(fat fat 1) >> (bits == 16 ? 15 : 27))) = 0 ]
		exec 9>&-
		wait $!
		[ "$(($(fat bpb $field) & 1))" = 0 ]
		fsck.fat -n img
		# left dirty by somebody: said once, and it stays
		fat bpb $field 1
		run fsu_mkdir img two three
		[ "$status" -eq 0 ]
		[ "$(grep -c 'not unmounted cleanly' <<<"$output")" = 1 ]
		[ "$(($(fat bpb $field) & 1))" = 1 ]
		run fsu_ls img
		[ "$status" -eq 0 ]
		[ "$output" = "$(printf 'one\nthree\ntwo')" ]
	done
}

@test "msdos: codepage, zone, attributes" {
	truncate -s 4M img
	mkfs.fat img >/dev/null
	echo x | mcopy -i img - ::AXB.TXT
	fat set AXB.TXT name 419d42
	[ "$(fsu_ls img)" = 'A¥B.TXT' ]
	[ "$(fsu_ls -o codepage=850 img)" = 'AØB.TXT' ]
	[ "$(fsu_cat -o codepage=850 img aøb.txt)" = x ]
	run fsu_ls -o codepage=852 img
	[ "$status" -eq 2 ]
	echo y | fsu_write -o codepage=850 img 'ÁØ'
	mdir -i img :: | grep -q 2
	# local times of the volume's zone
	fsu_touch -o tz=+0200 img -d '2020-06-01 12:00:00 UTC' t
	mdir -i img ::t | grep -q '2020-06-01  14:00'
	[ "$(fsu_stat -o tz=+02:00 img -c %Y t)" = 1591012800 ]
	[ "$(fsu_stat img -c %Y t)" = 1591020000 ]
	[ "$(fsu_stat -o tz=-03:30 img -c %Y t)" = $((1591020000 + 12600)) ]
	for tz in x +25 +1:2 5; do
		run fsu_ls -o tz=$tz img
		[ "$status" -eq 2 ]
	done
	# bits of DOS
	fsu_chflags img uhidden,usystem,nouarch t
	[[ $(fsu_ls img -lO t) == *usystem,uhidden* ]]
	mattrib -i img ::t | grep -q 'SH'
	fsu_chflags img nouhidden,nousystem,uarch t
	mattrib -i img ::t | grep -q 'A '
	fsu_mkdir img d
	[ "$(fsu_stat -o uid=5,gid=6,fmask=0137,dmask=077 img -c '%u %g %a' t d)" = $'5 6 640\n5 6 700' ]
	fsck.fat -n img
}
