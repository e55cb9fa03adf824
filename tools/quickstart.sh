#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# quickstart.sh [DIR]: from a fresh checkout to a first image.  Installs what
# building needs, builds, makes an ext2 image from DIR (docs/ if none is named),
# lists and reads it, and leaves it in quickstart.img.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
dir=${1:-$top/docs}
[ -d "$dir" ] || { echo "quickstart.sh: $dir: not a directory" >&2; exit 2; }
dir=$(cd "$dir" && pwd)
img=$PWD/quickstart.img

say() { printf '\n$ %s\n' "$*"; }
run() { say "$*"; "$@"; }

say "sh tools/deps.sh build"
sh "$top/tools/deps.sh" build
say make
make -C "$top" --no-print-directory -s -j"$(nproc)" all
PATH=$top/build/${CC:-gcc}/bin:$PATH
export PATH

run makefs -t ext2 "$img" "$dir"
run fsu_df "$img"
say "fsu_ls $img -l"
fsu_ls "$img" -l | sed 20q
file=$(cd "$dir" && find . -type f -size -16k | LC_ALL=C sort | sed 's,^\./,,;q')
if [ -n "$file" ]; then
	say "fsu_cat $img '/$file' | head -n 3"
	fsu_cat "$img" "/$file" | sed 3q
fi
cat <<END

The image is $img.  The commands are in
    $top/build/${CC:-gcc}/bin
or, after 'make install', in /usr/local/bin.  For an image of your own:
    makefs -t ext2 my.img my-directory/
    fsu_ls my.img -l /
    fsu_put my.img some-file /
    fsu_get my.img -R / out/
END
