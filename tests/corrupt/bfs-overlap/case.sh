# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# two files with the same blocks: the later is refused, and nothing is written
for order in le be; do
	bfs_standard $order || break
	bfs_inode unix first 20 25 13287
	readall 1 'inode 6: another file has its blocks too'
	run 0 '' fsu_cat @ /big
	reads 1 '' fsu_put @ /etc/passwd /new
	bfs_standard $order # the directory's own
	bfs_inode hello first 5 5 2599
	readall 1 'another file has its blocks too'
done
