# SPDX-License-Identifier: BSD-2-Clause
# Tests of commands that change attributes: a folder h and an image d.img of it.

# shellcheck disable=SC2034

# Both are root's, as far as the commands see (an ordinary user's h: in fakeroot).
attr_host() {
	PAIR_HOST=
	[ "$(id -u)" -eq 0 ] || PAIR_HOST="fakeroot -i $BATS_TEST_TMPDIR/faked -s $BATS_TEST_TMPDIR/faked"
	: >faked
}

# attr_image [SIZE [mke2fs option..]]: d.img from h.
attr_image() {
	local size=${1-8M}
	[ $# -eq 0 ] || shift
	rm -f d.img
	$PAIR_HOST mke2fs -q -F -t ext2 -I 256 -d h "$@" d.img "$size" >/dev/null 2>&1
	fsu_rm d.img -rf lost+found
}

# A tree with links of every kind to follow.
attr_tree() {
	mkdir -p h/d/sub/deep h/other/in h/empty
	for f in a b 'sp ace' $'new\nline' d/f d/sub/g d/sub/deep/h other/o other/in/p; do
		echo x >"h/$f"
	done
	ln -s a h/sym
	ln -s d h/symd
	ln -s nowhere h/dangling
	ln -s loop h/loop
	ln -s ../other h/d/tother
	ln -s ../a h/d/ta
	ln -s nothing h/d/sub/dang
	ln -s .. h/d/sub/up
	ln h/a h/hard
	mkfifo h/fifo
	chmod 4755 h/b
	chmod 2775 h/d/sub
	chmod 1777 h/empty
}

# attr_same FORMAT: stat -c says the same of every file, and the image is clean.
attr_same() {
	(cd h && find . -print0) | LC_ALL=C sort -z >list
	# shellcheck disable=SC2086
	(cd h && xargs -0 $PAIR_HOST stat -c "$1" <../list) >want.st
	xargs -0 fsu_stat d.img -c "$1" <list >got.st
	diff want.st got.st || return 1
	fsck_clean d.img
}
