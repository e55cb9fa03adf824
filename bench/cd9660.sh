# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # run.sh sets them
# cd9660.sh: the rows about ISO 9660, read by run.sh, in its folder.

rows_of_cd9660() {
	row "cd9660: makefs TREE : tar cf" 1.1 -a "rm -f a.iso" -b "rm -f b.tar" \
		"makefs -t cd9660 a.iso $tree" "tar cf b.tar -C $tree ."
	rm -f a.iso b.tar
	row "cd9660: makefs TREE : xorriso -as mkisofs -R -J (3 pairs)" 1.0 -n 3 -a "rm -f a.iso" -b "rm -f b.iso" \
		"makefs -t cd9660 a.iso $tree" \
		"xorriso -as mkisofs -quiet -R -J -o b.iso $tree 2>/dev/null"
	rm -f a.iso b.iso
	# its Joliet gives up on this tree, with what it needs for that
	have genisoimage && row "cd9660: makefs TREE : genisoimage -R (3 pairs)" 1.0 -n 3 -a "rm -f a.iso" -b "rm -f b.iso" \
		"makefs -t cd9660 a.iso $tree" "genisoimage -quiet -R -o b.iso $tree 2>/dev/null"
	rm -f a.iso b.iso
}

# 100,000 files of up to 8 KiB, 410 MB, in 1,000 directories: 2 GB of room.
rows_of_reading_cd9660() {
	for d in $(seq 100); do
		for s in $(seq 10); do
			mkdir -p "files/directory-$d/part-$s"
			size=$((1 + (d * 10 + s) * 37 % 8192))
			yes "$d $s" | head -c $((100 * size)) |
				split -b $size -d -a 3 - "files/directory-$d/part-$s/file-"
		done
	done
	xorriso -as mkisofs -quiet -R -J -o a.iso files 2>/dev/null
	rm -rf files
	row "cd9660: fsu_ls -lR of 100,000 files : xorriso -find" 1.0 \
		"fsu_ls a.iso -lR >ls.out" "xorriso -indev a.iso -find >ls.out 2>&1"
	have 7z && row "cd9660: fsu_ls -lR of 100,000 files : 7z l" 1.0 "fsu_ls a.iso -lR >ls.out" "7z l a.iso >ls.out"
	have bsdtar && row "cd9660: fsu_ls -lR of 100,000 files : bsdtar tv" 1.0 \
		"fsu_ls a.iso -lR >ls.out" "bsdtar tvf a.iso >ls.out"
	have 7z && row "cd9660: fsu_get -R : 7z x (3 pairs)" 1.0 -n 3 -a "rm -rf x y" -b "rm -rf x y" \
		"fsu_get a.iso -R / x" "7z x -y -oy a.iso >/dev/null"
	have bsdtar && row "cd9660: fsu_get -R : bsdtar x (3 pairs)" 1.0 -n 3 -a "rm -rf x y" -b "rm -rf x y; mkdir y" \
		"fsu_get a.iso -R / x" "bsdtar -xf a.iso -C y"
	row "cd9660: fsu_get -R : xorriso -osirrox (3 pairs)" 1.0 -n 3 -a "rm -rf x y" -b "rm -rf x y" \
		"fsu_get a.iso -R / x" "xorriso -osirrox on -indev a.iso -extract / y >/dev/null 2>&1"
	rm -rf x y a.iso
}
case $only in
. | *cd9660*)
	if have xorriso; then
		rows_of_cd9660
		rows_of_reading_cd9660
	fi
	;;
esac
