#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Every kind of FAT volume: all three types, sectors of 512 to 4096 bytes, clusters of
# 512 bytes to 64 KiB, one to four FATs.  What mkfs.fat and mcopy made is read; what
# we write is clean for fsck.fat and read by mtools and 7z.

load helper

setup() {
	fsu_setup
	for tool in mkfs.fat fsck.fat mcopy python3; do
		command -v $tool >/dev/null || skip "no $tool"
	done
	export MTOOLS_SKIP_CHECK=1 TZ=UTC
}
teardown() { fsu_teardown; }

fattree() {
	mkdir -p "$1/sub/deep/er" "$1/empty" "$1/MiXed" "$1/many"
	echo hello >"$1/hello"
	echo upper >"$1/UPPER.TXT"
	echo mixed >"$1/MiXed/CamelCase.Name"
	: >"$1/zero"
	seq 1 8000 >"$1/sub/text"
	head -c 150000 /dev/urandom >"$1/sub/deep/random"
	printf x >"$1/name with blanks"
	printf y >"$1/näme.ü"
	printf j >"$1/日本語のファイル名.txt"
	printf g >"$1/Γειά σου Ѐ ☃"
	printf z >"$1/$(printf 'l%.0s' $(seq 200)).long"
	printf m >"$1/$(printf 'ж%.0s' $(seq 120))"
	printf a >"$1/a+b,c;d=[e]"
	for i in $(seq 60); do echo "$i" >"$1/many/a name like the others $i"; done
	touch -d '2001-02-03 04:05:06' "$1/hello"
}
# mtools knows no surrogates; 7z does.
beyond() { printf s >"$1/😀 beyond the BMP 𝄞"; }
what() { (cd "$1" && find . -mindepth 1 \( -type d -printf '%P/\n' -o -printf '%P %s %TY-%Tm-%TdT%TH:%TM\n' \) | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }

# type, bytes in a sector, sectors in a cluster, FATs
formats="
12 512 1 1
12 512 8 2
12 512 128 2
12 1024 2 3
12 2048 1 2
12 4096 16 2
16 512 1 2
16 512 16 1
16 1024 2 4
16 2048 2 2
16 4096 4 2
32 512 1 2
32 512 8 1
32 1024 1 2
32 2048 1 3
32 4096 1 2"
mk() { # FAT SECTOR SPC FATS
	local clusters
	case $1 in
	12) clusters=2000 ;;
	16) clusters=5000 ;;
	32) clusters=66000 ;;
	esac
	rm -f img
	truncate -s $(((clusters * ($2 * $3 + $4 * 4) + 64 * $2 + 65536) / 4096 * 4096)) img
	mkfs.fat -F "$1" -S "$2" -s "$3" -f "$4" -n VOLUME -i 12345678 img >/dev/null
}
clean() { # ..., as far as fsck.fat knows so many FATs
	python3 "$BATS_TEST_DIRNAME/fat.py" img same
	[ "$1" -gt 2 ] || fsck.fat -n img >fsck.out || { cat fsck.out; return 1; }
}

@test "volumes of mkfs.fat and mcopy are listed and read back" {
	fattree tree
	while read -r fat sector spc fats; do
		[ -n "$fat" ] || continue
		mk "$fat" "$sector" "$spc" "$fats"
		mcopy -s -m -i img tree/* ::
		before=$(sum img)
		rm -rf out
		fsu_get img -a / out
		diff <(what tree) <(what out)
		diff <(fsu_find img / -mindepth 1 | sort) <(cd tree && find . -mindepth 1 | sed 's,^\.,,' | sort)
		fsu_df img --output=fstype | grep -q msdos
		[ "$before" = "$(sum img)" ]
	done <<<"$formats"
}

@test "what we write is clean, and read by mtools and 7z" {
	fattree tree
	cp -a tree tree2
	beyond tree2
	mkdir more
	beyond more
	while read -r fat sector spc fats; do
		[ -n "$fat" ] || continue
		mk "$fat" "$sector" "$spc" "$fats"
		fsu_put img -R -p tree/. /
		fsu_rm img -r /many
		fsu_mkdir img /many
		fsu_put img -R -p tree/many/. /many
		clean "$fats"
		rm -rf out
		mkdir out
		mcopy -s -m -i img '::*' out
		diff <(what tree) <(what out)
		if command -v 7z >/dev/null; then
			fsu_put img more/* /
			clean "$fats"
			rm -rf out7
			7z x -y -oout7 img >/dev/null
			diff -r tree2 out7
		fi
	done <<<"$formats"
}

@test "newfs-img and fsu_put, makefs: clean, and read by mtools and 7z" {
	fattree tree
	for o in '-F 12 -s 4m' '-F 16 -s 40m -c 2' '-F 32 -s 64m' '-F 32 -S 4096 -s 300m' '-f 2880' ''; do
		rm -f img
		if [ -n "$o" ]; then
			newfs-img -t msdos $o -L VOLUME img
			fsu_put img -R tree/. /
		else
			makefs -t msdos img tree 2>/dev/null
		fi
		clean 2
		rm -rf out out7
		mkdir out
		mcopy -s -i img '::*' out
		diff -r tree out
		[ "$(blkid -o value -s TYPE img)" = vfat ]
		file img | grep -q 'FAT ('
	done
	beyond tree
	makefs -t msdos --force img tree 2>/dev/null
	clean 2
	fsu_get img -R / out8
	diff -r tree out8
	! command -v 7z >/dev/null || {
		7z x -y -oout7 img >/dev/null
		diff -r tree out7
	}
}
