#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_find, byte for byte what GNU find prints but for the order.  As root, of a
# kernel mount of the same image, with everything; else of the tree that it was made
# from, without what the two cannot have in common.

load helper
load ls

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	odd_tree t
	mktree t/more
	rm t/more/longsym
	mkdir -p t/pruned/in/side
	: >t/pruned/in/file
	touch -d '2024-05-06 07:08:09' t/pruned/in/file
	mkimage d.img 16M t -I 256 || return 1
	fsu_rm d.img -r lost+found
	if loop_mount d.img m; then
		echo m >ref
	else
		echo t >ref
	fi
}
teardown_file() {
	umount "$BATS_FILE_TMPDIR/m" 2>/dev/null || true
}
setup() {
	fsu_setup
	cd "$BATS_FILE_TMPDIR" || return 1
	ref=$(cat ref)
	unset POSIXLY_CORRECT COLUMNS
}
teardown() { fsu_teardown; }
need_mount() {
	[ "$ref" = m ] || skip "needs a kernel mount"
}

# same ARG..: both print the same lines, and both succeed or fail.
same() {
	local hs=0 fs=0
	(cd "$ref" && find "$@") >want 2>want.err || hs=$?
	fsu_find d.img "$@" >got 2>got.err || fs=$?
	LC_ALL=C sort want >want.s
	LC_ALL=C sort got >got.s
	cmp -s want.s got.s || {
		echo "find $* (< the host's, > ours)"
		diff want.s got.s | cat -A
		cat got.err
		return 1
	}
	[ $((hs != 0)) -eq $((fs != 0)) ] || {
		echo "find $*: status $fs, the host's $hs"
		cat got.err
		return 1
	}
}
# each LINE..: every one, split at blanks, as an expression
each() {
	local e
	set -f
	for e in "$@"; do
		# shellcheck disable=SC2086
		same $e || { set +f; return 1; }
	done
	set +f
}

@test "names and paths" {
	each '-name *' '-name a*' '-name .*' '-name ?' '-name [a-c]' '-name *.txt' '-iname X*' \
		'-name b\ b' '-name ünï' '-name ???' '-name *\\*' '-iname *ÜN*' '-name ~*' '-name "*' \
		'-path ./dir/*' '-path *dir*' '-ipath *DIR*' '-wholename ./more/s*' '-iwholename *B' \
		'-lname *' '-lname a' '-ilname A' '-lname *where' '-name dir/sub' '-name' \
		'-name nosuch' './dir -name dir' 'dir/ -name dir' '-name .' '. -name .' './ -name .'
	same -name $'new\nline'
	same -name $'*\xff*'
	same -name 'end '
	same -name "$(printf 'n%.0s' $(seq 255))"
	LC_ALL=C each '-name *' '-name ???' '-iname *n*' '-name [!a-z]*'
}

@test "operators" {
	each '-type f -a -name a*' '-type d -o -name a' '-type d -or -name a -and -size 0' \
		'! -type f' '-not -type f' '! ! -type f' '( -type f )' '( -type f -o -type d ) -name a*' \
		'-type d , -type f' '-name a -print , -name b* -print' '-false' '-true' '-false -o -true' \
		'-true , -false' '! ( -type f , -type l )' '-type f -print -o -type d' \
		'-false -print -o -name a -print' '-name a -print -print' '! -print' \
		'( -name x' '-name x )' '( )' '-name x -o' '-o -name x' '! ' '-a -true' '-true ! )' \
		'-true -o ( -false' ')' '-foo' '-' '-name a b'
	# -quit leaves the printing of what is true; -daystart is only said
	each 'a dir -true -o -quit' 'a dir -quit' '! -daystart -mtime 1' '! -daystart -mtime -100000' \
		'! ! -daystart -mtime +1' '! -daystart -daystart -false'
	# more of one operator than a stack would like
	# shellcheck disable=SC2046
	[ "$(fsu_find d.img -name nosuch $(printf ' -o -name nosuch%.0s' $(seq 20000)) -o -name a)" = ./a ]
	# shellcheck disable=SC2046
	run fsu_find d.img $(printf '( %.0s' $(seq 5000)) -true
	[ "$status" -eq 2 ]
}

