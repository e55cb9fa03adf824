# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a record that goes on in the next sector is lost; those behind are not
if iso_standard; then
	mkdir -p "$work/crosstree"
	for i in $(seq 101 160); do echo "$i" >"$work/crosstree/FILE$i.TXT"; done
	genisoimage -quiet -iso-level 1 -o "$img" "$work/crosstree" 2>/dev/null
	at=$(isoat last /)
	name=$(dd if="$img" bs=1 skip=$((at + 33)) count=11 status=none | tr "[:upper:]" "[:lower:]")
	poke "$at" "\\$(printf %03o $((2048 - at % 2048 + 6)))"
	reads 1 "length can't be" fsu_ls @ /
	[ "$(wc -l <"$work/stdout")" -eq 59 ]
	tap $? "$case: the others are listed"
	reads 1 '' fsu_cat @ "/$name"
	run 0 '' fsu_cat @ /file160.txt
	grep -qx 160 "$work/stdout"
	tap $? "$case: the last is read"
fi
