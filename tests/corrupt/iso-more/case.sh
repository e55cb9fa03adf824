# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a file that goes on in records that aren't there; halves that disagree
if iso_standard; then
	poke $(($(isoat record /link) + 25)) '\200'
	run 1 "other extents aren't there" fsu_ls @ -l /
fi
if iso_standard; then
	poke $(($(isoat record /hello) + 6)) '\001\002\003\004'
	run 0 'the little-endian ones count' fsu_cat @ /hello
fi