@test "types, sizes, modes, links" {
	each '-type f' '-type d' '-type l' '-type p' '-type c' '-type b' '-type s' '-type f,d' '-type l,p,d' \
		'-type q' '-type fd' '-type f,f' '-type f,' '-xtype f' '-xtype l' '-xtype d' '-xtype f,l' \
		'-L . -xtype l' '-size 0' '-size +0 -type f' '-size 1 -type f' '-size -2 -type f' '-size 12345c' \
		'-size +10000c -type f' '-size -1025c -type f' '-size 1k -type f' '-size 2k -type f' \
		'-size +1k -type f' '-size 1M -type f' '-size -1M -type f' '-size +1M -type f' '-size 1G' \
		'-size 513w -type f' '-size 3b -type f' '-size 1K' '-size x' '-size 1kk' '-size' \
		'-perm 644' '-perm 0755' '-perm -644' '-perm /111' '-perm -4000' '-perm /7000' '-perm /0' '-perm -0' \
		'-perm u=rwx,go=rx' '-perm -u+w,g+w' '-perm /u+s,g+s' '-perm -o=t' '-perm +x' '-perm +600' '-perm 888' \
		'-perm /x' '-perm -a+X' '-links 2' '-links +1' '-links -2' '-empty' '-type f -empty' '-type d -empty' \
		'-executable' '-type f -executable' '-readable' '-samefile a' '-samefile link' '-L . -samefile link' \
		'-H . -samefile link' '-samefile nosuch'
}

@test "owners" {
	each '-uid 0' '-uid +0' '-gid -5' '-uid x' '-user nosuchuser' '-group nosuchgroup'
	[ "$ref" = m ] || return 0
	each '-user root' '-user daemon' '-user 1' '-group adm' '-group 2' '-uid 4000000000' '-nouser' \
		'-nogroup' '-not -nouser'
	mkdir -p p/etc
	printf 'root:x:0:0::/:/bin/sh\nfred:x:1:9::/:\n' >p/etc/passwd
	printf 'root:x:0:\nwheel:x:2:\n' >p/etc/group
	cp d.img p.img
	fsu_put p.img -R p/etc /
	[ "$(fsu_find -o passwd=image p.img -user fred -group wheel -printf '%u %g %f')" = 'fred wheel mode755' ]
	expect 2 fsu_find -o passwd=image p.img -user daemon
	has "'daemon' is not the name of a known user"
	[ "$(fsu_find p.img -user daemon -printf '%u\n' | sort -u)" = daemon ]
}

