# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a directory record shorter than its own fields: what is behind it in the sector is lost
for len in 001 012 040 041; do
	iso_standard || break
	poke "$(isoat record /hello)" "\\$len"
	run 1 "length can't be" fsu_ls @ /
	run 1 '' fsu_cat @ /hello
	run 0 '' fsu_ls @ /dir
done
if iso_standard; then # a name longer than the record
	poke $(($(isoat record /hello) + 32)) '\377'
	run 1 'longer than it is itself' fsu_ls @ /
fi
