# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# both headers damaged; then the entries; then the image cut off
if ! command -v sfdisk >/dev/null; then
	tap 0 "$case # SKIP no sfdisk"
else
	gpt() {
		rm -f "$img"
		truncate -s 4M "$img"
		printf 'label: gpt\nsize=1M\n' | sfdisk -q "$img"
	}
	gpt
	poke 560 X
	poke $((4 * 1048576 - 464)) X
	refuses GPT:1 "the GPT is damaged: its header has a wrong checksum, and the backup at the end has a wrong checksum"
	reads 2 "has a wrong checksum" fsu_part @
	gpt
	poke 1030 X
	poke $((4 * 1048576 - 33 * 512 + 6)) X
	refuses GPT:1 "wrong checksum of its entries"
	gpt
	truncate -s 3M "$img"
	refuses GPT:1 "tells of a larger disk: the image is cut off"
	gpt
	dd if=/dev/zero of="$img" bs=512 seek=1 count=1 conv=notrunc status=none
	dd if=/dev/zero of="$img" bs=512 seek=8191 count=1 conv=notrunc status=none
	refuses GPT:1 "says that there is a GPT, but there is none"
fi
