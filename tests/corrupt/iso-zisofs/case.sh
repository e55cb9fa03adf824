# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# what a compressed file says of itself: sizes, blocks, their places
zisofs() {
	iso_standard || return 1
	if [ ! -f "$work/zisofs.iso" ]; then
		mkdir -p "$work/ztree"
		seq 20000 >"$work/ztree/numbers"
		echo hello >"$work/ztree/hello"
		xorriso -outdev "$work/zisofs.iso" -map "$work/ztree" / \
			-set_filter_r --zisofs / -- >/dev/null 2>&1
	fi
	cp "$work/zisofs.iso" "$img"
}
if zisofs; then
	run 0 '' fsu_cat @ /numbers
	seq 20000 | cmp -s - "$work/stdout"
	tap $? "$case: sound, it is read"
	data=$(isoat extent /numbers) zf=$(isoat entry /numbers ZF)
fi
# places: past the end, before what is in front, more than two blocks' worth, in the table
for at in '20:\377\377\377\177' '16:\377\377\377\377' '20:\000\000\000\000' '16:\000\000\000\000' \
	'20:\377\377\000\000' '16:\021\000\000\000'; do
	zisofs || break
	poke $((data + ${at%%:*})) "${at#*:}"
	reads 1 'compressed block 0 is damaged' fsu_cat @ /numbers
	reads 0 '' fsu_ls @ -l /
	rm -rf "$work/out"
	reads 1 'compressed block 0 is damaged' fsu_get @ -R / "$work/out"
done
for size in 0 1 4294967295; do # of what it inflates to
	zisofs || break
	poke $((zf + 8)) "$(both $size)"
	[ $size -gt 0 ] || {
		reads 0 '' fsu_cat @ /numbers
		continue
	}
	reads 1 'compressed block [0-9]* is damaged' fsu_cat @ /numbers
done
for bad in '4:x' '5:y' '6:\000' '6:\377' '7:\000' '7:\003' '7:\040' '7:\377'; do
	zisofs || break
	poke $((zf + ${bad%%:*})) "${bad#*:}"
	reads 1 '' fsu_cat @ /numbers
	reads 0 '' fsu_cat @ /hello
done
if zisofs; then # the stream itself
	poke $((data + 200)) '\377\377\377\377\377\377\377\377'
	reads 1 'compressed block 0 is damaged' fsu_cat @ /numbers
fi
