# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a symbolic link that goes on for ever: each area leads to itself and has 100 bytes more
if iso_standard; then
	at=$(isoat entry /longlink CE)
	end=$(stat -c %s "$img")
	text=$(printf 'x%.0s' $(seq 100))
	poke "$end" "CE\\034\\001$(both $((end / 2048)))$(both 0)$(both 135)SL\\153\\001\\001\\000\\144$text"
	truncate -s $((end + 2048)) "$img"
	poke $((at + 4)) "$(both $((end / 2048)))"
	poke $((at + 12)) "$(both 0)"
	poke $((at + 20)) "$(both 135)"
	run 1 'longer than a path can be' fsu_ls @ /
	run 1 '' fsu_stat @ /longlink
fi
