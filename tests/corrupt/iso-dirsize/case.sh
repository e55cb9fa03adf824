# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# directories larger than the device, and of no bytes
if iso_standard; then
	dir=$(isoat extent /dir)
	poke $((dir + 10)) "$(both 4294965248)"
	run 1 'past the end of the device' fsu_ls @ -lR /
	run 0 '' fsu_cat @ /hello
	poke $((dir + 10)) "$(both 0)"
	run 1 '' fsu_ls @ /dir
	poke "$dir" '\000'
	run 1 'no directory begins here' fsu_ls @ /dir
fi
if iso_standard; then # as large as all that is behind it: no records there
	dir=$(isoat extent /dir)
	poke $((dir + 10)) "$(both $(($(stat -c %s "$img") - dir)))"
	run 1 '' fsu_ls @ /dir
fi
