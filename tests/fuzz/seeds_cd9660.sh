#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# seeds_cd9660.sh DIR: small ISO 9660 images, made by genisoimage and xorriso, for the
# fuzzer to start from: Rock Ridge with moved directories, Joliet, El Torito, zisofs,
# a file of several extents, smaller blocks, a record that was cut.
set -eu
out=$1
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir -p "$out" "$tree/1/2/3/4/5/6/7/8/9" "$tree/dir" "$tree/many" "$tree/boot"
echo hello >"$tree/hello"
echo in >"$tree/dir/A rather long name, of a file, that plain ISO 9660 can't have.text"
head -c 9000 /dev/zero | tr '\0' a >"$tree/big"
: >"$tree/dir/empty"
echo u >"$tree/dir/grün €.txt"
ln -s hello "$tree/link"
ln -s "../$(printf 'x%.0s' $(seq 200))/./$(printf 'y%.0s' $(seq 100))" "$tree/longlink"
ln -s / "$tree/dir/root"
mkfifo "$tree/dir/fifo"
for i in $(seq 12); do : >"$tree/many/a-rather-long-name-$i.text"; done
head -c 2048 /dev/zero | tr '\0' B >"$tree/boot/bios.img"
head -c 4096 /dev/zero | tr '\0' E >"$tree/boot/efi.img"
seq 12000 >"$tree/boot/numbers"

gen() { # name, options of genisoimage...
	name=$1
	shift
	genisoimage -quiet -no-pad "$@" -o "$out/$name" "$tree" 2>/dev/null
}
choose() { # name, options of the mount, as fuzz_cd9660.c has them
	# shellcheck disable=SC2059 # the escape is meant
	printf "\\$(printf %03o "$2")" | dd of="$out/$1" bs=1 conv=notrunc status=none
}
gen rock -R
gen joliet -J -joliet-long -D
choose joliet 1
gen both -R -J -joliet-long
choose both 1
gen plain -D -iso-level 1
gen plain4 -D -iso-level 4 -U
choose plain4 8
gen boot -R -b boot/bios.img -no-emul-boot -boot-load-size 4 -c boot/catalog \
	-eltorito-alt-boot -e boot/efi.img -no-emul-boot
choose boot 4
gen pieces -R
python3 "$here/../cmd/iso9660.py" "$out/pieces" split /big 4096 || rm -f "$out/pieces"
if command -v mkzftree >/dev/null; then
	mkzftree "$tree/boot" "$tree/z"
	gen zisofs -R -z
fi
if command -v xorriso >/dev/null; then
	xorriso -as mkisofs -quiet -R -J -no-pad -o "$out/xorriso" \
		"$tree" 2>/dev/null
fi
