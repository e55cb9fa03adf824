# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # run.sh sets them
# msdos.sh: the rows about FAT, read by run.sh, in its folder.  They need 10 GB there.

rows_of_msdos() {
	export MTOOLS_SKIP_CHECK=1
	# 10,000 files of 1 to 100 KiB, 517 MB
	for d in $(seq 100); do
		mkdir -p "files/directory $d"
		head -c $((d * 102400)) /dev/urandom |
			split -b $((d * 1024)) -d -a 4 - "files/directory $d/a file with a number "
	done
	row "msdos: makefs TREE : tar cf" 1.2 -a "rm -f a.img" -b "rm -f b.tar" \
		"makefs -t msdos a.img files 2>/dev/null" "tar cf b.tar -C files ."
	rm -f a.img b.tar
	row "msdos: makefs TREE : mkfs.fat + mcopy -s (3 pairs)" 1.0 -n 3 -a "rm -f a.img" -b "rm -f b.img" \
		"makefs -t msdos a.img files 2>/dev/null" \
		"mkfs.fat -F 32 -C b.img 600000 >/dev/null && mcopy -s -i b.img files/* ::"
	rm -f a.img b.img
	makefs -t msdos -o fat=32 a.img files 2>/dev/null
	row "msdos: fsu_get -R : mcopy -s (3 pairs)" 1.0 -n 3 -a "rm -rf x y" -b "rm -rf x y; mkdir y" \
		"fsu_get a.img -R / x" "mcopy -s -i a.img '::*' y"
	have 7z && row "msdos: fsu_get -R : 7z x (3 pairs)" 1.0 -n 3 -a "rm -rf x y" -b "rm -rf x y" \
		"fsu_get a.img -R / x" "7z x -y -oy a.img >/dev/null"
	rm -rf files a.img x y

	for d in $(seq 20); do
		mkdir -p flat "deep/d$d"
		seq -f "deep/d$d/a long file name %06.0f" $((d * 1000)) $((d * 1000 + 999)) | tr '\n' '\0' | xargs -0 touch
		seq -f "flat/a long file name %06.0f" $((d * 1000)) $((d * 1000 + 999)) | tr '\n' '\0' | xargs -0 touch
	done
	newfs-img -t msdos -F 32 -s 64m many.img
	row "msdos: fsu_put of 20,000 long names in 1 directory : in 20" 2.0 \
		-a "cp --sparse=always many.img p.img" -b "cp --sparse=always many.img q.img" \
		"fsu_put p.img -R flat /" "fsu_put q.img -R deep /"
	rm -rf flat deep many.img p.img q.img

	# Memory that was given back is slow again: all that the next rows need.
	head -c 3G /dev/urandom >one
	dd if=/dev/zero of=fill bs=1M count=6500 2>/dev/null && rm fill
	newfs-img -t msdos -F 32 -c 8 -s 3200m empty.img
	row "msdos: fsu_put 3 GB, clusters of 4 KiB : cp" 1.3 \
		-a "rm -f two p.img; cp --sparse=always empty.img p.img" -b "rm -f two p.img" \
		"fsu_put p.img one /one" "cp one two"
	rm -f two p.img
	fsu_put empty.img one /one
	row "msdos: fsu_get 3 GB, clusters of 4 KiB : cp" 1.3 -a "rm -f two" -b "rm -f two" \
		"fsu_get empty.img /one two" "cp one two"
	rm -f two one
	name="msdos: 3 GB backwards in steps of 64 KiB : forwards (3 pairs)"
	if printf '%s' "$name" | grep -Eq "$only"; then
		${CC:-gcc} -O2 -I"$top/include" -o backwards "$top/bench/backwards.c" \
			"$obj/lib/libukfs.a" -lblkid -lpthread
		./backwards msdos empty.img /one 3 | awk -v n="$name" '{
			miss = ($1 > 3) ? " **missed**" : ""
			printf "| %s | %.2f%s | %.2f-%.2f | 3.0 | %.3f | %.3f | |\n", n, $1, miss, $2, $3, $4, $5 }'
	fi
	rm -f empty.img
}
case $only in
. | *msdos*)
	if have mkfs.fat && have mcopy; then rows_of_msdos; fi
	;;
esac
