#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_sum, judged by md5sum, sha1sum .. and cksum on the tree the image was made of.

load helper

setup() {
	fsu_setup
	mkdir h
	mktree h
	printf '%s' a >h/$'new\nline'
	printf '%s' b >h/'back\slash'
	printf '%s' c >h/$'re\rturn'
	printf '%s' d >h/$'bad\xff'
	printf '%s' e >h/'it'\''s'
	head -c 131072 /dev/urandom >h/exact
	head -c 1000001 /dev/urandom >h/big
	mkimage d.img 24M h
}
teardown() { fsu_teardown; }

# same PROGRAM ALG ARG..: streams and status as the host's PROGRAM in h.
same() {
	local host=$1 alg=$2 hs=0 fs=0
	shift 2
	(cd h && "$host" "$@") >want.out 2>want.err </dev/null || hs=$?
	fsu_sum d.img -a "$alg" "$@" >got.out 2>got.err </dev/null || fs=$?
	sed -i -e "s/^$host: //" -e "/^Try /d" -e "s/[‘’]/'/g" want.err
	sed -i -e 's/^fsu_sum: \(d\.img: \)\{0,1\}//' -e '/^Try /d' got.err
	[ $fs -ne 2 ] || fs=1
	cmp want.out got.out && diff want.err got.err && [ $hs -eq $fs ] ||
		{ echo "$host $* ($hs, $fs)"; diff want.out got.out; return 1; }
}

@test "every algorithm, as coreutils" {
	for a in md5 sha1 sha224 sha256 sha384 sha512; do
		same ${a}sum $a hello zero sub/text sub/deep/random sub/hole sym näme 'name with space' \
			exact big "it's" $'bad\xff'
		same ${a}sum $a $'new\nline' 'back\slash' $'re\rturn'
		same ${a}sum $a --tag hello $'new\nline' 'back\slash'
		same ${a}sum $a -b hello 'back\slash'
		same ${a}sum $a -bt hello
		same ${a}sum $a -z hello $'new\nline' 'back\slash'
		same ${a}sum $a --tag -z hello $'new\nline'
	done
	same cksum crc hello zero sub/text exact big sub/hole
	for n in $(seq 0 40); do head -c "$n" /dev/urandom >h/n$n; done
	mkimage d.img 24M h
	same cksum crc $(seq -f n%g 0 40)
	same sha256sum sha256 $(seq -f n%g 0 40)
}

@test "sha256 is what is meant without -a" {
	(cd h && sha256sum hello) >want
	fsu_sum d.img hello >got
	diff want got
	expect 2 fsu_sum d.img -a sha3 hello
	has sha512
	expect 2 fsu_sum d.img
	has 'missing operand'
}

@test "what can't be read" {
	same sha256sum sha256 hello nothere sub zero
	same sha256sum sha256 dangling
	same md5sum md5 hello/x
}

@test "-r: regular files below, in a fixed order" {
	fsu_sum d.img -r / >got
	(cd h && find . -type f -print0 | sed -z 's,^\.,,' | sort -z >../names &&
		sed -z 's,^/,,' ../names | xargs -0 sha256sum | sed 's,  ,  /,') | sort >want
	sort got >got.s
	diff want got.s
	fsu_sum d.img -r / | cmp - got
	cut -c67- <got | grep -v '\\' >order
	sed 's,/,\x01,g' order | LC_ALL=C sort -c
	# The list is right for the tree on the host, too.
	fsu_sum d.img -r . >list
	(cd h && sha256sum -c --quiet ../list)
	fsu_sum d.img -a md5 --tag -r sub >list
	(cd h && md5sum -c --quiet ../list)
	expect 1 fsu_sum d.img -r nothere hello
	has nothere
	has '  hello'
}

