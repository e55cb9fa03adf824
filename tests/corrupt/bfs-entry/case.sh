# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# names of inodes that are free, out of range, the root's, another name's
for order in le be; do
	for ino in 20 32 65535; do
		bfs_standard $order || break 2
		bfs put16 "$(bfs entry hello)" $ino
		run 1 "inode $ino" fsu_ls @ -l /
		run 1 "inode $ino" fsu_cat @ /hello
		run 0 '' fsu_cat @ /big
		run 0 '' fsu_put @ /etc/passwd /new
	done
	for ino in 1 2; do
		bfs_standard $order
		bfs put16 "$(bfs entry hello)" $ino
		run 1 '' fsu_cat @ /hello
		run 1 '' fsu_get @ -R / "$work/out"
		run 0 '' fsu_cat @ /big
	done
done
