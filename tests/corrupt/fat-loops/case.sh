# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2046
# a hundred directories, each a loop of one cluster, in a volume of two million: each
# is found in a few steps, not in as many as there are clusters
if command -v mkfs.fat >/dev/null && command -v mmd >/dev/null; then
	mkfs.fat -C -F 32 -s 8 -f 1 "$img" 8388608 >/dev/null
	# shellcheck disable=SC2046 # words
	mmd -i "$img" $(for i in $(seq 100); do echo "::d$i"; done)
	for cluster in $(seq 3 102); do
		poke $((32 * 512 + 4 * cluster)) "$(le32 "$cluster")"
	done
	# A hundred names are more than a screenful: the messages go the way of the list.
	for command in "fsu_ls '$img' -lR /" "fsu_get '$img' -R / '$work/out'"; do
		run 0 '' sh -c "$command 2>&1 | grep -c 'its chain is a loop'"
		[ "$(cat "$work/stdout")" -eq 10 ]
		tap $? "$case: ten messages"
	done
else
	tap 0 "$case # SKIP no mkfs.fat or mtools"
fi
