#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_chmod, judged by chmod.

load helper
load pair
load attr

setup() {
	fsu_setup
	attr_tree
	attr_image
	PAIR_SORT=sort # a tree has no order
}
teardown() { fsu_teardown; }

@test "octal and symbolic, files, directories, links to them" {
	for m in 0 7 644 0755 4711 2755 1777 07777 00755 00000 u+x g-w,o=r a=rx +x -x =r u=g,g=o \
		u+s g+s +t u-s,g-s a+X -X u+X-w,g+rw a= ug=rwX,o= =, , +4000 -22 =700; do
		pair chmod -v -- "$m" a b empty fifo 'sp ace' $'new\nline' sym
	done
	attr_same '%n %a'
	for m in 700 0755 4711 2755 1777 07777 00755 g+x g-w,o=r a=rx,u+w +x u=rwx,g=u,o=g \
		u+s g+s +t u-s,g-s a+X -X,u+X u+rwX,g+rw ug=rwX,o= g=,o= +4000 -22 =700; do
		pair chmod -v -- "$m" d d/sub symd/sub
	done
	attr_same '%n %a'
}

@test "what a wrong mode says" {
	before=$(sum d.img)
	for m in 888 u+q '' 77777 u a,b 'u=r w' +-z; do
		pair chmod -- "$m" a
	done
	pair chmod
	pair chmod 644
	pair chmod --reference=a
	pair chmod --reference=nofile a
	pair chmod -x --reference=a a
	[ "$before" = "$(sum d.img)" ]
}

@test "modes that look like options, and the umask" {
	for u in 000 022 027 077; do
		umask $u
		for m in -w -x -rx +w -u=rw -644 -7 -r,g+w -st; do
			pair chmod 0666 a b d
			pair chmod -v $m a b
			pair chmod -v a d $m
			pair chmod u+rwx d
		done
		attr_same '%n %a'
		pair chmod 666 a
		pair chmod -v +x a
		pair chmod -v =w a
		pair chmod -v -w -x a
	done
	umask 022
}

@test "-v, -c, -f: what is said, and what isn't there" {
	pair chmod -v 700 a b d
	pair chmod -v 700 a b d
	pair chmod -c 600 a b 'sp ace' $'new\nline'
	pair chmod -c 600 a b
	pair chmod -v 6755 a
	pair chmod 644 nofile a/x '' dangling loop d/nofile
	pair chmod -v 644 nofile a/x dangling
	pair chmod -c 644 nofile dangling
	pair chmod -f 644 nofile a/x
	pair chmod -fv 644 nofile a b
	pair chmod -v --reference=b a fifo
	pair chmod --silent --changes 700 a nofile
	attr_same '%n %a'
}

@test "-R: trees; links inside are left alone" {
	pair chmod -R u=rwX,go= d other
	pair chmod -Rv g+rX d
	pair chmod -Rc o+r d a nofile
	pair chmod -Rv 700 symd
	pair chmod -Rv 755 d/ other//
	pair chmod -R --preserve-root a+r d
	attr_same '%n %a'
	rm h/hard && fsu_rm d.img hard # who comes first isn't the same
	pair chmod -Rv go-rwx .
	attr_same '%n %a'
}

@test "-R on the root, where it is refused, and where it isn't" {
	before=$(sum d.img)
	for o in / // /. ./ ..; do
		expect 1 fsu_chmod d.img -R --preserve-root 700 "$o"
		has "it is dangerous to operate recursively on '$o'"
		has "use --no-preserve-root"
	done
	ln -s / h/toroot
	[ "$before" = "$(sum d.img)" ]
	expect 1 fsu_chmod d.img -R --preserve-root 700 / a
	[ "$(fsu_stat d.img -c %a a)" = 700 ]
	expect 0 fsu_chmod d.img -R g=u /
	[ "$(fsu_stat d.img -c '%a ' / a d/sub/deep/h)" = $'775 \n770 \n664 ' ]
	fsck_clean d.img
}

@test "-H, -L, -P and -h: which links are followed" {
	links() { fsu_stat d.img -c '%n %a' a b d/f sym d/ta other/o d/sub/dang | tr '\n' ' '; }
	expect 0 fsu_chmod d.img 644 a b d/f other/o
	fsu_chmod d.img -h 777 sym d/ta d/sub/dang
	expect 1 fsu_chmod d.img -RL 711 d
	one_line
	has "cannot operate on dangling symlink 'd/sub/dang'"
	[ "$(links)" = "a 711 b 644 d/f 711 sym 777 d/ta 777 other/o 711 d/sub/dang 777 " ]
	expect 0 fsu_chmod d.img -RP 700 d
	[ "$(links)" = "a 711 b 644 d/f 700 sym 777 d/ta 777 other/o 711 d/sub/dang 777 " ]
	expect 0 fsu_chmod d.img -Rhv 600 symd
	[ "$output" = "mode of 'symd' changed from 0777 (rwxrwxrwx) to 0600 (rw-------)" ]
	expect 0 fsu_chmod d.img -RPv 600 symd
	[ "$output" = "neither symbolic link 'symd' nor referent has been changed" ]
	expect 0 fsu_chmod d.img -RHh 755 symd
	[ "$(links)" = "a 711 b 644 d/f 755 sym 777 d/ta 755 other/o 711 d/sub/dang 755 " ]
	expect 1 fsu_chmod d.img -RH --dereference 644 d
	[ "$(links)" = "a 644 b 644 d/f 644 sym 777 d/ta 755 other/o 711 d/sub/dang 755 " ]
	expect 2 fsu_chmod d.img -RP --dereference 644 d
	has "requires either -H or -L"
	expect 0 fsu_chmod d.img -h 0 dangling
	[ "$(fsu_stat d.img -c %a dangling)" = 0 ]
	fsck_clean d.img
}

@test "immutable and append-only files refuse, the rest is done" {
	debugfs -w -R 'set_inode_field a flags 0x10' d.img 2>/dev/null
	debugfs -w -R 'set_inode_field b flags 0x20' d.img 2>/dev/null
	expect 1 fsu_chmod d.img -v 600 a b fifo
	has "changing permissions of 'a': Operation not permitted"
	has "failed to change mode of 'b' from 4755 (rwsr-xr-x) to 0600 (rw-------)"
	[ "$(fsu_stat d.img -c %a a b fifo | tr '\n' ' ')" = "644 4755 600 " ]
	expect 1 fsu_chmod d.img -f 600 a
	[ -z "$output" ]
	fsck_clean d.img
}

@test "a read-only image, patterns, time of change" {
	chmod a-w d.img
	expect 2 fsu_chmod d.img 600 a
	has "has no write permission"
	chmod u+w d.img
	expect 1 fsu_chmod d.img 600 'd/*'
	SOURCE_DATE_EPOCH=1000000000 expect 0 fsu_chmod d.img --glob 600 'd/f*' 's*e'
	[ "$(fsu_stat d.img -c '%a %Z' d/f 'sp ace' | tr '\n' ' ')" = "600 1000000000 600 1000000000 " ]
	fsck_clean d.img
}

@test "long names, a deep path, many files" {
	n=$(printf 'n%.0s' $(seq 255))
	deep=h/p
	for _ in $(seq 40); do deep=$deep/$(printf 'q%.0s' $(seq 60)); done
	mkdir -p "$deep" h/many
	: >"h/$n"
	(cd h/many && seq -f 'f%06.0f' 3000 | xargs touch)
	attr_image 8M -N 5000
	pair chmod -Rc 711 "$n" p many
	attr_same '%n %a'
}
