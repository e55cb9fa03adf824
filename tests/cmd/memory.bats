#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# With little memory (RUMP_MEMLIMIT) a command does its job or says that it can't;
# it never stops half-way, and the image stays clean.

load helper

setup() {
	fsu_setup
	local i
	for i in $(seq 1500); do
		[ $((i % 50)) -ne 1 ] || mkdir -p "t/d$((i / 50))"
		echo "$i" >"t/d$(((i - 1) / 50))/f$i"
	done
	truncate -s 16M e.img
	mke2fs -q -F -t ext2 -b 1024 -N 8000 e.img
}
teardown() { fsu_teardown; }

@test "put, get, cp and rm of many files, in little memory and less" {
	for limit in 100k 250k 400k 500k 550k 600k 650k 700k 750k 800k; do
		cp e.img d.img
		rm -rf out
		export RUMP_MEMLIMIT=$limit
		for c in "put d.img -R t /" "get d.img -R /t out" \
			"cp d.img -R /t /u" "rm d.img -rf /t /u"; do
			run bash -c "fsu_$c"
			[ "$status" -le 1 ]
			case $output in *panic* | *anitizer*) false ;; esac
		done
		unset RUMP_MEMLIMIT
		fsck_clean d.img
	done
	rm -rf out
	fsu_put e.img -R t / && fsu_get e.img -R /t out
	diff -r t out
}
