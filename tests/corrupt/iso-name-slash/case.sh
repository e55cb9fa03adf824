# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# names with a slash, a NUL, and "..", by Rock Ridge
for bad in / '\000'; do
	iso_standard || break
	poke $(($(isoat entry /hello NM) + 6)) "$bad"
	run 1 'no name can be so' fsu_ls @ /
done
