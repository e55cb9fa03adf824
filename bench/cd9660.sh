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
case $only in
. | *cd9660*)
	if have xorriso; then rows_of_cd9660; fi
	;;
esac