@test "depth, pruning, where to start" {
	each '-maxdepth 0' '-maxdepth 1' '-mindepth 1' '-mindepth 2 -maxdepth 2' '-maxdepth -1' '-maxdepth x' \
		'-mindepth 99' '-depth -maxdepth 1' '-name pruned -prune -o -print' '-name pruned -prune' \
		'-depth -name pruned -prune' '-path ./dir/sub -prune -o -type f -print' '-xdev -type d' '-mount -type d' \
		'-d -type d' 'dir more' 'dir dir' 'dir/f' './dir//sub' 'more/sym' '-H more/sym -type f' 'ldir' '-H ldir' \
		'ldir/' '-P -H -L ldir' '-L ldir' '-L . -type l' '-L more' '-follow -type f' 'nosuch' 'dir nosuch' \
		'-L loop1' '-H loop1' 'dir -noleaf -ignore_readdir_race -nowarn -warn' '-O3 dir' '-D tree dir' '-- dir'
	[ "$(fsu_find d.img dir)" = "$(printf 'dir\ndir/f\ndir/sub\ndir/sub/deep dir\ndir/sub/deep dir/h\ndir/sub/g')" ]
	[ "$(fsu_find d.img dir -depth)" = "$(printf 'dir/f\ndir/sub/deep dir/h\ndir/sub/deep dir\ndir/sub/g\ndir/sub\ndir')" ]
	[ "$(fsu_find d.img dir -name sub -print -quit)" = dir/sub ]
	[ -z "$(fsu_find d.img -quit)" ]
	[ "$(fsu_find d.img -name f -quit -o -name a -printf 1)" = 1 ]
	[ "$(fsu_find d.img '/d*r' -maxdepth 0)" = /dir ]
	[ "$(fsu_find --no-glob d.img '/dir' -maxdepth 0)" = /dir ]
	expect 1 fsu_find d.img --no-glob '/d*r'
	[ "$(FSU_DEVICE=d.img fsu_find -name deep\*)" = "$(printf './dir/sub/deep dir\n./more/sub/deep')" ]
	[ "$(FSU_DEVICE=d.img fsu_find dir -name f)" = dir/f ]
	[ "$(fsu_find --image=d.img dir -name f)" = dir/f ]
	[ "$(fsu_find -L d.img ldir -name f)" = ldir/f ]
	[ "$(fsu_find -t ext2 d.img dir -name f -o -name g)" = "$(printf 'dir/f\ndir/sub/g')" ]
}

@test "regular expressions" {
	local ty r
	for ty in findutils-default ed emacs gnu-awk grep posix-awk awk posix-basic posix-egrep egrep \
		posix-extended posix-minimal-basic sed; do
		for r in './.' './[^/]+' '.*/\(a\|b\)' '.*/(a|b.*)' './f.*[0-9]+\.txt' '.*\n.*' '.*new.line' \
			'.*/a\{1\}' '.*/a{1}' '.*[[:digit:]]' '.*\.tar\.gz' './\w+' '.*ünï' '.*/[ü日].*' 'a' '.*/a$' \
			'^./a' '.*/[*{].*' '.*back.slash' "\`./a'" '.*/b\ b'; do
			same -regextype $ty -regex "$r"
			same -regextype $ty -iregex "$r"
		done
	done
	LC_ALL=C same -regex './...'
	same -regex '.*new.line' # without -regextype, . is no newline
	same -iregex '.*E'
	each '-regex [' '-regextype foo -regex x' '-regextype' '-regextype posix-extended -regex (' '-iregex ./A' \
		'-regextype posix-extended -regex ./(a|b.) -o -regextype emacs -regex ./(a|b.)'
}

# ages N TEST: the files that the host's find finds
ages() {
	# shellcheck disable=SC2086
	(cd age && find . -type f $2 "$1" 2>/dev/null) | sort
}

