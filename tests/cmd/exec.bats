#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_exec: the program sees the file, the image gets what it changed, and nothing is
# lost where that can't be.

load helper

setup() {
	fsu_setup
	mkdir -p h/etc tmp
	echo '127.0.0.1 localhost' >h/etc/hosts
	echo 'two words' >'h/two words'
	ln h/etc/hosts h/hard
	ln -s etc/hosts h/link
	: >h/empty
	truncate -s 3M h/hole
	echo end >>h/hole
	chmod 640 h/etc/hosts
	touch -d '2001-02-03 04:05:06 UTC' h/etc/hosts
	mkimage d.img 16M h -I 256
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
}
teardown() { fsu_teardown; }

# No copies are left.
nothing_left() {
	[ -z "$(ls -A tmp)" ]
}
# kept NAME: the one copy that is left, and that the output names
kept() {
	copy=$(find tmp -type f)
	[ "$(printf '%s\n' "$copy" | wc -l)" -eq 1 ]
	[ "${copy##*/}" = "$1" ]
	has "the changed copy is kept as $BATS_TEST_TMPDIR/$copy"
	[ "$(stat -c %a "$(dirname "$copy")")" = 700 ]
}

@test "the program sees the file" {
	s=$(sum d.img)
	[ "$(fsu_exec d.img cat /etc/hosts)" = '127.0.0.1 localhost' ]
	# what the original got wrong: it showed an empty file, and left it so
	[ "$(fsu_cat d.img /etc/hosts)" = '127.0.0.1 localhost' ]
	[ "$(fsu_exec d.img wc -c 'two words' | cut -d' ' -f1)" = 10 ]
	[ "$(fsu_exec d.img sh -c 'echo "${1##*/}"' - 'two words')" = 'two words' ]
	[ "$(fsu_exec d.img sh -c 'echo "${1##*/}"; cat "$1"' - link)" = $'link\n127.0.0.1 localhost' ]
	[ "$(fsu_exec d.img cat empty)" = '' ]
	fsu_exec d.img cmp h/hole hole
	[ "$(fsu_exec d.img stat -c '%a %Y' etc/hosts)" = '640 981173106' ]
	[ "$(fsu_exec d.img sh -c 'stat -c %a "${1%/*}"' - etc/hosts)" = 700 ]
	# the program's own options are its own
	[ "$(fsu_exec d.img printf -- '%.4s\n' /empty | cut -c1)" = / ]
	[ "$(echo in | fsu_exec d.img sh -c cat /empty)" = in ]
	[ "$(FSU_DEVICE=d.img fsu_exec cat etc/hosts)" = '127.0.0.1 localhost' ]
	[ "$(sum d.img)" = "$s" ]
	nothing_left
}

@test "what it changed goes back" {
	before=$(fsu_stat d.img -c '%i %a %h %u:%g %W' etc/hosts)
	fsu_exec d.img sed -i s/localhost/here/ etc/hosts # a new file in the copy's place
	[ "$(fsu_cat d.img hard)" = '127.0.0.1 here' ]
	fsu_exec d.img sh -c 'echo more >>"$1"' - link
	[ "$(fsu_cat d.img etc/hosts)" = $'127.0.0.1 here\nmore' ]
	[ "$(fsu_stat d.img -c '%i %a %h %u:%g %W' etc/hosts)" = "$before" ]
	fsu_exec d.img truncate -s 0 'two words'
	[ "$(fsu_stat d.img -c %s 'two words')" = 0 ]
	fsu_exec d.img truncate -s 5M empty
	[ "$(fsu_stat d.img -c %s:%b empty)" = 5242880:0 ]
	# the same length, the same time
	fsu_exec d.img sh -c 't=$(stat -c @%.Y "$1"); sed -i s/more/less/ "$1"; touch -d "$t" "$1"' - hard
	[ "$(fsu_cat d.img etc/hosts)" = $'127.0.0.1 here\nless' ]
	fsck_clean d.img
	nothing_left
}

@test "owner and attributes stay" {
	fsu_put d.img --owner=12:34 --mode=4750 -- h/empty /owned
	debugfs -w -R 'ea_set /owned user.tag value' d.img >/dev/null 2>&1
	fsu_exec d.img sh -c 'echo x >"$1"' - owned
	[ "$(fsu_stat d.img -c '%u:%g %s' owned)" = '12:34 2' ]
	debugfs -R 'ea_get /owned user.tag' d.img 2>/dev/null | grep -q value
	fsck_clean d.img
}

@test "written as it was: nothing to put back" {
	s=$(sum d.img)
	fsu_exec d.img sh -c 'cp "$1" x; cat x >"$1"; rm x; touch "$1"; chmod 777 "$1"' - etc/hosts
	[ "$(sum d.img)" = "$s" ]
	nothing_left
}

@test "the status is the program's" {
	s=$(sum d.img)
	for n in 0 1 2 3 77 124 255; do
		expect $n fsu_exec d.img sh -c "exit $n" etc/hosts
		[ -z "$output" ]
	done
	expect 137 fsu_exec d.img sh -c 'kill -9 $$' etc/hosts
	expect 143 fsu_exec d.img sh -c 'kill -15 $$' etc/hosts
	expect 127 fsu_exec d.img nosuchprogram etc/hosts
	has "fsu_exec: 'nosuchprogram': No such file or directory"
	expect 126 fsu_exec d.img ./h etc/hosts
	expect 126 fsu_exec d.img ./d.img etc/hosts
	[ "$(sum d.img)" = "$s" ]
	nothing_left
}

@test "trouble is 125" {
	for a in 'd.img' 'd.img cat' 'nosuch.img cat x' 'h cat x' 'd.img cat nosuch' 'd.img cat /' 'd.img cat etc' \
		'd.img cat etc/hosts/' 'd.img cat ..' 'd.img cat etc/..' '--nosuch d.img cat x' '-t nosuch d.img cat empty'; do
		# shellcheck disable=SC2086
		expect 125 fsu_exec $a
		[ -n "$output" ]
	done
	expect 125 fsu_exec d.img cat ''
	TMPDIR=/nonexistent expect 125 fsu_exec d.img cat empty
	expect 0 fsu_exec --help
	expect 0 fsu_exec --version
	nothing_left
}

@test "a program that fails: the changed copy is kept" {
	s=$(sum d.img)
	expect 3 fsu_exec d.img sh -c 'echo x >"$1"; exit 3' - etc/hosts
	kept hosts
	[ "$(cat "$copy")" = x ]
	rm -r tmp/*
	expect 137 fsu_exec d.img sh -c 'echo x >"$1"; kill -9 $$' - 'two words'
	kept 'two words'
	[ "$(sum d.img)" = "$s" ]
}

@test "changed in the image meanwhile: the copy is kept" {
	fsu_stat d.img -c %i:%s etc/hosts
	# the image isn't locked
	expect 125 fsu_exec d.img sh -c 'echo theirs | fsu_put -o nowait d.img - /etc/hosts; echo mine >"$1"' - etc/hosts
	kept hosts
	has 'was changed in the image meanwhile'
	[ "$(cat "$copy")" = mine ]
	[ "$(fsu_cat d.img etc/hosts)" = theirs ]
	rm -r tmp/*
	# the same length within the same tick of an image's clock
	export SOURCE_DATE_EPOCH=1700000000
	echo aaaa | fsu_put d.img - /empty
	expect 125 fsu_exec d.img sh -c 'echo bbbb | fsu_put d.img - /empty; echo mine >"$1"' - empty
	kept empty
	[ "$(fsu_cat d.img empty)" = bbbb ]
	rm -r tmp/*
	expect 125 fsu_exec d.img sh -c 'fsu_rm d.img /empty; echo mine >"$1"' - empty
	kept empty
	rm -r tmp/*
	# only read: that is no trouble
	expect 0 fsu_exec d.img sh -c 'fsu_rm d.img /hole; wc -c <"$1"' - hole
	[ "$output" = 3145732 ]
	# something else in the image may have changed, this file's mode too
	expect 0 fsu_exec d.img sh -c 'fsu_rm d.img hard; echo mine >"$1"' - etc/hosts
	[ "$(fsu_cat d.img etc/hosts)" = mine ]
	fsck_clean d.img
	nothing_left
}

@test "the image replaced, or gone, meanwhile" {
	cp d.img other.img
	s=$(sum other.img)
	expect 125 fsu_exec d.img sh -c 'mv other.img d.img; echo mine >"$1"' - etc/hosts
	has 'was replaced by another file meanwhile'
	kept hosts
	[ "$(sum d.img)" = "$s" ]
	rm -r tmp/*
	expect 125 fsu_exec d.img sh -c 'rm d.img; echo mine >"$1"' - etc/hosts
	kept hosts
}

@test "a read-only image: reading works, a change is kept outside" {
	chmod a-w d.img
	s=$(sum d.img)
	[ "$(fsu_exec d.img cat etc/hosts)" = '127.0.0.1 localhost' ]
	expect 125 fsu_exec d.img sh -c 'echo x >"$1"' - etc/hosts
	kept hosts
	rm -r tmp/*
	chmod u+w d.img
	expect 125 fsu_exec -o ro d.img sh -c 'echo x >"$1"' - etc/hosts
	kept hosts
	[ "$(sum d.img)" = "$s" ]
	rm -r tmp/*
	debugfs -w -R 'sif /etc/hosts flags 0x10' d.img >/dev/null 2>&1 # immutable
	expect 125 fsu_exec d.img sh -c 'echo x >"$1"' - etc/hosts
	kept hosts
	[ "$(fsu_cat d.img etc/hosts)" = '127.0.0.1 localhost' ]
}

@test "no room: the old content stays, the copy is kept" {
	mkimage small.img 1M h/etc
	expect 125 fsu_exec small.img sh -c 'head -c 3000000 /dev/urandom >"$1"' - hosts
	has 'No space left in the image'
	kept hosts
	[ "$(fsu_cat small.img hosts)" = '127.0.0.1 localhost' ]
	fsck_clean small.img
}

@test "the copy gone, or something else in its place" {
	s=$(sum d.img)
	expect 125 fsu_exec d.img rm etc/hosts
	has '/hosts: its copy is gone' || has 'etc/hosts: its copy is gone'
	nothing_left
	expect 125 fsu_exec d.img sh -c 'rm "$1"; ln -s /etc/passwd "$1"' - etc/hosts
	[ "$(sum d.img)" = "$s" ]
	rm -rf tmp/*
	expect 125 fsu_exec d.img sh -c 'rm "$1"; mkfifo "$1"' - etc/hosts
	[ "$(sum d.img)" = "$s" ]
	rm -rf tmp/*
	# what else it left there goes
	fsu_exec d.img sh -c 'd=${1%/*}; mkdir -p "$d/a/b"; ln -s "$PWD/h" "$d/a/l"; : >"$d/a/b/c"; chmod 0 "$d/a/b"' - empty
	nothing_left
	[ -f h/empty ]
}

@test "signals" {
	# SIGTERM goes on to the program; what it changed is kept
	fsu_exec d.img sh -c 'trap "echo got >\"$1\"; exit 0" TERM; : >ready; while :; do sleep 0.1; done' - empty 2>err &
	pid=$!
	while [ ! -e ready ]; do sleep 0.05; done
	kill -TERM $pid
	wait $pid && st=0 || st=$?
	[ "$st" -eq 143 ]
	output=$(cat err)
	kept empty
	[ "$(cat "$copy")" = got ]
	rm -r tmp/*
	# ^C: the program's alone, where it minds it
	python3 - <<-'END'
		import os, pty, time, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp('fsu_exec', ['fsu_exec', 'd.img', 'sh', '-c',
		        'trap "echo int >\\"$1\\"; exit 0" INT; echo go; while :; do sleep 0.1; done', '-', 'empty'])
		out = b''
		while b'go' not in out:
		    out += os.read(fd, 100)
		os.write(fd, b'\x03')
		try:
		    while os.read(fd, 100):
		        pass
		except OSError:
		    pass
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	[ "$(fsu_cat d.img empty)" = int ]
	nothing_left
	# ... and it ends one that doesn't
	expect 130 sh -c 'fsu_exec d.img sh -c "kill -INT \$\$" empty'
	nothing_left
}

@test "names out of a hostile image" {
	fsu_put d.img h/empty /-rf
	fsu_put d.img h/empty $'/new\nline'
	fsu_put d.img h/empty $'/bad\xff'
	fsu_put d.img h/empty "/$(printf 'n%.0s' $(seq 255))"
	for n in -rf $'new\nline' $'bad\xff' "$(printf 'n%.0s' $(seq 255))"; do
		expect 0 fsu_exec d.img sh -c 'test -f "$1" && echo "${1##*/}" && echo x >"$1"' - "/$n"
		[ "$output" = "$n" ]
		[ "$(fsu_cat d.img "/$n")" = x ]
	done
	# a link out of the image leads into the image
	ln -s /etc/passwd h/out
	ln -s ../../../../../../../../etc/passwd h/out2
	mkimage e.img 1M h/etc
	fsu_put e.img -R h/out h/out2 /
	expect 125 fsu_exec e.img cat out
	expect 125 fsu_exec e.img cat out2
	nothing_left
	fsck_clean d.img
}

@test "no copy back of a file that isn't writable for its program's user" {
	need_root
	chmod 644 d.img
	chmod 777 . tmp
	chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" 2>/dev/null || true
	as_user test -r d.img || skip "the folder is closed to others"
	expect 125 as_user fsu_exec d.img sh -c 'echo x >"$1"' - etc/hosts
	kept hosts
	[ "$(fsu_cat d.img etc/hosts)" = '127.0.0.1 localhost' ]
}

@test "in fsu_sh: the image is open again afterwards, in the same place" {
	printf 'cd etc\nexec sed -i s/127/128/ hosts\ncat hosts\npwd\n' | fsu_sh -o rw d.img >got 2>err || true
	grep -q '^128' got
	grep -q '/etc' got
	fsck_clean d.img
}
