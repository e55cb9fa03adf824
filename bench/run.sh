#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh OBJDIR: measure our commands against what users would pick instead, in
# pairs, A B A B, and print a table of ratios.  Images and trees are in memory.
#
#   BENCH_DIR   where (default /dev/shm/fsu-bench; removed at the end)
#   BENCH_TREE  the tree to use (default: made by tree.sh)
#   BENCH_ONLY  a pattern: only the rows whose name matches
#   PAIRS       pairs a row (7); slow peers get fewer, as their rows say
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
obj=$(cd "$1" && pwd)
dir=${BENCH_DIR:-/dev/shm/fsu-bench}
pairs=${PAIRS:-7}
only=${BENCH_ONLY:-.}
PATH=$obj/bin:$PATH:/usr/sbin:/sbin
export PATH LC_ALL=C

mkdir -p "$dir"
cd "$dir"
trap 'cd /; umount "$dir/mnt" 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
${CC:-gcc} -O2 -o pair "$top/bench/pair.c"
${CC:-gcc} -O2 -I"$top/include" -o getpid "$top/bench/getpid.c" "$obj/lib/libukfs.a" -lpthread

# Memory that was never touched is many times slower: touch it first.
dd if=/dev/zero of=fill bs=1M count=3072 2>/dev/null && rm fill

tree=${BENCH_TREE:-$dir/tree}
[ -d "$tree" ] || sh "$top/bench/tree.sh" "$tree"
printf '%s files, %s MB in the tree\n\n' "$(find "$tree" | wc -l)" "$(du -sm --apparent-size "$tree" | cut -f1)"
echo "| what | ours / peer | spread | at most | ours s | peer s | peak memory KiB |"
echo "|---|---|---|---|---|---|---|"

# row NAME LIMIT [-n pairs] [-a prep] [-b prep] A B
row() {
	name=$1 limit=$2
	shift 2
	printf '%s' "$name" | grep -Eq "$only" || return 0
	if out=$(./pair -n "$pairs" "$@" 2>err); then
		echo "$out" | awk -v n="$name" -v l="$limit" '{
			miss = ($1 > l) ? " **missed**" : ""
			printf "| %s | %.2f%s | %.2f-%.2f | %s | %.3f | %.3f | %d |\n", n, $1, miss, $2, $3, l, $4, $5, $6 }'
	else
		printf '| %s | failed: %s | | %s | | | |\n' "$name" "$(head -n 1 err | tr '|' ' ')" "$limit"
	fi
}
have() { command -v "$1" >/dev/null 2>&1; }
can_mount() { [ "$(id -u)" = 0 ] && [ -e /dev/loop-control ]; }

mkdir -p mnt
makefs -t ext2 tree.img "$tree"
tar cf tree.tar -C "$tree" .

row "makefs -t ext2 TREE : tar cf" 1.0 \
	-a "rm -f a.img" -b "rm -f b.tar" \
	"makefs -t ext2 a.img $tree" "tar cf b.tar -C $tree ."
rm -f a.img b.tar
size=$(du -m --apparent-size tree.img | cut -f1)
row "makefs -t ext2 TREE : mke2fs -d (2 pairs)" 0.1 -n 2 \
	-a "rm -f a.img" -b "rm -f b.img" \
	"makefs -t ext2 a.img $tree" \
	"mke2fs -q -t ext2 -N $(($(find "$tree" | wc -l) + 1000)) -d $tree b.img $((size * 3 / 2))m >/dev/null"
rm -f a.img b.img
if have zstd; then
	zstd -q -f tree.tar -o tree.tar.zst
	row "makefs -t ext2 TREE.tar.zst : zstd -dc | tar x" 1.3 \
		-a "rm -f a.img" -b "rm -rf x && mkdir x" \
		"makefs -t ext2 a.img tree.tar.zst" "zstd -dc tree.tar.zst | tar xf - -C x"
	rm -rf x a.img tree.tar.zst
fi

have 7z && row "fsu_ls -lR : 7z l" 0.5 "fsu_ls tree.img -lR >ls.out" "7z l tree.img >ls.out"
can_mount && row "fsu_ls -lR : mount + ls -lR + umount" 0.125 \
	-b "echo 3 >/proc/sys/vm/drop_caches" \
	"fsu_ls tree.img -lR >ls.out" \
	"mount -o loop,ro tree.img mnt && ls -lR mnt >ls.out; umount mnt"

row "fsu_get -R : tar xf" 1.0 -a "rm -rf x" -b "rm -rf y && mkdir y" \
	"fsu_get tree.img -a / x" "tar xf tree.tar -C y"
rm -rf x y
can_mount && row "fsu_get -R : mount + cp -a + umount" 0.5 -a "rm -rf x" -b "rm -rf y" \
	"fsu_get tree.img -a / x" \
	"mount -o loop,ro tree.img mnt && cp -a mnt y; umount mnt"
rm -rf x y
row "fsu_get -R : debugfs rdump (3 pairs)" 1.0 -n 3 -a "rm -rf x" -b "rm -rf y && mkdir y" \
	"fsu_get tree.img -a / x" "debugfs -R 'rdump / y' tree.img 2>/dev/null"
rm -rf x y
row "fsu_tar -c : tar cf" 1.3 -a "rm -f x.tar" -b "rm -f y.tar" \
	"fsu_tar tree.img -c >x.tar" "tar cf y.tar -C $tree ."
