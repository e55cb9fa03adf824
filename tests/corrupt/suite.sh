#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# suite.sh OBJDIR [CASE]...: damaged images, one directory a case.  Prints TAP.
#
# A case is a script, case.sh, in the words of words.sh: it makes an image (or
# unpacks the image.gz beside it), damages it, and says what commands must answer:
# status, and what standard error must have.  Each command must end by itself
# within ten seconds, say at most a screenful, and leave the image's bytes alone
# if it only reads.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)/bin
shift
PATH=$bin:$PATH:/sbin:/usr/sbin
export PATH LC_ALL=C
for tool in mke2fs debugfs; do
	if ! command -v "$tool" >/dev/null; then
		echo "1..0 # SKIP no $tool"
		exit 0
	fi
done
work=$(mktemp -d)
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
n=0 failed=0 img=$work/image
# shellcheck source=tests/corrupt/words.sh
. "$here/words.sh"

if [ $# -eq 0 ]; then
	for dir in "$here"/*/; do
		set -- "$@" "$(basename "$dir")"
	done
fi
make_standard
for case; do
	chmod -R u+rwx "$work"
	rm -rf "$img" "$work/out"
	# shellcheck source=/dev/null
	. "$here/$case/case.sh"
done
echo "1..$n"
[ $failed -eq 0 ]
