# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a move under way that can't be: no file is there, its place is another's, past the end
for order in le be; do
	for words in '1000 4096 0' '5120 512 0' '5120 65536 0' '5120 4294966784 512' \
		'5120 7168 100000' '5120 7168 1' '4294966784 4294966784 0'; do
		bfs_standard $order || break 2
		# shellcheck disable=SC2086 # three of them
		bfs put 12 $words
		run 0 "unfinished move .* can't be; mounted read-only" fsu_cat @ /hello
		reads 1 "unfinished move" fsu_put @ /etc/passwd /new
	done
done
