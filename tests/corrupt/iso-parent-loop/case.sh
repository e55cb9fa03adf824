# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a directory that is its own grandparent
if iso_standard; then
	root=$(isoat extent /)
	poke $(($(isoat record /dir/sub) + 2)) "$(both $((root / 2048)))"
	run 1 '' fsu_ls @ -R /
	run 1 '' fsu_find @ /
fi
