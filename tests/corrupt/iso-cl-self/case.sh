# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a moved directory's place leads to the directory that it is in, and to no directory
if iso_standard; then
	at=$(isoat entry /1/2/3/4/5/6/7/8 CL)
	dir=$(isoat extent /1/2/3/4/5/6/7)
	poke $((at + 4)) "$(both $((dir / 2048)))"
	run 1 '' fsu_ls @ -R /
	poke $((at + 4)) "$(both $(($(isoat extent /big) / 2048)))"
	run 1 'no directory begins here' fsu_ls @ -R /
	poke $((at + 4)) "$(both 4294967295)"
	run 1 'no directory begins here' fsu_ls @ -R /
fi
