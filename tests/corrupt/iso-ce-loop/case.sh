# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a continuation area that leads to itself
if iso_standard; then
	at=$(isoat entry /longlink CE)
	block=$(($(od -An -tu4 -j $((at + 4)) -N 4 "$img")))
	off=$(($(od -An -tu4 -j $((at + 12)) -N 4 "$img")))
	poke $((block * 2048 + off)) "CE\\034\\001$(both "$block")$(both "$off")$(both 28)"
	poke $((at + 20)) "$(both 28)"
	run 1 'continuation areas never end' fsu_ls @ /
	run 0 '' fsu_ls @ /dir
	poke $((at + 4)) "$(both 99999999)"
	run 1 'past the end of the device' fsu_ls @ /
	poke $((at + 20)) "$(both 2147483647)"
	run 1 'continuation area is too large' fsu_ls @ /
fi
