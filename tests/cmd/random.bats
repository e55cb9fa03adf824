#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Long random sequences of the writing commands, compared with a host directory
# that the host's commands edited in the same way, and judged by e2fsck.
# FSU_RANDOM_SEED, FSU_RANDOM_COUNT: another run.

load helper

setup() {
	fsu_setup
	export BUILD
}
teardown() { fsu_teardown; }

edits() { # SEED COUNT mke2fs-option..
	local seed=${FSU_RANDOM_SEED-$1} count=${FSU_RANDOM_COUNT-$2}
	shift 2
	mkimage d.img 64M '' "$@"
	rm -rf h out && mkdir h
	expect 0 python3 "$BATS_TEST_DIRNAME/random_edits.py" d.img h "$seed" "$count"
	[ -z "$output" ] || echo "$output"
	fsck_clean d.img
	expect 0 fsu_get d.img -R -p / out
	rm -rf out/lost+found
	what() {
		(
			cd "$1" || exit
			find . -mindepth 1 -printf '%P|%y|%m|%l\n' | sort
			find . -type f -printf '%P\n' | sort | tr '\n' '\0' | xargs -0r sha256sum
		)
	}
	diff <(what h) <(what out)
}

@test "blocks of 1 KiB" { edits 1 150 -b 1024 -I 256; }
@test "blocks of 4 KiB, small inodes, without dir_index" { edits 2 150 -b 4096 -I 128 -O ^dir_index; }
@test "revision 0" { edits 3 100 -r 0 -b 2048; }
