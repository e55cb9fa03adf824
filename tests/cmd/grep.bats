#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_grep, judged by the host's grep on the tree that the image was made of.

load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	mkdir -p h/src/sub h/doc h/.hid
	cat >h/poem <<-'T'
		The quick brown fox
		jumps over the lazy dog.
		foo bar foobar foo_bar
		FOO Bar

		a.b*c [x] $y ^z \w
		aaa abab abcabc
		x=1; y=22; z=333
		the end of the poem, the end
		naïve Ünïcode ünïcode straße STRASSE
		int main(void) { return 0; }
	T
	seq 1 3000 >h/numbers
	: >h/empty
	printf 'no newline at the end' >h/nonl
	printf 'one\ntwo' >h/src/two
	printf 'a\0b foo\nfoo again\0foo\nlast foo\n' >h/bin
	printf 'fine foo\nbad \xff foo\nmore foo\n' >h/latin
	{ seq 1 40000; printf 'late \0 nul\n'; seq 40001 80000; } >h/latenul
	{ seq 1 40000; printf 'late \xfe byte 77\n'; seq 40001 80000; } >h/latebad
	printf 'crlf line\r\nfoo crlf\r\n' >h/crlf
	truncate -s 300000 h/hole
	printf 'foo\n' | dd of=h/hole bs=1 conv=notrunc status=none
	head -c 300000 /dev/zero | tr '\0' x >h/longline
	printf 'foo\nafter foo\n' >>h/longline
	head -c 200000 /dev/urandom >h/random
	printf 'rec one\nfoo\0rec two\0foo three' >h/zrec
	for i in $(seq 1 30); do printf 'line %d of foo\nanother\n' "$i"; done >h/src/a.c
	printf 'foo in a header\n' >h/src/b.h
	printf 'foo in sub\n' >h/src/sub/deep.c
	printf 'foo in doc\n' >h/doc/'name with space.txt'
	printf 'foo hidden\n' >h/.hid/x
	printf 'foo\n' >h/$'new\nline'
	ln -s ../doc h/src/linkdir
	ln -s ../poem h/src/link
	ln -s nowhere h/src/broken
	mkimage d.img 24M h
}
setup() {
	fsu_setup
	cd "$BATS_FILE_TMPDIR" || return 1
	unset GREP_COLORS GREP_COLOR TERM
}
teardown() { fsu_teardown; }

# same ARG..: what grep in h and fsu_grep on d.img say, sorted by lines where SORT is.
same() {
	local hs=0 fs=0 x
	(cd h && timeout 20 grep "$@") >want.out 2>want.err </dev/null || hs=$?
	fsu_grep d.img "$@" >got.out 2>got.err </dev/null || fs=$?
	sed -i -e 's/^grep: //' -e '/^warning: /d' want.err
	sed -i -e 's/^fsu_grep: \(d\.img: \)\{0,1\}//' -e 's/\\012/\n/g' got.err
	[ -z "${SORT-}" ] || for x in want.out got.out want.err got.err; do tr "\0" "\n" <$x | sort -o $x.s; mv $x.s $x; done
	cmp -s want.out got.out && cmp -s want.err got.err && [ $hs -eq $fs ] || {
		echo "[$LC_ALL] grep $* (< grep's, status $hs; > ours, $fs)"
		diff -a want.out got.out | head -n 12 | cut -c1-200 | cat -v
		diff -a want.err got.err | head -n 5
		return 1
	}
}

text='poem nonl numbers src/a.c src/two empty'

