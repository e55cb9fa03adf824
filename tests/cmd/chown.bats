#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_chown, judged by chown (an ordinary user's under fakeroot).

load helper
load pair
load attr

setup() {
	fsu_setup
	attr_host
	attr_tree
	chmod u-s h/b # fakeroot's chown doesn't know of set-id bits
	attr_image
	PAIR_SORT=sort # a tree has no order
}
teardown() { fsu_teardown; }

@test "owners and groups by name and number" {
	for o in root daemon 1 +2 4000000000 4294967294 daemon:bin :sys 5:6 +7:+8 daemon: : '' daemon.bin .bin 3.4; do
		pair chown -v -- "$o" a d fifo 'sp ace' $'new\nline' sym symd
	done
	pair chown 0:0 a b
	pair chown -c 0:0 a b
	pair chown -c 1:0 a b
	attr_same '%n %u %g %a'
}

@test "what isn't an owner" {
	before=$(sum d.img)
	for o in nosuch :nosuch root:nosuch nosuch: 1000000: 4294967295 4294967296 99999999999999999999 \
		-1 1:2:3 nosuch.bin daemon.nosuch root.bin.sys +root '1 ' +5: x:1 +; do
		PAIR_SORT=cat pair chown -- "$o" a
		if [ -n "$PAIR_HOST" ]; then break; fi
	done
	for o in nosuch :nosuch nosuch: 1000000: 4294967295 4294967296; do
		expect 2 fsu_chown d.img "$o" a
	done
	pair chown
	pair chown 0
	pair chown --reference=a
	expect 1 fsu_chown d.img --reference=nofile a
	has "failed to get attributes of 'nofile': No such file or directory"
	expect 2 fsu_chown d.img --from=nosuch 0 a
	has "invalid user: 'nosuch'"
	[ "$before" = "$(sum d.img)" ]
}

@test "-v, -c, -f; what isn't there; --reference, --from" {
	pair chown -v 1 nofile a/x '' a b
	pair chown -c 1:1 nofile a b
	pair chown -f 1 nofile a/x
	pair chown -fv 2 nofile a
	pair chown -f 1 dangling
	pair chown -v --reference=a b d
	pair chown -v --from=2 3 a b
	pair chown -v --from=2:1 5:5 a b d
	pair chown -c --from=:5 :6 a b d
	pair chown -v --from=nosuch 1 a
	attr_same '%n %u %g'
	expect 1 fsu_chown d.img 1 dangling loop
	has "cannot dereference 'dangling': No such file or directory"
	has "cannot dereference 'loop': Too many levels of symbolic links"
}

@test "-R with -P, -H, -L, with and without -h" {
	pair chown -R 1:1 d symd
	attr_same '%n %u %g'
	pair chown -RH 2 symd
	attr_same '%n %u %g'
	pair chown -RHh 3 symd d/sub
	attr_same '%n %u %g'
	pair chown -RL --from=1 :7 other
	pair chown -hv 8:8 sym symd dangling a
	rm h/hard && fsu_rm d.img hard # who comes first isn't the same
	pair chown -RP -c 9 .
	attr_same '%n %u %g'
	pair chown -RP --dereference 1 d
	pair chown -RLf 10 d
	attr_same '%n %u %g'
}

@test "the root is refused only where that was asked for" {
	for o in / //; do
		expect 1 fsu_chown d.img -R --preserve-root 1 $o
		has "it is dangerous to operate recursively on '$o'"
	done
	fsu_ln d.img -s / toroot 2>/dev/null || { ln -s / h/toroot && fsu_put d.img -R h/toroot /; }
	expect 1 fsu_chown d.img -RH --preserve-root 1 toroot
	has "it is dangerous to operate recursively on 'toroot' (same as '/')"
	expect 0 fsu_chown d.img -R 12:34 /
	[ "$(fsu_stat d.img -c %u:%g / a dangling d/sub/deep/h | sort -u)" = 12:34 ]
	fsck_clean d.img
}

@test "set-id bits and capabilities go as Linux has them go" {
	local m want
	while read -r m want; do
		fsu_chmod d.img "0$m" a d/sub
		fsu_chown d.img 1 a d/sub
		[ "$(fsu_stat d.img -c %a a)" = "$want" ] || { echo "$m: $(fsu_stat d.img -c %a a)"; return 1; }
		[ "$(fsu_stat d.img -c %a d/sub)" = "$m" ]
		if [ "$(id -u)" -eq 0 ]; then
			chmod "$m" h/a
			chown 1 h/a
			[ "$(stat -c %a h/a)" = "$want" ]
		fi
	done <<-'EOF'
		4755 755
		6755 755
		2745 2745
		6644 2644
		1777 1777
	EOF
	debugfs -w -R 'ea_set a security.capability x' d.img 2>/dev/null
	fsu_chmod d.img 755 a
	debugfs -R 'ea_list a' d.img 2>/dev/null | grep -q capability
	fsu_chown d.img 2 a
	run debugfs -R 'ea_list a' d.img
	[[ "$output" != *capability* ]]
	fsck_clean d.img
}

@test "names of the image's own passwd and group" {
	mkdir etc
	printf 'root:x:0:0::/:/bin/sh\nbox:x:5555:77::/:/bin/sh\nbad:x:zz:1::/:\ncut:x:9\n' >etc/passwd
	printf 'wheel:x:0:\nboxes:x:77:box\n' >etc/group
	fsu_put d.img -R etc /
	expect 0 fsu_chown -o passwd=image d.img -v box: a
	[ "$output" = "changed ownership of 'a' from root:wheel to box:boxes" ]
	[ "$(fsu_stat d.img -c %u:%g a)" = 5555:77 ]
	expect 2 fsu_chown -o passwd=image d.img daemon a
	has "invalid user: 'daemon'"
	expect 2 fsu_chown d.img box a
	expect 2 fsu_chown -o passwd=image d.img bad a
	expect 2 fsu_chown -o passwd=image d.img cut a
	expect 0 fsu_chgrp -o passwd=image d.img -v wheel a
	[ "$output" = "changed group of 'a' from boxes to wheel" ]
}

@test "immutable files refuse; a name of 255 bytes; time of change" {
	n=$(printf 'n%.0s' $(seq 255))
	fsu_put d.img h/a "/$n"
	debugfs -w -R 'set_inode_field b flags 0x10' d.img 2>/dev/null
	expect 1 fsu_chown d.img -v 5:5 b "$n"
	has "changing ownership of 'b': Operation not permitted"
	has "failed to change ownership of 'b' from root:root to 5:5"
	has "changed ownership of '$n' from root:root to 5:5"
	expect 1 fsu_chown d.img :5 b
	has "changing group of 'b': Operation not permitted"
	SOURCE_DATE_EPOCH=1000000000 fsu_chown d.img 6 a
	[ "$(fsu_stat d.img -c '%u %Z' a)" = "6 1000000000" ]
	fsck_clean d.img
}
