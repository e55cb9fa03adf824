# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# each of 25 directories has two names in the one above: 2^25 paths
standard
path=/dir
for _ in $(seq 25); do
	echo "mkdir $path/a"
	echo "link $path/a $path/b"
	path=$path/a
done >"$work/cmds"
debugfs -w -f "$work/cmds" "$img" >/dev/null 2>&1
reads 1 'already-listed' fsu_ls @ -lR /
reads 1 '/dir/b: a directory that has another name too' fsu_get @ -R / "$work/out/x"
run 1 'another name' fsu_cp @ -R /dir /copy
run 1 '' fsu_rm @ -r /dir