@test "times" {
	local s n
	mkdir -p age
	for s in 0.3 30 59 61 3599 3601 86395 86405 86465 172795 172805 259195 259205 -30 -86500; do
		touch -d "@$(date +%s.%N | awk -v s="$s" '{
			split($1, t, ".") # doubles are too short for nanoseconds
			ns = t[2] - s % 1 * 1000000000
			sec = t[1] - int(s)
			if (ns < 0) { ns += 1000000000; sec-- }
			printf "%d.%09d", sec, ns }')" "age/f$s"
	done
	n=$(($(date +%s) / 86400 * 86400))
	for s in -86401 -86400 -86399 -1 0 1 86399 86400 86401; do
		touch -d "@$((n + s))" "age/g$s"
	done
	(cd age && tar -cf ../age.tar --format=pax .)
	makefs -t ext2 -s 4m age.img age >/dev/null
	for n in 0 1 -1 +0 +1 2 -2 +2 -0 0.5 -0.5 +0.5 60 +60 -60 1.5 1440 +1440 -1440 +1439 1441 x 1x '' +; do
		for s in -mmin -mtime '-daystart -mmin' '-daystart -mtime'; do
			# ages grow: what the host's says must be the same before and after
			for _ in 1 2 3 4 5 6 7 8; do
				ages "$n" "$s" >want
				# shellcheck disable=SC2086
				fsu_find age.img . -type f $s "$n" 2>/dev/null | sort >got
				ages "$n" "$s" | cmp -s - want && break
			done
			diff want got || { echo "$s $n"; return 1; }
		done
	done
	each '-newer dir' '-newer file1.txt' '-newer link' '-H . -newer link' '-L . -newer link' '-newermm file1.txt' \
		'-newer nosuch' '-newermx dir' '-newerXX dir' '-newermt 2024-01-01' '-newermt 2024-05-06' \
		'! -newermt 2024-05-07' '-newermt @1000000000' '-newermt garbage' '-newermt'
	same -newermt '2024-05-06 07:08:08'
	same -newermt '2024-05-06 07:08:09'
	for n in '2 days ago' yesterday now tomorrow '1 May 2024' 'May 7 2024 12:00' '2024-05-06T07:08:09Z' \
		'2024-05-06 07:08:09 +0200' '2024-05-06 07:08:08.999' '2030-01-01 00:00:01' 20240506; do
		same -newermt "$n"
		TZ=America/New_York same -newermt "$n"
	done
	need_mount
	each '-anewer file1.txt' '-cnewer dir' '-newerac dir' '-newerca dir' '-newercm dir' '-amin -100' '-cmin -100' \
		'-atime +100' '-atime -1' '-ctime 0' '-used 0' '-used 1' '-used +1'
}

@test "-used counts from the change of status to the access" {
	# an image whose inodes have these times: set by debugfs
	command -v debugfs >/dev/null || skip "no debugfs"
	local d
	mkdir -p u
	for d in -1 0 1 86399 86400 86401 172800 172801; do : >"u/h$d"; done
	mkimage u.img 1M u
	for d in -1 0 1 86399 86400 86401 172800 172801; do
		printf 'sif /h%s ctime @1000000000\nsif /h%s atime @%s\n' "$d" "$d" $((1000000000 + d))
	done | debugfs -w u.img -f /dev/stdin >/dev/null 2>&1
	[ "$(fsu_find u.img -name h86400 -printf '%A@ %C@')" = '1000086400.0000000000 1000000000.0000000000' ]
	[ "$(fsu_find u.img -name 'h*' -used 1 -printf '%f ')" = 'h0 h1 h86399 ' ]
	[ "$(fsu_find u.img -name 'h*' -used 2 -printf '%f ')" = 'h86400 h86401 ' ]
	[ "$(fsu_find u.img -name 'h*' -used -1 -printf '%f ')" = 'h0 h1 h86399 ' ]
	[ "$(fsu_find u.img -name 'h*' -used +1 -printf '%f ')" = 'h172800 h172801 h86401 ' ]
	loop_mount u.img um || return 0
	for d in 0 1 2 3 +0 +1 +2 -0 -1 -2 1.5 -1.5; do
		[ "$(fsu_find u.img . -name 'h*' -used "$d" | sort)" = "$(cd um && find . -name 'h*' -used "$d" | sort)" ] || {
			umount um
			echo "-used $d"
			return 1
		}
	done
	umount um
}

