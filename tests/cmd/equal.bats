#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A tree on the host and the same in an image: ls -laR and stat -c are equal byte
# for byte.  What a copy can't have in common (inode numbers, change times, the sizes
# of directories, blocks) is compared with a mount of the image, where that may be.

load helper

setup() {
	fsu_setup
	mktree h
	mkdir -p h/odd
	printf x >$'h/odd/new\nline'
	printf x >$'h/odd/esc\033[31m'
	printf x >$'h/odd/not\xff\xfeutf8'
	printf x >"h/odd/quo'te"
	printf x >'h/odd/star*'
	ln -s $'odd\ttarget' h/odd/tab
	for m in 0 111 222 1644 2755 4755 6711 7777 444; do
		: >"h/odd/m$m"
		chmod "$m" "h/odd/m$m"
	done
	truncate -s 5G h/odd/big
	touch -d '1965-01-02 03:04:05.5' h/odd/old 2>/dev/null
	touch -d '2040-06-07 08:09:10.123456789' h/odd/future
	if [ "$(id -u)" -eq 0 ]; then
		mknod h/odd/null c 1 3 2>/dev/null || true
		mknod h/odd/sda17 b 259 65537 2>/dev/null || true
		chown 1234:65533 h/odd/m0
		chown 0:100 h/odd/m111
		chmod 0 h/odd/m0
	fi
	mkimage d.img 40M '' -b 4096 -I 256
	fsu_rm d.img -rf lost+found
	fsu_put d.img -a h/. /
	fsck_clean d.img
}
teardown() {
	umount m 2>/dev/null || true
	fsu_teardown
}

mounted() {
	need_root
	mkdir -p m
	mount -o loop,ro,noatime d.img m 2>/dev/null || skip "no loop mounts here"
}

# Directories are of another size elsewhere, and so is a listing's total; the root's
# ".." is itself in the image.
listing() {
	LC_ALL=C awk '/^total / { print "total"; next }
		/^d/ { sub(/^[^ ]+ +[0-9]+ +[^ ]+ +[^ ]+ +[0-9]+/, "d " $1 " " $3 " " $4) }
		NR < 6 && / \.\.$/ { next }
		{ print }'
}

@test "ls -laR on a host copy" {
	(cd h && ls -laR) | listing >want
	fsu_ls d.img -laR | listing >got
	[ "$(wc -l <want)" -gt 40 ]
	diff want got
	for o in -lnR '-laR --full-time' '-lQR' '-bR' '-1qR' '-AFR' '-lhR --time-style=+%s.%N'; do
		# shellcheck disable=SC2086
		(cd h && ls $o) | listing >want
		# shellcheck disable=SC2086
		fsu_ls d.img $o | listing >got
		diff want got || { echo "$o"; false; }
	done
}

@test "ls -laR on a mount of the image: every byte" {
	mounted
	for o in -laR -laisR '-laR --full-time -c' '-lnaRS --block-size=1' '-lau -R'; do
		# shellcheck disable=SC2086
		(cd m && ls $o empty odd sub) >want
		# shellcheck disable=SC2086
		fsu_ls d.img $o empty odd sub >got
		cmp want got || { diff want got; echo "$o"; false; }
	done
	# All but the line of the root's "..", and the total that it is part of.
	(cd m && ls -laR .) | sed '4d; 2s/.*/total/' >want
	fsu_ls d.img -laR . | sed '4d; 2s/.*/total/' >got
	cmp want got
}

paths() {
	(cd h && find . -mindepth 1 ! -name 'lost+found' -print0 | sort -z)
}

@test "stat -c on a host copy: every directive that a copy has in common" {
	paths >list
	f='%n %a %A %f %F %g %G %u %U %N %t %T %r %R %Hr %Lr %Y %y %.3Y %B'
	(cd h && xargs -0 stat -c "$f" <../list) >want
	xargs -0 fsu_stat d.img --no-glob -c "$f" <list >got
	[ "$(wc -l <want)" -gt 25 ]
	diff want got
	f='%h %s %5s|%-9s|%09s|%#a|%+h|%.2s'
	(cd h && find . -mindepth 1 ! -type d -print0 | sort -z | xargs -0 stat -c "$f") >want
	(cd h && find . -mindepth 1 ! -type d -print0 | sort -z) | xargs -0 fsu_stat d.img --no-glob -c "$f" >got
	diff want got
	f='%n|%F|%s\n\t\x41\101\e'
	(cd h && stat -L --printf "$f" sym hello sub/text) >want
	fsu_stat d.img -L --printf "$f" sym hello sub/text >got
	cmp want got
}

@test "stat -c on a mount of the image: every directive but the device's number" {
	mounted
	paths >list
	f='%a %A %b %B %f %F %g %G %h %i %n %N %o %s %t %T %r %R %Hr %Lr %u %U %w %W %x %X %y %Y %z %Z'
	(cd m && xargs -0 stat -c "$f" <../list) >want
	xargs -0 fsu_stat d.img --no-glob -c "$f" <list >got
	diff want got
	(cd m && stat -f -c '%a %b %c %d %f %i %l %n %s %S %t %T' .) >want
	fsu_stat d.img -f -c '%a %b %c %d %f %i %l %n %s %S %t %T' . >got
	diff want got
}

@test "messages quote names as the host's do" {
	cd h
	cat $'no\033[31m' $'no\nline' $'no\xff' 'a b' "it's" plain 2>../want || true
	cd ..
	fsu_cat d.img --no-glob $'no\033[31m' $'no\nline' $'no\xff' 'a b' "it's" plain 2>got || true
	sed 's/^cat/fsu_cat: d.img/' want | diff - got
}
