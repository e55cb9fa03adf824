# SPDX-License-Identifier: BSD-2-Clause
# Reading changes nothing: not a byte of the image, not its times, nothing beside it.
# A file without a write bit is only read.

load helper

setup() {
	fsu_setup
	mktree t
	mkdir d
	mkimage d/i.img 8M t -I 256
	touch -d '2020-01-01 00:00:00' d/i.img
}

teardown() {
	fsu_teardown
}

state() {
	sum d/i.img
	stat -c '%X %Y %Z %s %i %a' d/i.img
	ls -A d
}

# reading command lines, of an image that is called $1
reading() {
	fsu_ls "$1" -laR /
	fsu_ls "$1" --json -R /
	fsu_ls "$1" -lu /
	fsu_cat "$1" /hello /sub/text
	fsu_stat "$1" /hello /sub
	fsu_stat "$1" -f /
	fsu_df "$1"
	fsu_get "$1" -a / out
	fsu_get "$1" /sub/text -
	rm -rf out
}

# writing command lines that must be refused
writing_is_refused() {
	local cmd
	for cmd in "fsu_put $1 t/hello /x" "fsu_put $1 t/sub/text /hello" "fsu_put $1 -R t /x" \
		"fsu_put $1 --in-place t/sub/text /hello" "fsu_cp $1 /hello /x" "fsu_mv $1 /hello /x" \
		"fsu_rm $1 /hello" "fsu_rm $1 -rf /sub" "fsu_mkdir $1 /x" "fsu_mkdir $1 -p /x/y"; do
		# shellcheck disable=SC2086
		run $cmd
		[ "$status" -ne 0 ] || {
			echo "not refused: $cmd"
			return 1
		}
		one_line
		[ "$(state)" = "$before" ] || {
			echo "changed by: $cmd"
			return 1
		}
	done
}

@test "no reading command changes the image, or leaves something beside it" {
	before=$(state)
	reading d/i.img >/dev/null
	[ "$(state)" = "$before" ]
}

@test "nor one that fails" {
	before=$(state)
	expect 1 fsu_cat d/i.img /nosuch /sub
	expect 1 fsu_get d/i.img /nosuch out
	expect 1 fsu_ls d/i.img /nosuch
	expect 2 fsu_ls d/i.img --no-such-option
	[ "$(state)" = "$before" ]
}

@test "atime in the image stays, also when it is changed; -o atime" {
	need_root
	touch -a -d '2010-01-01' t/hello
	fsu_put d/i.img -p t/hello /timed
	atime() { fsu_stat d/i.img -c %X /timed; }
	[ "$(atime)" = 1262304000 ]
	fsu_cp d/i.img /timed /copy
	fsu_cat d/i.img /timed >/dev/null
	[ "$(atime)" = 1262304000 ]
	fsu_cp -o atime d/i.img /timed /copy2
	[ "$(atime)" -gt 1262304000 ]
	fsck_clean d/i.img
}

@test "a file without a write bit: read as ever, each writing command refused" {
	chmod 444 d/i.img
	before=$(state)
	reading d/i.img >/dev/null
	[ "$(state)" = "$before" ]
	writing_is_refused d/i.img
}

@test "-o ro: each writing command refused" {
	before=$(state)
	reading d/i.img >/dev/null
	writing_is_refused "-o ro d/i.img"
}

@test "an image of another's, in a directory of another's: read by an ordinary user" {
	need_root
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." "$BATS_TEST_TMPDIR/../.." \
		"$BATS_TEST_TMPDIR/../../.." 2>/dev/null || true
	as_user test -r "$PWD/d/i.img" || skip "an ordinary user can't get here"
	as_user test -x "$(command -v fsu_cat)" || skip "an ordinary user can't run them"
	before=$(state)
	as_user fsu_cat d/i.img /hello
	as_user fsu_ls d/i.img -laR / >/dev/null
	run as_user fsu_put d/i.img t/hello /x
	[ "$status" -eq 2 ]
	[ "$(state)" = "$before" ]
}

# read_only_refuses: EROFS in one line with status 2 for who writes, d/i.img as $1.
read_only_refuses() {
	local cmd
	fsu_cat "$1" /hello | cmp - t/hello || return 1
	for cmd in "fsu_put $1 t/hello /x" "fsu_mkdir $1 /x" "fsu_rm $1 /hello"; do
		# shellcheck disable=SC2086
		run $cmd
		[ "$status" -eq 2 ] && one_line && has "Read-only file system" || return 1
	done
}

@test "a file system of the host's that is mounted read-only" {
	need_root
	mkdir mnt
	mount -t tmpfs none mnt 2>/dev/null || skip "no mounts here"
	cp d/i.img mnt/
	local st=0
	mount -o remount,ro mnt && read_only_refuses mnt/i.img || st=1
	umount mnt
	[ $st -eq 0 ]
}

@test "a read-only device" {
	need_root
	dev=$(losetup -r -f --show d/i.img 2>/dev/null) || skip "no loop devices here"
	local st=0
	read_only_refuses "$dev" || st=1
	losetup -d "$dev"
	[ $st -eq 0 ]
}
