# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# an inode with another's number, blocks that can't be, a size that doesn't fit them
for order in le be; do
	bfs_standard $order || break
	bfs put16 "$(bfs inode hello)" 9 9
	readall 1 "inode 3: it has another inode's number"
	for bad in 'first:4:outside' 'first:200:before its first' 'last:128:outside' \
		'last:4294967295:outside' 'last:5:before its first' \
		'end:4096:size doesn' 'end:4294967294:size doesn' 'end:0:size doesn'; do
		bfs_standard $order
		rest=${bad#*:}
		bfs_inode big "${bad%%:*}" "${rest%%:*}"
		run 0 'mounted read-only|inode 5' fsu_cat @ /hello
		readall 1 "inode 5: .*${rest#*:}"
		reads 1 '' fsu_put @ /etc/passwd /new
		reads 1 '' fsu_rm @ /hello
	done
	bfs_standard $order
	bfs_inode big type 3
	readall 1 'inode 5: its type is 3'
	bfs_standard $order
	bfs_inode big type 2
	readall 1 'inode 5: a second directory'
done
