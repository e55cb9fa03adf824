# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a file past the end of the device: that file's trouble only
if iso_standard; then
	poke $(($(isoat record /hello) + 2)) "$(both 4294967295)"
	run 1 'not for.*file data' fsu_cat @ /hello
	run 0 '' fsu_ls @ -lR /
	run 0 '' fsu_cat @ /big
	poke $(($(isoat record /big) + 10)) "$(both 4294967295)"
	run 1 '' fsu_cat @ /big
fi