@test "-printf: every directive" {
	local d k w
	for d in d f h H l m M n p P s U G u g y Y %; do
		same . -name lost+found -o ! -type d -printf "[%$d]\n"
		[ $d = s ] || same dir more/sub -type d -printf "[%$d]\n"
	done
	for d in T; do
		for k in a A b B c C d D e F g G h H I j k l m M n p r R s S t T u U V w W x X y Y z Z @ + % E N; do
			same . ! -type d -printf "[%$d$k]\n"
		done
	done
	same . ! -type d -printf '%t\n'
	TZ=America/New_York same . ! -type d -printf '%t %TZ %Tz %Tc\n'
	for w in '%10p' '%-10p|' '%.3p' '%10.3p|' '%#m' '%05m' '%6m' '%.5m' '%#10m' '%-5s|' '%12s' '%+d' '%05d' '%.3d' \
		'%5d' '%5y|' '%-5y|' '%5Y' '%12M|' '%.3M' '%30t|' '%.3T@' '%30T@' '%5Td|' '%8P|' '%8h|' '%8H' '%8l|' \
		'%-8f|' '%8u|' '%8U' '%-8G|' '%5n' 'a%%b' '\101\n' '\1012' '\\' '\c..' 'a\cb' '\0|' '\08' '\a\b\f\n\r\t\v' \
		'%Q' '%' '%5' '%T' '\q' '%p\' '\x41'; do
		same a 'b b' dir/f file1.txt link fifo mode4755 -printf "$w"'\n'
		same a dir/f file1.txt -printf "$w"
	done
	same . ! -type d -printf '%p %y %m %s %n %U %G %T@ %l\n'
	for d in . ./ more/sub more//sub more/sub/ ldir; do
		case $d in
		*sub/ | ./) same "$d" -mindepth 1 ! -type d -printf '%p|%f|%h|%P|%H|%d\n' ;;
		*) same "$d" ! -size 99 -printf '%p|%f|%h|%P|%H|%d\n' ;;
		esac
	done
	[ "$(fsu_find d.img / -maxdepth 1 -name a -printf '%p|%f|%h|%P|%H|%d')" = '/a|a||a|/|1' ]
	[ "$(fsu_find d.img / -maxdepth 0 -printf '%p|%f|%h|%P|%H|%d')" = '/|/|||/|0' ]
	[ "$(fsu_find d.img a -printf '%F')" = "$(fsu_find d.img a -fstype ext2 -printf ext2)" ]
}

@test "-printf, -ls: what only a mount can be compared in" {
	need_mount
	local d k
	for d in a b c i k t D S s; do
		[ $d = D ] || same . -printf "[%$d] %p\n"
	done
	for d in A C; do
		for k in @ + S T X c a F; do
			same . -printf "[%$d$k]\n"
		done
	done
	same . -printf '%p %y %m %s %n %U %G %T@ %A@ %C@ %i %b %k %S %l %M %u %g\n'
	same . -printf '%10i %-8b| %8k %8S %.2S %05i\n'
	# owners without a name make GNU find's columns grow by one for each
	same . ! -nouser -ls
	POSIXLY_CORRECT=1 same . ! -nouser -ls
	same a -ls
	same . -type c,b -ls
	same . -inum 2
	same . -inum +20
	fsu_find d.img . ! -nouser -fls ls.host
	fsu_find d.img . ! -nouser -ls | cmp - ls.host
}

@test "-print0, -fprint and their kin" {
	(cd "$ref" && find . -print0) | LC_ALL=C sort -z >want
	fsu_find d.img -print0 | LC_ALL=C sort -z | cmp - want
	fsu_find d.img -fprint0 got
	LC_ALL=C sort -z got | cmp - want
	fsu_find d.img -fprint one -type d -fprint two -o -fprintf three '%f\n' -o -fprint0 four
	fsu_find d.img | cmp - one
	fsu_find d.img -type d | cmp - two
	fsu_find d.img ! -type d -printf '%f\n' | cmp - three
	[ ! -s four ]
	# two actions, one file
	fsu_find d.img dir -fprintf both '1%f' -fprintf both '2%f\n'
	[ "$(head -1 both)" = 1dir2dir ]
	[ "$(fsu_find d.img a -fprint /dev/stdout -fprint /dev/stderr 2>&1 >err)" = a ]
	[ "$(cat err)" = a ]
	expect 2 fsu_find d.img a -fprint nosuch/file
	has 'nosuch/file'
	s=$(sum d.img)
	expect 2 fsu_find d.img a -fprint d.img
	has 'is the image itself'
	[ "$(sum d.img)" = "$s" ]
	expect 1 sh -c 'fsu_find d.img >/dev/full'
	expect 1 fsu_find d.img -fprint /dev/full
	fsu_find d.img / -printf '%p %p %p %p %p %p %p %p %p %p %p %p %p %p %p %p\n' | head -1 >/dev/null
}

