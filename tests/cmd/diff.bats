#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_diff, judged by the host's diff of the same two trees, and by patch(1) where
# it is there.

load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	mkdir -p a/lost+found a/sub/deep a/onlya 'a/sp ace' a/mix a/tt
	echo 'one' >a/f
	seq 1 200 >a/long
	echo same >a/same
	echo x >'a/n m'
	echo x >a/$'new\nline'
	echo x >a/"q'q"
	echo x >a/'d"q'
	echo x >a/'b\s'
	echo x >a/ünï
	ln -s f a/l
	ln -s same a/l2
	ln -s nowhere a/dang
	mkfifo a/p
	: >a/e
	printf 'a\0' >a/bin
	printf 'a\0' >a/bin2
	printf 'no newline' >a/nn
	printf 'x\ny\n' >a/nn2
	echo deep >a/sub/deep/x
	echo only >a/only
	printf 'a  b\n\nC\tD\n tail \n' >a/blanks
	head -c 600000 /dev/urandom >a/big
	cp -a a b
	echo 'two' >b/f
	sed -i -e '3d' -e '50s/.*/fifty/' -e '53a\inserted' -e '100,110d' -e '199a\x' b/long
	echo y | tee 'b/n m' b/$'new\nline' b/"q'q" b/'d"q' b/'b\s' b/ünï >/dev/null
	rm b/l
	ln -s same b/l
	echo content >b/e
	printf 'b\0' >b/bin
	printf 'no newline\nbut more' >b/nn
	printf 'x\ny' >b/nn2
	echo changed >b/sub/deep/x
	rm -r b/only b/onlya b/mix b/tt
	mkdir b/onlyb
	echo file >b/mix
	ln -s onlyb b/tt
	printf 'a b\n\n\nc d\n tail\n' >b/blanks
	printf x | dd of=b/big bs=1 seek=500000 conv=notrunc status=none
	find a b -exec touch -h -d '2024-05-06 07:08:09' {} +
	makefs -t ext2 -s 8m ia.img a
	makefs -t ext2 -s 8m ib.img b
	mkdir ra && makefs -t ext2 -s 16m ea.img ra
}
setup() {
	fsu_setup
	cd "$BATS_FILE_TMPDIR" || return 1
}
teardown() { fsu_teardown; }

# same ARG.. PATH: diff of a/PATH and b/PATH, and both of fsu_diff's ways.
same() {
	local path=${!#} hs=0 fs=0
	set -- "${@:1:$#-1}"
	(cd a && LC_ALL=$LC_ALL diff "$@" "$path" "../b/$path") >want.out 2>want.err || hs=$?
	(cd a && fsu_diff ../ia.img "$@" "$path" "../b/$path") >got.out 2>got.err || fs=$?
	check "$*" $hs $fs
	(cd a && fsu_diff ../ia.img --to=../ib.img "$@" "$path" "/$path") >got.out 2>got.err || fs=$?
	sed -i -e "s,\.\./b/,/,g" want.out want.err
	[ "$path" != . ] || sed -i -e 's,/\./,/,g' want.out want.err got.out got.err
	check "$* --to" $hs $fs
}
check() {
	sed -i 's/^diff: //' want.err
	sed -i -e 's/^fsu_diff: \(\.\.\/i[ab]\.img: \)\{0,1\}//' -e 's/\\012/\n/g' got.err
	cmp -s want.out got.out && cmp -s want.err got.err && [ "$2" -eq "$3" ] || {
		echo "diff $1 (< diff's, status $2; > ours, $3)"
		diff -a want.out got.out | head -n 20
		diff want.err got.err
		return 1
	}
}

@test "two files, every format" {
	for f in f long e nn nn2 bin big same blanks sub/deep/x 'n m' $'new\nline' "q'q" 'd"q' 'b\s' ünï l; do
		for o in '' -u -c '-U 0' '-U 1' '-C 1' '-U 100' -q -s -qs -a -N --normal -d -w -b -B -i -Z -uB -uw -qB -qw \
			--unified --unified=2 --context=0 '--label=A --label=B -u' '-L x -c' -iwB; do
			case $o$f in *a*big) continue ;; esac
			# shellcheck disable=SC2086
			same $o "$f"
		done
	done
}

@test "two trees" {
	for o in '' -r -rq -rs -rqs -ru -rc -rN -ruN -rqN -N -q -s '-r --no-dereference' '-rq --no-dereference' \
		'-r -x sub' '-rq -x l*' -ra -rw -riB '--no-dereference -s' \
		'-r -u' '-u -r -U1' '-rx l*' '-rxl* --unified=1' '-xl* -r --context'; do
		case $o in *a*) continue ;; esac
		# shellcheck disable=SC2086
		same $o .
		# shellcheck disable=SC2086
		same $o sub
	done
}

@test "a file and a directory, missing ones" {
	for args in 'f ../b' 'sub/deep/x ../b/sub/deep' 'sub ../b/f' '. ../b/f' 'nothere ../b/f' 'f ../b/nothere' \
		'-N f ../b/nothere' '-N nothere ../b/f' '-uN nothere ../b/f' '-N nothere ../b/nothere' 'sub ../b/nothere' \
		'-N sub ../b/f' '-N sub ../b/nn' '-N f ../b/sub' 'sub/ ../b/sub/' '-r ./sub/ ../b//sub' '-rN sub ../b/nothere'; do
		hs=0 fs=0
		# shellcheck disable=SC2086
		(cd a && diff $args) >want.out 2>want.err || hs=$?
		# shellcheck disable=SC2086
		(cd a && fsu_diff ../ia.img $args) >got.out 2>got.err || fs=$?
		check "$args" $hs $fs
	done
}

