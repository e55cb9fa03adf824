#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_stat, judged by stat, of a kernel mount where this machine can.

load helper
load ls

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	odd_tree t
	mkimage d.img 16M t || return 1
	if loop_mount d.img m; then echo m >ref; else echo t >ref; fi
}
teardown_file() {
	umount "$BATS_FILE_TMPDIR/m" 2>/dev/null || true
}
setup() {
	fsu_setup
	cd "$BATS_FILE_TMPDIR" || return 1
	ref=$(cat ref)
	files=(a 'b b' file1.txt 1.0 1.2 mode4755 mode755 mode2644 size12345 hard
		$'new\nline' $'bad\xff\xfe' $'ctl\001x' "it's" ünï link broken oddlink fifo)
	[ "$(id -u)" -ne 0 ] || files+=(chr chr2 blk)
	[ "$ref" = t ] || files+=(empty)
	# what an image and the tree that it came from have in common
	common='%a|%#a|%06a|%A|%F|%f|%g|%G|%h|%n|%N|%s|%t|%T|%u|%U|%y|%Y|%.3Y|%.Y|%10.3Y|%-15.2Yx|%015.2Yx|%5q|%8u|%-8ux|%+u|% u|%.3n|%10.2nx|%10n|%-10nx|%r|%R|%Hr,%Lr|%B|%'"'"'s'
	[ "$ref" = t ] || common="$common|%b|%i|%o|%w|%W|%x|%X|%z|%Z|%m"
	unset QUOTING_STYLE
}
teardown() { fsu_teardown; }

# same ARG..: stat and fsu_stat say the same.
same() {
	local hs=0 fs=0
	(cd "$ref" && stat "$@") >want.out 2>want.err || hs=$?
	fsu_stat d.img "$@" >got.out 2>got.err || fs=$?
	[ $hs -eq 0 ] || hs=1
	# mount point and device are not the image's
	sed -i -e "s,|$PWD/m\$,|/," -e 's/Device: [0-9]*,[0-9]*/Device: X/' \
		-e "s/[‘’]/'/g; s/cannot statx/cannot stat/" want.out want.err
	sed -i -e 's/Device: [0-9]*,[0-9]*/Device: X/' got.out
	sed -i 's/^fsu_stat: \(d\.img: \)\{0,1\}/stat: /' got.err
	if ! cmp -s want.out got.out || ! cmp -s want.err got.err || [ $hs -ne $fs ]; then
		echo "stat $* differs (< stat's, status $hs; > ours, $fs)"
		diff -a want.out got.out | head -n 10 | cat -v
		diff -a want.err got.err | head -n 5
		return 1
	fi
}

@test "formats" {
	for LC_ALL in C C.UTF-8; do
		same -c "$common" "${files[@]}"
	done
	same --format="$common" -L a link
	for z in Europe/Berlin Asia/Kolkata; do
		TZ=$z same -c '%y' "${files[@]}"
	done
	same -c '%.3Y %.0Y %.1Y %Y %.9Y %.12Y %5.1Y %010.1Y' 1.0 a 1.2
	same -c '%+s|% s|%+10s|%-+10s|%010s|%+Y|% .3Y|%+015.3Y|%-+15Yx' 1.0 a 1.2
	same -c '%N' "${files[@]}"
	same -c '%10N|%.3N' a link "it's"
	QUOTING_STYLE=c same -c '%N' "${files[@]}"
}

@test "--printf and its escapes" {
	same --printf 'a\tb\x41\101\e[0m\q\n%%%n\n' a
	same --printf 'abc\' a
	same --printf '\400\x\xz\08\"\\' a hard
	same -c 'a\nb' a
}

@test "formats that are wrong" {
	for f in %5 % '%n %' %H '%Hx %Ls %_n' %- %I '%#5I' %5% '%-%'; do
		same -c "$f" a
	done
}

@test "the default and -t" {
	[ "$ref" = m ] || skip "needs a kernel mount"
	same "${files[@]}"
	same -L a link ldir
	same -t a chr fifo 2>/dev/null || true
	fsu_stat d.img -t a chr fifo | sed 's/ / /g' | awk '{ $7 = "X"; print }' >got
	(cd m && stat -t a chr fifo) | awk '{ $7 = "X"; print }' >want
	diff want got
}

@test "-f" {
	[ "$ref" = m ] || skip "needs a kernel mount"
	same -f -c '%a %b %c %d %f %i %l %n %s %S %t %T %x' a dir .
	fsu_stat d.img -f a >got
	(cd m && stat -f a) >want
	diff want got
	[ "$(fsu_stat d.img -ft / | wc -w)" -eq 11 ]
}

@test "errors" {
	same -c %n a nosuch a/x
	same -L -c %n broken loop1
	expect 2 fsu_stat d.img
	has "missing operand"
	expect 2 fsu_stat d.img --nosuch a
	expect 1 fsu_stat d.img -f nosuch
	has "cannot read file system information for 'nosuch': No such file or directory"
}

@test "--json" {
	fsu_stat d.img --json "${files[@]}" >j
	[ "$(wc -l <j)" -eq ${#files[@]} ]
	python3 -c '
import json, sys
for line in open("j", "rb"):
    o = json.loads(line)
    assert set(o) - {"path_b64", "name_b64", "target_b64"} == {"path", "name", "type", "mode", "nlink", "uid", "gid", "user", "group", "size", "blocks", "blksize", "ino", "gen", "dev", "rdev", "flags", "atime", "mtime", "ctime", "btime", "target"}, o
    assert o["mtime"].endswith("Z") and len(o["mtime"]) == 30
'
	fsu_stat d.img --json a | grep -q '"type":"file","mode":"0644"'
	fsu_stat d.img --json 1.0 | grep -q '"mtime":"1969-12-31T23:59:59.000000000Z"'
	fsu_stat d.img -f --json / | python3 -c 'import json,sys; o = json.load(sys.stdin); assert o["fstype"] == "ext2"'
}

@test "owners by the host's files, or the image's" {
	[ "$(fsu_stat d.img -c %U:%G /)" = root:root ]
	mkdir -p own/etc
	printf 'boss:x:0:0::/:/bin/sh\n' >own/etc/passwd
	printf '# x\nstaff2:x:0:\n' >own/etc/group
	mkimage own.img 4M own
	[ "$(fsu_stat -o passwd=image own.img -c %U:%G /)" = boss:staff2 ]
	[ "$(fsu_stat own.img -c %U:%G /)" = root:root ]
	fsu_ls -o passwd=image own.img -ld / | grep -q ' boss staff2 '
	debugfs -w -R 'rm etc/group' own.img 2>/dev/null
	[ "$(fsu_stat -o passwd=image own.img -c %U:%G /)" = boss:UNKNOWN ]
}