@test "-c as coreutils" {
	(cd h && sha256sum hello zero sub/text 'back\slash' $'new\nline') >h/list
	same sha256sum sha256 -c list 2>/dev/null || true
	cp h/list list
	for o in '' --quiet --status --strict --warn '--quiet --strict'; do
		# shellcheck disable=SC2086
		same_list sha256sum sha256 list $o
	done
	cp list bad
	printf '%064d  hello\n%064d  gone\njunk\n# comment\n\nshort  hello\n' 0 0 >>bad
	printf '\\%064d  bad\\escape\n' 0 >>bad
	for o in '' --quiet --status --strict --warn --ignore-missing '--warn --ignore-missing'; do
		# shellcheck disable=SC2086
		same_list sha256sum sha256 bad $o
	done
	printf '%064d  gone\n' 0 >gone
	same_list sha256sum sha256 gone --ignore-missing
	same_list sha256sum sha256 gone --ignore-missing --quiet
	same_list sha256sum sha256 gone --status
	echo junk >junk
	same_list sha256sum sha256 junk
	same_list sha256sum sha256 junk --status
	: >none
	same_list sha256sum sha256 none
	(cd h && sha1sum --tag hello 'back\slash' zero) >tag
	same_list sha1sum sha1 tag
	same_list md5sum md5 tag
	(cd h && md5sum -b hello | tr a-f A-F) >upper
	same_list md5sum md5 upper
	(cd h && md5sum hello | sed 's/  / /' && md5sum zero | sed 's/  / /') >reversed
	same_list md5sum md5 reversed
	(cd h && md5sum hello zero | sed 's/$/\r/') >crlf
	same_list md5sum md5 crlf
	same_list md5sum md5 nosuchlist
	(cd h && sha256sum hello | sed 's/hello/sub/') >dir
	same_list sha256sum sha256 dir
}

# same_list PROGRAM ALG LIST OPTION..: -c, from a file and from a pipe.
same_list() {
	local host=$1 alg=$2 list=$3 hs=0 fs=0
	shift 3
	(cd h && "$host" -c "$@" "../$list") >want.out 2>want.err || hs=$?
	fsu_sum d.img -a "$alg" -c "$@" "$list" >got.out 2>got.err || fs=$?
	sed -i -e "s/^$host: //" -e 's,\.\./,,' want.err
	sed -i -e 's/^fsu_sum: \(d\.img: \)\{0,1\}//' got.err
	cmp want.out got.out && diff want.err got.err && [ $hs -eq $fs ] ||
		{ echo "$host -c $* $list ($hs, $fs)"; diff want.out got.out; return 1; }
	[ -e "$list" ] || return 0
	(cd h && "$host" -c "$@") <"$list" >want.out 2>want.err || hs=$?
	# shellcheck disable=SC2002
	cat "$list" | fsu_sum d.img -a "$alg" -c "$@" >got.out 2>got.err || fs=$?
	sed -i -e "s/^$host: //" want.err
	sed -i -e 's/^fsu_sum: \(d\.img: \)\{0,1\}//' got.err
	cmp want.out got.out && diff want.err got.err && [ $hs -eq $fs ]
}

@test "-c without -a knows the algorithm by tag or length" {
	(cd h && md5sum hello && sha512sum zero && sha1sum --tag sub/text) >list
	expect 0 fsu_sum d.img -c list
	[ "$output" = "hello: OK
zero: OK
sub/text: OK" ]
}

@test "a list made by fsu_sum, checked by itself in a pipe" {
	fsu_sum d.img -r . | fsu_sum d.img -c --quiet
	fsu_sum d.img -r . >list
	echo other | fsu_put d.img - /hello
	expect 1 fsu_sum d.img -c --quiet list
	has 'hello: FAILED'
}

@test "options that don't go together" {
	for o in --quiet --status --warn --strict --ignore-missing '-c --tag' '-c -b' '-c -z' '-cr' \
		'-a crc -c' '-a crc --tag'; do
		# shellcheck disable=SC2086
		expect 2 fsu_sum d.img $o hello
	done
}