@test "-json has the keys of the others" {
	fsu_find d.img /more/sym /more/hello -json >got
	fsu_stat d.img --json /more/sym /more/hello | cmp - got
	fsu_find d.img -json | python3 -c '
import sys, json, base64
names = set()
for line in sys.stdin:
    o = json.loads(line)
    assert o["path"].startswith("/"), o
    names.add(base64.b64decode(o["name_b64"]) if "name_b64" in o else o["name"].encode())
assert b"bad\xff\xfe" in names and b"new\nline" in names, names
print(len(names) > 50)' | grep -q True
}

@test "on a terminal names are made harmless" {
	command -v script >/dev/null || skip "no script"
	# \r\n are the terminal's
	script -qec "fsu_find d.img . -name '?esc' -o -name 'new*' -o -name ünï" /dev/null | tr -d '\r' | sort >got
	printf './?esc\n./new?line\n./ünï\n' | sort | cmp - got
}

@test "-delete" {
	cp d.img x.img
	fsu_find x.img ./more -name 'h*' -delete
	fsck_clean x.img
	[ -z "$(fsu_find x.img more -name 'h*')" ]
	fsu_find x.img ./dir /pruned -delete
	[ "$(fsu_find x.img . -path ./dir -o -path ./pruned)" = '' ]
	expect 1 fsu_find x.img more -name sub -delete
	has "cannot delete 'more/sub': Directory not empty"
	expect 2 fsu_find x.img more -name x -prune -o -delete
	has '-delete turns on -depth'
	fsu_find x.img . -delete
	[ "$(fsu_find x.img)" = . ]
	fsck_clean x.img
	cp d.img x.img
	chmod a-w x.img
	s=$(sum x.img)
	expect 2 fsu_find x.img -name a -delete
	[ "$(fsu_find x.img -name a)" = ./a ]
	[ "$(sum x.img)" = "$s" ]
	rm -f x.img
	# patterns only where they are asked for
	cp d.img x.img
	expect 1 fsu_find x.img '/mor*' -delete
	fsu_find --glob x.img '/mor*' -delete
	[ -z "$(fsu_find x.img -name more)" ]
	rm -f x.img
}