@test "changes of every kind: the way is right, and as diff's" {
	command -v patch >/dev/null || skip "no patch(1)"
	python3 - <<-'E'
		import os, random
		random.seed(7)
		os.makedirs('ra', exist_ok=True); os.makedirs('rb', exist_ok=True)
		words = ['alpha', 'beta', '', '}', '{', 'gamma delta', 'return 0;', 'x']
		for i in range(150):
		    n = random.choice([0, 1, 5, 30, 200])
		    pool = words if i % 2 else ['line %d' % k for k in range(400)]
		    a = [random.choice(pool) for _ in range(n)]
		    b = list(a)
		    for _ in range(random.randint(0, 12)):
		        k = random.randint(0, len(b))
		        if random.random() < .4: b[k:k + random.randint(0, 6)] = []
		        else: b[k:k] = [random.choice(pool) for _ in range(random.randint(1, 5))]
		    for d, t in (('ra', a), ('rb', b)):
		        s = '\n'.join(t) + ('\n' if t and random.random() < .9 else '')
		        open('%s/%03d' % (d, i), 'w').write(s)
	E
	makefs -t ext2 -s 16m ra.img ra
	fsu_diff ra.img -ru . rb >got || true
	rm -rf patched && cp -r ra patched
	(cd patched && patch -s -p0 --posix -r - <../got 2>&1 | head) || true
	mkdir -p x && rm -rf x/* && cp -r ra x/w
	(cd x/w && sed -e 's,^--- \./,--- ,' -e 's,^+++ rb/,+++ ,' ../../got | patch -s -p0)
	diff -r x/w rb
	# As short as diff's.
	diff -ru ra rb >want || true
	ours=$(grep -c '^[-+]' got) theirs=$(grep -c '^[-+]' want)
	[ "$ours" -le $((theirs + theirs / 50)) ] || { echo "$ours lines, diff's $theirs"; return 1; }
}

@test "large files with little in common end soon" {
	awk 'BEGIN { srand(1); for (i = 0; i < 100000; i++) print int(rand() * 1000) }' >ra/large
	awk 'BEGIN { srand(2); for (i = 0; i < 100000; i++) print int(rand() * 1000) }' >rb.large
	makefs -t ext2 -s 32m large.img ra
	fsu_diff large.img -u /large rb.large >got && return 1
	cp ra/large x.large
	patch -s x.large got
	cmp x.large rb.large
	rm ra/large
}

@test "--meta" {
	rm -rf ma mb && mkdir -p ma/d ma/lost+found
	chmod 700 ma/lost+found
	echo x >ma/f
	echo x >ma/g
	ln ma/g ma/h
	ln -s f ma/l
	touch -h -d '2020-01-01 UTC' ma ma/*
	cp -a ma mb
	makefs -t ext2 -s 1m ma.img ma
	expect 0 fsu_diff ma.img -r --meta / mb
	[ -z "$output" ]
	chmod 600 mb/f
	touch -d '2021-01-01 UTC' mb/g
	rm mb/h && echo x >mb/h && touch -d '2020-01-01 UTC' mb/h
	chmod 700 mb/d
	touch -d '2020-01-01 UTC' mb/d mb
	expect 1 fsu_diff ma.img -r --meta / mb
	has 'Metadata of /f and mb/f differ: mode 0644 0600'
	has 'Metadata of /g and mb/g differ: mtime 2020-01-01T00:00:00.000000000Z 2021-01-01T00:00:00.000000000Z, links 2 1'
	has 'Metadata of /d and mb/d differ: mode 0755 0700'
	has 'Metadata of /h and mb/h differ: links 2 1'
	[ "${#lines[@]}" -eq 4 ]
	expect 0 fsu_diff ma.img -r / mb
	if setfattr -n user.k -v v mb/l2 2>/dev/null || setfattr -n user.k -v v mb/f 2>/dev/null; then
		expect 1 fsu_diff ma.img --meta /f mb/f
		has 'mode 0644 0600, xattr user.k'
	fi
}

@test "an image with itself, and with a damaged one" {
	expect 0 fsu_diff ia.img -r --no-dereference -x p --to=ia.img / /
	[ -z "$output" ]
	cp ia.img loop.img
	debugfs -w -R 'ln /sub /sub/deep/again' loop.img >/dev/null 2>&1
	cp -r a/sub s2 && mkdir -p s2/deep/again/deep/again
	expect 2 timeout 20 fsu_diff loop.img -r /sub s2
	has 'recursive directory loop'
	rm -r s2
}

@test "usage" {
	expect 2 fsu_diff ia.img f
	expect 2 fsu_diff ia.img -u -c f b/f
	has conflicting
	expect 2 fsu_diff ia.img -U x f b/f
	expect 2 fsu_diff ia.img --to=nofile f f
	expect 2 fsu_diff ia.img f b/f b/f
}

@test "a symlink of the host's tree that leads out of it is followed, as by diff" {
	mkdir in out tree
	echo x >in/f
	ln -s f in/l
	cp in/f tree/f
	echo x >out/f
	ln -s ../out/f tree/l
	mkimage out.img 1M in
	expect 0 fsu_diff out.img -r --exclude=lost+found / tree
	echo y >out/f
	expect 1 fsu_diff out.img -rq --exclude=lost+found / tree
	has "differ"
}

@test "a symlink that leads nowhere is named where only one tree has it" {
	mkdir da db
	echo x >da/f
	cp -p da/f db/f
	ln -s nowhere da/l
	ln -s loop db/loop
	mkimage da.img 1M da
	fsu_rm da.img -r lost+found
	diff -r da db | sed 's|da|/|' >want
	expect 1 fsu_diff da.img -r / db
	printf '%s\n' "$output" >got
	diff want got
}
