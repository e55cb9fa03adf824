# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# names that fill their field, are empty, hold what no name can, are there twice
for order in le be; do
	bfs_standard $order || break
	poke $(($(bfs entry hello) + 2)) 'fourteen-bytes'
	readall 0 ''
	run 0 '' fsu_cat @ /fourteen-bytes
	bfs_standard $order
	poke $(($(bfs entry hello) + 2)) '\0ello'
	readall 1 'name'
	run 0 '' fsu_cat @ /big
	bfs_standard $order
	poke $(($(bfs entry hello) + 2)) '../x'
	readall 1 'name'
	[ ! -e "$work/x" ]
	tap $? "$case: nothing outside"
	bfs_standard $order
	poke $(($(bfs entry hello) + 2)) 'unix\0'
	run 1 'unix' fsu_get @ -R / "$work/out"
done
