# SPDX-License-Identifier: BSD-2-Clause
# Random commands on FAT volumes against a model in memory, judged by fsck.fat; see
# msdos_random.py.  MSDOS_RANDOM=commands each (60), MSDOS_RANDOM_SEED=first seed: a
# longer run is
#	MSDOS_RANDOM=2000 MSDOS_RANDOM_SEED=$RANDOM sh tests/run.sh build/gcc cmd/msdos_random.bats

load helper

setup() {
	for tool in mkfs.fat fsck.fat python3; do
		command -v $tool >/dev/null || skip "no $tool"
	done
	fsu_setup
}
teardown() { fsu_teardown; }

ops() { # SEED KIB mkfs.fat-option..
	local seed=$((${MSDOS_RANDOM_SEED-1} + $1)) size=$2
	shift 2
	truncate -s "${size}k" img
	mkfs.fat "$@" img >/dev/null
	python3 "$BATS_TEST_DIRNAME/msdos_random.py" img "$seed" "${MSDOS_RANDOM-60}"
}

@test "FAT12, small clusters, soon full" { ops 0 1900 -F 12 -s 1; }
@test "FAT12, sectors of 4096" { ops 100 8000 -F 12 -S 4096 -s 1; }
@test "FAT16" { ops 200 12000 -F 16 -s 1; }
@test "FAT16, one FAT, sectors of 2048" { ops 300 16000 -F 16 -f 1 -S 2048 -s 1; }
@test "FAT32" { ops 400 40000 -F 32 -s 1; }
