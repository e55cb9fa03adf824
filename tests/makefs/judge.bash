# SPDX-License-Identifier: BSD-2-Clause
# What the tests of makefs share, beside tests/cmd/helper.bash.

# shellcheck disable=SC2034,SC2154

# unpack IMAGE DIR: what is in an image: by the kernel's own driver where it may
# be mounted, else by fsu_get.  (lost+found isn't the tree's.)
unpack() {
	mkdir -p "$2"
	if [ "$(id -u)" -eq 0 ] && mkdir -p "$2.mnt" && mount -o loop,ro "$1" "$2.mnt" 2>/dev/null; then
		cp -a "$2.mnt/." "$2/"
		umount "$2.mnt"
	else
		fsu_get "$1" -R -p / "$2"
	fi
	if [ -z "${KEEP_LOSTFOUND-}" ] && [ -d "$2/lost+found" ]; then
		touch -r "$2" "$2.time"
		rmdir "$2/lost+found"
		touch -r "$2.time" "$2"
	fi
}

# user_dir: a new directory that an ordinary user may write and reach.
user_dir() {
	USERDIR=$(mktemp -d "${TMPDIR:-/tmp}/makefs-test.XXXXXX")
	chmod 777 "$USERDIR"
	cd "$USERDIR" || return 1
}

# holds IMAGE DIR: the image is clean and has the tree that is in DIR.
holds() {
	local tmp
	tmp=$(mktemp -d "$BATS_TEST_TMPDIR/unpack.XXXXXX")
	fsck_clean "$1" && unpack "$1" "$tmp/t" || return 1
	manifest "$2" >"$tmp/want"
	manifest "$tmp/t" >"$tmp/got"
	diff "$tmp/want" "$tmp/got" || return 1
	rm -rf "$tmp"
}

# figure IMAGE NAME: a line of dumpe2fs -h.
figure() {
	dumpe2fs -h "$1" 2>/dev/null | sed -n "s/^$2: *//p"
}

# free_bytes IMAGE
free_bytes() {
	echo $(($(figure "$1" 'Free blocks') * $(figure "$1" 'Block size')))
}

# tight IMAGE: no more is free than 2% or 256 KiB.
tight() {
	local free size
	free=$(free_bytes "$1")
	size=$(stat -c %s "$1")
	[ "$free" -le 262144 ] || [ $((free * 50)) -le "$size" ] || {
		echo "$free of $size bytes free"
		return 1
	}
	[ "$(figure "$1" 'Reserved block count')" -eq 0 ]
}

# nothing_left: no temporary file is beside the targets.
nothing_left() {
	local found
	found=$(find . -maxdepth 1 -name '.*.tmp*')
	[ -z "$found" ] || { echo "left over: $found"; return 1; }
}