rm -f x.tar y.tar
# Reading commands: ours against the host's tool on a mount, which counts.
mounted() { # command, in the mount
	echo "mount -o loop,ro tree.img mnt && (cd mnt && $1) >out.b; umount mnt"
}
if can_mount; then
	cold="echo 3 >/proc/sys/vm/drop_caches"
	row "fsu_find -type f | wc -l : mount + find + umount" 1.0 -b "$cold" \
		"fsu_find tree.img / -type f | wc -l >out.a" "$(mounted 'find . -type f | wc -l')"
	row "fsu_du -s : mount + du -s + umount" 1.0 -b "$cold" \
		"fsu_du tree.img -s / >out.a" "$(mounted 'du -s .')"
	row "fsu_sum -r : mount + find + sha256sum + umount (3 pairs)" 1.0 -n 3 -b "$cold" \
		"fsu_sum tree.img -a sha256 -r / >out.a" \
		"$(mounted 'find . -type f -print0 | xargs -0 sha256sum')"
	row "fsu_grep -r : mount + grep -r + umount (3 pairs)" 1.0 -n 3 -b "$cold" \
		"fsu_grep tree.img -r Copyright / >out.a; true" "$(mounted 'grep -r Copyright .; true')"
	row "fsu_diff -r : mount + diff -r + umount (3 pairs)" 1.0 -n 3 -b "$cold" \
		"fsu_diff tree.img -r --no-dereference / $tree >out.a; true" \
		"$(mounted "diff -r --no-dereference . $tree; true")"
	rm -f out.a out.b
fi
newfs-img -t ext2 -s "$((size * 3 / 2))m" -N "$(($(find "$tree" | wc -l) + 1000))" empty.img
can_mount && row "fsu_put -R : mount + cp -a + umount" 0.333 \
	-a "cp --sparse=always empty.img p.img" -b "cp --sparse=always empty.img q.img" \
	"fsu_put p.img -a $tree/. /" \
	"mount -o loop q.img mnt && cp -a $tree/. mnt/; umount mnt"
rm -f p.img q.img empty.img tree.tar

head -c 1G /dev/urandom >one
newfs-img -t ext2 -s 1100m big0.img
row "fsu_put 1 GiB : cp" 1.1 -a "cp --sparse=always big0.img big.img" -b "rm -f two" \
	"fsu_put big.img one /one" "cp one two"
rm -f two
cp --sparse=always big0.img big.img
fsu_put big.img one /one
row "fsu_get 1 GiB : cp" 1.1 -a "rm -f two" -b "rm -f two" "fsu_get big.img /one two" "cp one two"
rm -f two
other=$(mktemp -d "${TMPDIR:-/var/tmp}/fsu-bench.XXXXXX")
row "fsu_get 1 GiB to another file system : cp" 1.2 -a "rm -f $other/two" -b "rm -f $other/two" \
	"fsu_get big.img /one $other/two" "cp one $other/two"
rm -rf "$other"
row "fsu_get 1 GiB, RUMP_MEMLIMIT=3m : without" 1.111 -a "rm -f two" -b "rm -f two" \
	"RUMP_MEMLIMIT=3m fsu_get big.img /one two" "fsu_get big.img /one two"
row "fsu_put 1 GiB, RUMP_MEMLIMIT=3m : without" 1.111 \
	-a "rm -f two; cp --sparse=always big0.img p.img" -b "cp --sparse=always big0.img p.img" \
	"RUMP_MEMLIMIT=3m fsu_put p.img one /one" "fsu_put p.img one /one"
rm -f p.img two
row "fsu_cat 1 GiB | cat : cat | cat" 1.2 "fsu_cat big.img /one | cat >/dev/null" "cat one | cat >/dev/null"
rm -f big.img big0.img one

mkdir flat deep
seq 20000 | sed 's,^,flat/file-,' | xargs touch
for d in $(seq 200); do mkdir "deep/d$d"; seq 100 | sed "s,^,deep/d$d/file-," | xargs touch; done
newfs-img -t ext2 -s 64m -N 30000 many.img
row "fsu_put of 20,000 files in 1 directory : in 200" 2.0 \
	-a "cp --sparse=always many.img p.img" -b "cp --sparse=always many.img q.img" \
	"fsu_put p.img -R flat /" "fsu_put q.img -R deep /"
rm -rf flat deep many.img p.img q.img

mkdir small && for i in $(seq 20); do echo "$i" >"small/file$i"; done
makefs -t ext2 small.img small
row "fsu_ls -l of a small image : ls -l" 1.5 -n 201 \
	"exec fsu_ls small.img -l >/dev/null" "exec ls -l small >/dev/null"

seq 1000 | sed 's/.*/stat -c %n \/file1/' >commands
sed 's/^stat/fsu_stat small.img/' commands >processes
row "1,000 commands in fsu_sh : 1,000 processes" 0.05 \
	"fsu_sh small.img -r -f commands >/dev/null" "sh processes >/dev/null"

# shellcheck source=bench/msdos.sh
. "$top/bench/msdos.sh"
# shellcheck source=bench/cd9660.sh
. "$top/bench/cd9660.sh"

if printf getpid | grep -Eq "$only"; then
	./getpid | awk '{ printf "| rump_sys_getpid() : native system call | %.2f%s | | 0.25 | %.1f ns | %.1f ns | |\n", $1, ($1 > 0.25 ? " **missed**" : ""), $2, $3 }'
fi