@test "expressions, basic, extended and fixed" {
	for l in C C.UTF-8; do
		export LC_ALL=$l
		for p in foo 'the' 'fo*' 'foo\|bar' '^$' '^' '$' '' '.' 'x*' '[0-9]' '[[:upper:]]' '^the' 'end$' \
			'\(a\)\1' '\(ab\)\1' 'ab\{2\}' '\(abc\)\{2\}' 'b\+' 'bar\?' 'a\.b\*c' '\[x\]' '\$y' \
			'\^z' '\\w' '\w\w\w' '\bfoo\b' '\<bar' 'bar\>' '\Bbar' 'o.*o' 'n[^a]' '[]x]' '[^]x]' \
			'[[:space:]]fox' '*a' '\(*a\)' 'a**' 'a\+*' 'x=1; y' '33*' '[a-c]bc' '^.\{5\}$' \
			'a\{0,1\}b' 'é' 'ü' 'ï.' 'aïv' 'foo
bar' '^[0-9]*7$' '{' '(void)' 'a|b' 'a+' '\/' 'a[[.b.]]' '[[=a=]]b' '\(foo\|fox\)' 'zzz' \
			'.*' 'a\{1,2\}b' '9\(9\)*' 'a.b' '^^' 'a$b' 'a^b' 'dog\.$'; do
			# shellcheck disable=SC2086
			for o in '' -i -w -x -vc; do same $o -e "$p" $text; done
			same -on -e "$p" poem
			same -Fi -e "$p" poem
			same -Fw -e "$p" poem
			same -Fx -e "$p" poem
		done
		for p in 'foo|bar' '(foo|bar)+' 'a+b' 'ab?c' '(ab)+c' 'x{2}' '3{3}' '(a|b)*c' '^(the|The)' '(a)(b)\1\2' \
			'[0-9]+' 'a{,2}b' '()' '(|foo)' 'foo$|^The' '\(void\)' '\{ return' 'a|b|c|zzz' '[a-z]+ing' \
			'lazy|qui+ck' '(quick|slow) brown' 'a+?b' '(foo)+?x' 'fo+*b' '.+=.+' '\w+' '\W' '(^|[^a])foo' \
			'naïve|ünï' 's{1}t' 'x\+' 'dog[.]$' '[[:alpha:]]+_[[:alpha:]]+'; do
			# shellcheck disable=SC2086
			for o in '' -i -w -x; do same -E $o -e "$p" $text; done
			same -Eo -e "$p" poem
			same -Ewo -e "$p" poem
		done
	done
}

@test "a backslash in front of a letter that needs none, with -i" {
	for p in '\d' 'f\oo' '[\d]og' '[]\d]\o'; do
		for o in -i -iE -ic; do same $o -e "$p" poem; done
	done
	fsu_grep d.img -i '\d\og' poem
}

@test "errors in expressions" {
	for p in '\(' 'a\{1' '[[:foo:]]' '[b-a]' 'a\' '\(a' 'a\{2,1\}'; do
		expect 2 fsu_grep d.img -e "$p" poem
		one_line
		(cd h && grep -e "$p" poem) 2>want </dev/null || true
		[ "${output#*: }" = "$(sed 's/^grep: //' want)" ] || { echo "$output"; cat want; return 1; }
	done
	expect 2 fsu_grep d.img -E '(' poem
	has 'Unmatched ( or \('
	expect 2 fsu_grep d.img '[:space:]' poem
	has 'character class syntax is [[:space:]], not [:space:]'
	expect 2 fsu_grep d.img
	expect 2 fsu_grep d.img foo
	expect 2 fsu_grep d.img -A x foo poem
	has 'invalid context length'
	expect 2 fsu_grep d.img -m x foo poem
	expect 2 fsu_grep d.img -f nofile poem
}

@test "what is printed" {
	for o in -n -c -l -L -H -h -b -o -ob -on -onb -v -vn -vc -q -s -m1 -m2 -m0 '-m 2 -c' -Z -lZ -cZ -Hn \
		-HZ -x -w '-vo' '-lv' '-Lv' '-m1 -v' '-qv' '-m -1' '-nb' '-cv' '-lc' '-oi'; do
		# shellcheck disable=SC2086
		same $o foo poem src/a.c src/b.h empty nonl
		# shellcheck disable=SC2086
		same $o foo poem
		# shellcheck disable=SC2086
		same $o foo empty nothere poem
	done
}

@test "context" {
	for o in -A1 -B1 -C1 '-A 2 -B 1' -2 -12 -A0 '-C 0' '-nA1' '-bB2' '-cA1' '-oA1' '-vA1' '-m1 -A3' '-m2 -C1' \
		'-hA1' '-HnC1' '--no-group-separator -A1' '--group-separator=XX -A1' '-lA1' '-B 1000' '-wC1' '-3 -A1'; do
		for p in foo 7 '^1' zzz; do
			# shellcheck disable=SC2086
			same $o -e "$p" poem src/a.c numbers nonl
		done
	done
}

@test "binary files, bytes that are no text, holes" {
	for l in C C.UTF-8; do
		export LC_ALL=$l
		for o in '' -c -l -L -n -o -v -a -ao -an -av -ac -I -Ic -IL -q -b -A1 -B1 -vc -m1 -i -x -w --binary-files=text \
			--binary-files=without-match -U -Fc -H; do
			for p in foo 77 '.' 'again$'; do
				# shellcheck disable=SC2086
				same $o -h -e "$p" bin latin latenul latebad hole random crlf
			done
			# shellcheck disable=SC2086
			same $o late latenul
			# shellcheck disable=SC2086
			same $o foo bin latin poem hole src/b.h
		done
	done
}

@test "long lines" {
	same -c foo longline
	same -o foo longline
	same -n after longline
	same -b after longline
	same foo longline
	same -c . longline
	same -B1 -c after longline
	same -B1 after longline
	same -v foo longline
}

@test "lines that end with NUL" {
	for p in foo rec . '^$' three 'one'; do
		for o in -z -zc -zn -zo -zv -zx -zw -zl -zA1 -zb; do
			same $o -e "$p" zrec
			same $o -e "$p" poem
			same $o -e "$p" bin
		done
	done
}

@test "patterns from files and several of them" {
	printf 'foo\nfox\n' >pats
	printf 'lazy' >pats2
	: >nopats
	printf '\n' >emptypat
	for f in pats pats2 nopats emptypat; do
		cp $f h/
		for o in '' -c -v -w -x -F -o -Fo -Fw -i; do
			# shellcheck disable=SC2086
			(cd h && grep $o -f ../$f poem numbers) >want || true
			# shellcheck disable=SC2086
			fsu_grep d.img $o -f $f poem numbers >got || true
			diff want got
			# shellcheck disable=SC2086
			fsu_grep d.img $o -f - poem numbers <$f >got || true
			diff want got
		done
		rm h/$f
	done
	same -e foo -e lazy -e the poem
	same -o -e fo -e foo -e foobar poem
	same -Fo -e fo -e foo -e foobar poem
	same -E -e 'a+' -e 'b+' -o poem
}

@test "trees" {
	export SORT=1
	for o in -r -rn -rl -rL -rc -rh -rH -R -Rl -ri -rI -ra -rZ -rlZ -rs -ro '-r --include=*.c' '-r --include=*.[ch]' \
		'-r --exclude=*.c' '-r --exclude-dir=sub' '-r --exclude-dir=s*' '-r --exclude=*.c --include=b*' \
		'-r --include=*.c --exclude=a*' '-r --include=a.c --include=b.h' '-R --exclude-dir=linkdir' \
		'-d recurse' '-r --exclude-dir=.' '-r --exclude-dir=src/'; do
		for d in . src/ 'src doc' '.hid src/a.c' src/linkdir 'src/link src'; do
			# shellcheck disable=SC2086
			same $o foo $d
		done
	done
	# Without a file: the whole image, names without "./".
	(cd h && grep -r foo) 2>/dev/null | sort >want
	fsu_grep d.img -r foo 2>/dev/null | sort >got
	diff want got
	fsu_grep d.img -rl foo / 2>/dev/null | sort >got
	(cd h && grep -rl foo . 2>/dev/null) | sed 's,^\.,,' | sort >want
	diff want got
	# Sorted by itself.
	fsu_grep d.img -rl foo src >got
	printf '%s\n' src/a.c src/b.h src/sub/deep.c | diff - got
}

@test "directories, missing and special files" {
	same foo src
	same foo src poem
	same -s foo src poem
	same -c foo src poem
	same -L foo src poem
	same -l foo src nothere
	same -q foo nothere poem
	same -q foo poem nothere
	same -d skip foo src poem
	same -s foo nothere
	same foo src/broken
	same --include='*.c' foo poem src/a.c
	same --exclude=poem foo poem src/a.c
	same --exclude='*.c' foo src/a.c poem
	same --exclude='n*' foo nothere poem
	same --include='*.c' foo nothere
	same foo src/link
	fsu_grep d.img foo 'src/*.[ch]' >got
	(cd h && grep foo src/*.[ch]) >want
	diff want got
}

@test "colours" {
	for o in '' -n -o -v -nH -A1 -c -l -b -vn -i -w -onH; do
		# shellcheck disable=SC2086
		same --color=always $o foo poem src/b.h
	done
	same --color=always '' poem
	same --color=always 'x*' poem
	same --color=always -E 'foo|$' poem
	export GREP_COLORS='mt=7:fn=34:ln=33:se=31'
	same --color=always -n foo poem src/b.h
	export GREP_COLORS='ms=1:mc=2:sl=3:cx=4:rv:ne'
	same --color=always -n -A1 foo poem crlf
	same --color=always -v -A1 foo poem
	fsu_grep d.img --color=auto foo poem | grep -q foo
	! fsu_grep d.img --color foo poem | grep -q $'\033'
}

@test "nothing is written to a reader that left" {
	fsu_grep d.img -c '' numbers >/dev/null
	run bash -c 'fsu_grep d.img . latebad numbers | head -n 1; echo "${PIPESTATUS[0]}"'
	[ "${lines[1]}" = 141 ] || [ "${lines[1]}" = 0 ]
}
