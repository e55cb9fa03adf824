#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_df, judged by df of a kernel mount.

load helper
load ls

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	mkdir t
	head -c 3000000 /dev/urandom >t/x
	for i in $(seq 50); do : >t/$i; done
	mkimage d.img 100M t || return 1
	if loop_mount d.img m; then echo m >ref; else echo t >ref; fi
}
teardown_file() {
	umount "$BATS_FILE_TMPDIR/m" 2>/dev/null || true
}
setup() {
	fsu_setup
	cd "$BATS_FILE_TMPDIR" || return 1
	ref=$(cat ref)
	unset DF_BLOCK_SIZE BLOCK_SIZE BLOCKSIZE POSIXLY_CORRECT
}
teardown() { fsu_teardown; }

same() {
	(cd m && df "$@") | sed "s,^/dev/loop[0-9]* *,SRC ,; s,$PWD/m\$,/," >want
	fsu_df d.img "$@" | sed 's,^d\.img *,SRC ,' >got
	diff want got || { echo "df $*"; return 1; }
}

@test "every option, as df prints a mount" {
	[ "$ref" = m ] || skip "needs a kernel mount"
	for o in '' -h -i -ih -k -P -Ph -Pi -T -Ti -H --si -B1 -BM -B1M -B512 -BKiB -BKB -B5 \
		-B1536 -B1000 -PB512 -PB1000 --output=source,size,avail \
		--output=pcent,size,used,itotal,iused,iavail,ipcent,fstype --total -Th '-B 1G' \
		'-B G' '-B human'; do
		# shellcheck disable=SC2086
		same $o .
	done
	same . x 1
	DF_BLOCK_SIZE=M same .
	BLOCKSIZE=2048 same .
	BLOCK_SIZE=human-readable same .
	POSIXLY_CORRECT=1 same .
	POSIXLY_CORRECT=1 same -P .
	DF_BLOCK_SIZE=M same -P .
}

@test "without an operand, with several, --output, --json" {
	expect 0 fsu_df d.img
	[ "${lines[0]}" = "Filesystem     1K-blocks  Used Available Use% Mounted on" ]
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[1]} = d.img*' /' ]]
	expect 0 fsu_df d.img --output=file,target x /1
	[ "${lines[1]}" = "x    /" ]
	expect 0 fsu_df d.img --output
	[ "$(fsu_df d.img --json | python3 -c 'import json,sys; o=json.load(sys.stdin); print(o["size"]-o["used"]==o["free"], o["files_used"]+o["files_free"]==o["files"])')" = "True True" ]
	[ "$(fsu_df d.img -B1 --output=used | tail -n 1)" -gt 3000000 ]
}

@test "errors" {
	expect 1 fsu_df d.img nosuch /
	has "fsu_df: d.img: nosuch: No such file or directory"
	has "d.img"
	expect 2 fsu_df d.img --output=foo
	expect 2 fsu_df d.img --output=size,size
	expect 2 fsu_df d.img -i --output
	expect 2 fsu_df d.img -B x
}
