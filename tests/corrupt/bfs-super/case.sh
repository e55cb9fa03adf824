# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# no magic number, an end before the start or past the device, no room for anything
for order in le be; do
	bfs_standard $order || break
	poke 0 '\000'
	reads 2 '' fsu_ls @ /
	reads 2 'no BFS superblock' fsu_ls -t sysvbfs @ /
	for bad in '0:no room for inodes' '575:no room for inodes' \
		'4294967295:before its start' '65500:no room for files'; do
		bfs_standard $order
		bfs put 4 "${bad%%:*}"
		reads 2 "superblock can't be.*${bad#*:}" fsu_ls @ /
	done
	for bad in '0:before its start' '4294967295:before its start' \
		'65536:larger than the device' '4294967294:larger than the device'; do
		bfs_standard $order
		bfs put 8 "${bad%%:*}"
		reads 2 "superblock can't be.*${bad#*:}" fsu_ls @ /
	done
	bfs_standard $order # inodes that no number can name
	truncate -s 5M "$img"
	bfs put 4 5000192 5242879
	reads 2 'more inodes than there are numbers' fsu_ls @ /
	bfs_standard $order # files' own blocks taken for inodes
	bfs put 4 20480
	reads 2 'inode 2: its blocks are outside' fsu_ls @ /
done
