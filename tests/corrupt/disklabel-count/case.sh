# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
if ! command -v python3 >/dev/null; then
	tap 0 "$case # SKIP no python3"
else
	label() {
		rm -f "$img"
		truncate -s 4M "$img"
		python3 "$here/../cmd/disklabel.py" "$img" "$@" a:2048:2048
	}
	label -n 60000
	refuses DISKLABEL:a "the disklabel at byte 512 claims 60000 partitions; there can be 22"
	reads 2 "claims 60000" fsu_part @
	label -e be -a 64 -n 23
	refuses DISKLABEL:a "the disklabel at byte 64 claims 23 partitions"
	label -x
	refuses DISKLABEL:a "the disklabel at byte 512 has a wrong checksum"
	label -z 8192
	refuses DISKLABEL:a "has sectors of 8192 bytes"
	label -z 0
	refuses DISKLABEL:a "has sectors of 0 bytes"
	label d:8000:400
	refuses DISKLABEL:d "DISKLABEL:d ends [0-9]* bytes past the end"
	label d:4294967295:4294967295
	refuses DISKLABEL:d "DISKLABEL:d begins outside"
	label -s openbsd d:281474976710655:281474976710655
	refuses DISKLABEL:d "DISKLABEL:d begins outside"
	refuses DISKLABEL:q "DISKLABEL:q: the disklabel has partitions a, d"
fi
