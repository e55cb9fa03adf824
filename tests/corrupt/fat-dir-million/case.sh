# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2046
# a directory with a million slots in one cluster: its chain comes back
if fat_standard 32; then
	dir=$(fatat chain /dir)
	fatat fat "$dir" "$dir"
	# no end mark in it
	at=$(fatat at "$dir")
	i=4
	while [ $i -lt 16 ]; do
		printf 'FILE%04d   \040' $i | dd of="$img" bs=1 seek=$((at + i * 32)) conv=notrunc status=none
		i=$((i + 1))
	done
	readall 1 'its chain is a loop'
	reads 0 '' fsu_cat @ /big
	# a chain of 70,000 clusters is longer than a directory can be, but no loop
	python3 - "$img" "$dir" <<'EOF'
import struct, sys
f = open(sys.argv[1], "r+b")
b = f.read(512)
res, nf = struct.unpack("<HB", b[14:17])
fs, = struct.unpack("<I", b[36:40])
first, last = 200, 66000
for w in range(nf):
    base = (res + w * fs) * 512
    f.seek(base + int(sys.argv[2]) * 4)
    f.write(struct.pack("<I", first))
    f.seek(base + first * 4)
    f.write(b"".join(struct.pack("<I", c + 1) for c in range(first, last)) + struct.pack("<I", 0x0fffffff))
EOF
	readall 1 'more than 65536 entries'
	reads 0 '' fsu_cat @ /big
fi
