# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a catalog past the end, of nonsense, of heads without end; images past the end
boot() {
	iso_standard || return 1
	if [ ! -f "$work/boot.iso" ]; then
		mkdir -p "$work/boottree"
		head -c 4096 /dev/zero | tr '\0' B >"$work/boottree/bios"
		cp "$work/boottree/bios" "$work/boottree/efi"
		genisoimage -quiet -R -b bios -no-emul-boot -boot-load-size 4 -c catalog \
			-eltorito-alt-boot -e efi -no-emul-boot \
			-o "$work/boot.iso" "$work/boottree" 2>/dev/null
	fi
	cp "$work/boot.iso" "$img"
	at=$(isoat extent /catalog)
}
if boot; then
	run 0 '' fsu_cat -o eltorito @ /.eltorito/1-bios.img
fi
for where in '\377\377\377\377' '\000\000\000\000' '\020\000\000\000'; do
	boot || break
	poke $((17 * 2048 + 71)) "$where"
	reads 0 'boot catalog is damaged' fsu_ls -o eltorito @ -A /
	reads 1 '' fsu_ls -o eltorito @ /.eltorito
done
if boot; then
	poke $((at + 28)) '\001' # the sum
	reads 0 'boot catalog is damaged' fsu_ls -o eltorito @ /
	boot # a head that says that 65535 follow: heads, again and again
	for i in $(seq 2 63); do poke $((at + i * 32)) '\220\357\377\377'; done
	reads 0 '' fsu_ls -o eltorito @ -l /.eltorito
	boot # entries, as many as there is room for, all of one image
	for i in $(seq 3 63); do
		dd if="$img" of="$img" bs=32 skip=$((at / 32 + 1)) seek=$((at / 32 + i)) count=1 \
			conv=notrunc status=none
	done
	poke $((at + 2 * 32)) '\221\357\377\377'
	reads 0 '' fsu_ls -o eltorito @ -l /.eltorito
	boot # past the end, and larger than all
	poke $((at + 32 + 8)) '\377\377\377\377'
	reads 0 '' fsu_ls -o eltorito @ -l /.eltorito
	reads 1 '' fsu_cat -o eltorito @ /.eltorito/1-bios.img
	boot
	poke $((at + 32 + 6)) '\377\377'
	reads 1 '' fsu_cat -o eltorito @ /.eltorito/1-bios.img
	run 0 '' fsu_cat -o eltorito @ /bios
	boot # a floppy's media, of which 2.88 MB aren't there
	poke $((at + 32 + 1)) '\003'
	reads 1 '' fsu_cat -o eltorito @ /.eltorito/1-bios.img
fi
