# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# path tables of any size, anywhere, aren't looked at
if iso_standard; then
	for bytes in '\377' '\000'; do
		for at in $(seq 132 155); do poke $((32768 + at)) "$bytes"; done
		readall 0 ''
		run 0 '' fsu_cat @ /1/2/3/4/5/6/7/8/9/../../../../../../../../../hello
	done
fi
