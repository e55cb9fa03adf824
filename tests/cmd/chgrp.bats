#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_chgrp, judged by chgrp (an ordinary user's under fakeroot).

load helper
load pair
load attr

setup() {
	fsu_setup
	attr_host
	attr_tree
	chmod u-s,g-s h/b
	attr_image
	PAIR_SORT=sort
}
teardown() { fsu_teardown; }

@test "groups by name and number, and what isn't one" {
	for g in bin 0 +5 4000000000 '' nosuch +bin 4294967295 bin: :bin 1.2; do
		pair chgrp -v -- "$g" a d 'sp ace' $'new\nline' sym
	done
	pair chgrp
	pair chgrp 0
	pair chgrp -c 7 a b nofile
	pair chgrp -fv 8 a b nofile
	pair chgrp -v --reference=a b d
	attr_same '%n %u %g'
}

@test "-R, and links" {
	pair chgrp -R 1 d symd
	attr_same '%n %u %g'
	pair chgrp -RHc 2 symd
	pair chgrp -hc 3 sym symd dangling
	pair chgrp -RHh 4 symd
	pair chgrp -RLf 5 d
	pair chgrp -RP --dereference 5 d
	attr_same '%n %u %g'
	expect 1 fsu_chgrp d.img -R --preserve-root 1 /
	has "it is dangerous to operate recursively on '/'"
	expect 0 fsu_chgrp d.img --from=:5 9 a b d
	[ "$(fsu_stat d.img -c %g d)" = 9 ]
	fsck_clean d.img
}
