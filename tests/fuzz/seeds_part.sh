#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# seeds_part.sh DIR: small disks for the fuzzer to start from: MBR with logical
# partitions, GPT, disklabels of each system and byte order, one in a slice.
set -eu
out=$1
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/sbin:/usr/sbin
mkdir -p "$out"

disk() { rm -f "$out/$1"; truncate -s 192K "$out/$1"; }
disk mbr
printf 'label: dos\n64,32,83\n100,250,5\n110,20,83\n140,20,82\n' |
	sfdisk -q --force "$out/mbr" >/dev/null 2>&1 || :
disk slice
printf 'label: dos\n64,250,a9\n' | sfdisk -q --force "$out/slice" >/dev/null 2>&1 || :
python3 "$here/../cmd/disklabel.py" "$out/slice" -a 33280 a:80:20 c:64:250:0 e:120:60
printf '\1' | dd of="$out/slice" bs=1 conv=notrunc status=none
disk gpt
printf 'label: gpt\nfirst-lba: 40\n64,32,L,name=a\n100,50\n' |
	sfdisk -q --force "$out/gpt" >/dev/null 2>&1 || :
printf '\1' | dd of="$out/gpt" bs=1 conv=notrunc status=none
disk gpt4096
python3 "$here/../cmd/gpt.py" "$out/gpt4096" 4096 a:10:5:11111111-2222-3333-4444-0123456789ab
printf '\1' | dd of="$out/gpt4096" bs=1 conv=notrunc status=none
for order in le be; do
	for system in netbsd freebsd openbsd; do
		disk "$system-$order"
		python3 "$here/../cmd/disklabel.py" "$out/$system-$order" -e $order \
			-s $system a:32:32 b:64:32:1 c:0:300:0 v:100:50:17
	done
done
