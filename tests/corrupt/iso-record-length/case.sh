# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a directory record shorter than its own fields: what is behind it in the sector is lost
for len in $(seq 33); do
	iso_standard || break
	poke "$(isoat record /hello)" "\\$(printf %03o "$len")"
	run 1 "length can't be" fsu_ls @ /
	run 1 '' fsu_cat @ /hello
	run 0 '' fsu_ls @ /dir
done
if iso_standard; then # a name longer than the record
	poke $(($(isoat record /hello) + 32)) '\377'
	run 1 'longer than it is itself' fsu_ls @ /
fi
if iso_standard; then # a sector's end is where a record of no length is
	poke "$(isoat record /hello)" '\000'
	reads 0 '' fsu_ls @ /
	reads 1 'No such file' fsu_cat @ /hello
fi