@test "-exec runs on copies" {
	export TMPDIR=$BATS_TEST_TMPDIR
	[ "$(fsu_find d.img more -name hello -exec cat {} ';')" = hello ]
	[ "$(fsu_find d.img . -type f -name 'b b' -exec sh -c 'echo "${1##*/}:$(cat "$1")"' - {} ';')" = 'b b:bb' ]
	fsu_find d.img . -type f -size -2000k -exec sha256sum {} + | sed "s|$TMPDIR.*/||" | sort >got
	(cd "$ref" && find . -type f -size -2000k -exec sha256sum {} +) | sed 's|\./.*/||;s|\./||' | sort >want
	# names with a newline are shown with a backslash, by both
	diff <(cut -c1-65 want | sort) <(cut -c1-65 got | sort)
	[ "$(wc -l <want)" -gt 50 ]
	# a test that can be false
	fsu_find d.img . -type f -size -2000k -exec grep -q ell {} ';' -print | sort >got
	(cd "$ref" && find . -type f -size -2000k -exec grep -q ell {} ';' -print) | sort >want
	diff want got
	# several in a word; the words around it
	[ "$(fsu_find d.img dir/f -exec sh -c 'test "$1" = "$2" && echo "$3"' - {}:{} {}:{} 'a b' ';')" = 'a b' ]
	# its own directory
	[ "$(fsu_find d.img dir/f -execdir sh -c 'echo $1 $(ls)' - {} ';')" = './f f' ]
	[ "$(fsu_find d.img dir -type f -execdir echo {} + | sort)" = "$(printf './f\n./g\n./h')" ]
	# order with what is printed
	[ "$(fsu_find d.img more/hello -print -exec cat {} ';' -print)" = "$(printf 'more/hello\nhello\nmore/hello')" ]
	# changes stay outside, and nothing stays behind
	s=$(sum d.img)
	fsu_find d.img more/hello -exec sh -c 'echo x >>"$1"; echo y >"$1.bak"; mkdir "$1.d"; ln -s / "$1.d/l"' - {} ';'
	[ "$(sum d.img)" = "$s" ]
	[ -z "$(find "$TMPDIR" -name 'fsu_find*')" ]
	[ -d /tmp ]
}

@test "-exec: what isn't a regular file, what fails" {
	export TMPDIR=$BATS_TEST_TMPDIR
	expect 1 fsu_find d.img more/sym -exec cat {} ';'
	has 'more/sym: not a regular file, so -exec does not run'
	[ "$(fsu_find -H d.img more/sym -exec cat {} ';')" = hello ]
	expect 1 fsu_find d.img dir -maxdepth 0 -exec ls {} +
	expect 0 fsu_find d.img more/hello -exec false ';' -print
	[ -z "$output" ]
	expect 1 fsu_find d.img more/hello -exec false {} +
	expect 0 fsu_find d.img more/hello -exec nosuchprogram {} ';' -print
	has "'nosuchprogram': No such file or directory"
	expect 1 fsu_find d.img more/hello -exec nosuchprogram {} +
	for e in '-exec' '-exec ;' '-exec cat' '-exec cat {}' '-exec cat {} {} +' '-exec {} +' '-ok cat {} +'; do
		# shellcheck disable=SC2086
		expect 2 fsu_find d.img $e
	done
	TMPDIR=/nonexistent expect 1 fsu_find d.img more/hello -exec cat {} ';'
	has 'cannot be copied'
	[ -z "$(find "$TMPDIR" -name 'fsu_find*')" ]
}

@test "-ok asks" {
	export TMPDIR=$BATS_TEST_TMPDIR
	printf 'y\nn\n' >answers
	fsu_find d.img dir -type f -name '[fgh]' -ok sh -c 'cat; cat "$1"' - {} ';' <answers >got 2>err
	[ "$(cat got)" = x ]
	grep -q '< sh ... dir/f > ? ' err
	[ "$(echo y | fsu_find d.img dir/f -okdir echo {} ';' 2>/dev/null)" = ./f ]
}

@test "a damaged image: the rest goes on, status 1" {
	command -v python3 >/dev/null || skip "no python3"
	local ino
	mkdir -p l/dir/sub l/other l/zz
	: >l/dir/sub/file
	: >l/other/file
	mkimage l.img 1M l -b 1024
	# /dir/sub's ".." stays; an entry of /dir leads to /dir again
	python3 - <<-'END'
		import subprocess, re, struct
		def db(cmd):
		    return subprocess.run(['debugfs', '-R', cmd, 'l.img'], capture_output=True, text=True).stdout
		dir_ino = int(re.search(r'Inode: (\d+)', db('stat /dir')).group(1))
		blk = int(db('bmap /dir 0').split()[0])
		with open('l.img', 'r+b') as f:
		    f.seek(blk * 1024 + 24)
		    f.write(struct.pack('<I', dir_ino))
	END
	expect 1 timeout 20 fsu_find l.img /
	has /other/file
	has /zz
	has 'l.img: /dir/sub: The file system is damaged here'
	expect 1 timeout 20 fsu_find l.img / -depth -type d
	has /zz
	expect 1 timeout 20 fsu_find -L l.img /
	has /zz
	has 'file system loop'
	# a directory whose block isn't one
	mkimage l.img 1M l -b 1024
	debugfs -w -R 'sif /dir block[0] 999999' l.img >/dev/null 2>&1
	expect 1 fsu_find l.img /
	has /dir
	has /other/file
}
