#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The public library: every function of ukfs(3), and the manual page's example,
# built against an installation, with the static and with the shared library.
set -u
BUILD=$1
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/fsu-ukfs.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0 bad=0
ok() { # WHAT, by the status of the last command
	if [ "$2" -eq 0 ]; then echo "ok $((n += 1)) - $1"; else
		echo "not ok $((n += 1)) - $1"
		bad=1
	fi
}
PATH=$PATH:/usr/sbin:/sbin

cd "$tmp" || exit 1
mkdir -p t/dir
echo hello >t/file
seq 1 100 >t/dir/numbers
truncate -s 4M d.img
mke2fs -q -F -t ext2 -I 256 -d t d.img >/dev/null 2>&1
cp d.img e.img

"$BUILD/tests/ukfs/t_ukfs" d.img e.img "$tmp"
echo "# $?" # its own plan is what counts
e2fsck -fn d.img >log 2>&1
ok "the image is clean afterwards" $?
e2fsck -fn e.img >>log 2>&1
ok "... and the other" $?

# ---- the page's example ----------------------------------------------------
sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$top/man/ukfs.3" |
	sed -n '/^\.Bd -literal/,/^\.Ed/p' | sed '1d;$d; s/\\e/\\/g' >example.c
grep -q '^main(' example.c
ok "the page has an example" $?
PREFIX=$tmp/prefix O=$BUILD VERSION=0 sh -c "cd '$top' && sh tools/install.sh install" >log 2>&1
ok "make install" $?
san=
case $BUILD in
*-address*) san="-fsanitize=address,undefined" ;;
*-thread*) san=-fsanitize=thread ;;
esac
cc=gcc
case ${BUILD##*/} in clang*) cc=clang ;; esac
export PKG_CONFIG_PATH="$tmp/prefix/lib/pkgconfig"
if command -v pkg-config >/dev/null; then
	flags=$(pkg-config --cflags ukfs) libs=$(pkg-config --libs ukfs)
else
	flags="-I$tmp/prefix/include" libs="-L$tmp/prefix/lib -lukfs"
fi
# shellcheck disable=SC2086
$cc -Wall -Wextra -Werror $san $flags -o shared example.c $libs >log 2>&1
ok "the example compiles with libukfs.so" $? || cat log
# shellcheck disable=SC2086
$cc -Wall -Wextra -Werror $san $flags -o static example.c "$tmp/prefix/lib/libukfs.a" -lblkid -lpthread -ldl >log 2>&1
ok "... and with libukfs.a" $?
mke2fs -q -F -t ext2 -d t f.img 4M >/dev/null 2>&1
before=$(sha256sum <f.img)
for kind in shared static; do
	export LD_LIBRARY_PATH="$tmp/prefix/lib"
	./$kind f.img /dir/numbers >out 2>err
	ok "$kind: a file's content" "$(cmp -s out t/dir/numbers && [ ! -s err ]; echo $?)"
	./$kind f.img >out 2>err
	printf '     292 /dir/numbers\n       6 /file\n2 files\n' >want
	ok "$kind: the list" "$(cmp -s out want; echo $?)"
	./$kind /nothere 2>err
	ok "$kind: no image" "$([ $? -eq 2 ] && grep -q 'nothere: No such file' err; echo $?)"
done
ok "the image is untouched" "$([ "$before" = "$(sha256sum <f.img)" ]; echo $?)"
echo "1..$n"
exit $bad
