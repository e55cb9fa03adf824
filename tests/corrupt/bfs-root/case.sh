# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# a root that is none: not there, out of range, a file; a mount that failed writes nothing
for order in le be; do
	for bad in first:1 first:128 last:128 last:3 end:5; do
		bfs_standard $order || break 2
		bfs_inode / "${bad%:*}" "${bad#*:}"
		reads 2 'inode 2|superblock' fsu_ls @ /
		reads 2 '' fsu_put @ /etc/passwd /new
	done
	bfs_standard $order
	bfs put16 512 0 0
	reads 2 'no root directory' fsu_ls @ /
	for type in 0 1 127 33554432; do # a file without a name would be freed
		bfs_standard $order
		bfs put $(($(bfs inode unix) + 32)) 0
		bfs put16 "$(bfs entry unix)" 0
		bfs_inode / type $type
		reads 2 "no directory|its type is" fsu_ls @ /
		reads 2 "no directory|its type is" fsu_put @ /etc/passwd /new
	done
done
