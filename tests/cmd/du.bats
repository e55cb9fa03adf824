#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_du, judged by the host's du: of a kernel mount of the image where that may be,
# else of the tree that it was made from, in what doesn't depend on the file system.

load helper
load ls

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	odd_tree t
	mkdir -p t/deep/a/b/c/d t/links
	head -c 300000 /dev/urandom >t/deep/a/b/big
	head -c 5000 /dev/urandom >t/deep/a/b/c/five
	truncate -s 3M t/deep/hole
	printf x | dd of=t/deep/hole bs=1 seek=2000000 conv=notrunc status=none
	head -c 20000 /dev/urandom >t/links/one
	ln t/links/one t/links/two
	ln -s ../deep/a t/links/dir
	ln -s .. t/links/up
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
	unset DU_BLOCK_SIZE BLOCK_SIZE BLOCKSIZE POSIXLY_CORRECT TIME_STYLE
}
teardown() { fsu_teardown; }

# same ARG..: du in the reference, and fsu_du, say the same, but for the order.
same() {
	local hs=0 fs=0
	(cd "$ref" && du "$@") >want.out 2>want.err || hs=$?
	fsu_du d.img "$@" >got.out 2>got.err || fs=$?
	sed -i -e 's/^fsu_du: \(d\.img: \)\{0,1\}/du: /' got.err
	# du has no words for the error here, and counts the link that it met first.
	sed -i -e "s/[‘’]/'/g" -e "/cannot access/s/'\$/': No such file or directory/" want.err
	sed -i 's,links/two,links/one,' want.out got.out
	for x in want.out want.err got.out got.err; do tr "\0" "\n" <$x | sort -o $x.s; mv $x.s $x; done
	cmp -s want.out got.out && cmp -s want.err got.err && [ $hs -eq $fs ] || {
		echo "du $* (< du's, status $hs; > ours, $fs)"
		diff -a want.out got.out | head -n 20 | cat -v
		diff -a want.err got.err | head -n 5
		return 1
	}
}

@test "every option, as du prints a mount" {
	[ "$ref" = m ] || skip "needs a kernel mount"
	for o in '' -a -ab -b -s -sh -c -h -k -m --si -S -aS -l -al -sL -scL '-d 0' '-d 1' '-ad 2' \
		'-a -x' -P --apparent-size '-a --apparent-size' -B1 -BM -B1M '-B 512' -BKB -BKiB \
		--inodes '--inodes -a' '--inodes -S' '--inodes -h' '-t 20000' '-a -t -4096' \
		'-a -t 4K' '--inodes -t 5' '--exclude=*.txt -a' '--exclude=deep -a' \
		'--exclude=a/b -a' '--exclude=./dir -a' '--exclude=d* -a' '-a --exclude=[a-f]*' \
		'--time -a' '--time=ctime' '--time=status -s' '--time --time-style=full-iso -a' \
		'--time --time-style=iso' '--time --time-style=+%s.%N -a' '-0a' '-c -s' '-lcS'; do
		# shellcheck disable=SC2086
		same $o
	done
}

@test "operands" {
	[ "$ref" = m ] || skip "needs a kernel mount"
	same -a deep
	same -a deep/
	same -a deep//
	same -a ./deep/a/
	same deep links a dir
	same -c deep/a deep
	same -l -c deep/a deep
	same -c links/one links/two
	same -s deep dir/sub
	same links/dir
	same -D links/dir
	same -H links/dir -a
	same -sL links
	same -sLc links/dir links/up
	same -L broken
	same -D broken
	same broken
	same missing
	same missing deep
	same -s 'b b' '*star'
	same --no-glob 'nofile*' 2>/dev/null || true
	(cd m && du -s -- *.txt) | sort >want
	fsu_du d.img -s '*.txt' | sort >got
	diff want got
}

@test "lengths and counts, as du has them for the tree itself" {
	# Directories have other lengths elsewhere.
	(cd t && find . ! -type d -print0 | du -lb0 --files0-from=- | sort -z) >want
	(cd t && find . -type d -print0 | sort -z) >dirs
	printf './lost+found\0' >>dirs
	fsu_du d.img -lab0 >got.all
	python3 - <<-E
		dirs = set(open('dirs', 'rb').read().split(b'\\0'))
		rows = open('got.all', 'rb').read().split(b'\\0')[:-1]
		rows = [r for r in rows if r.split(b'\\t', 1)[1] not in dirs]
		open('got', 'wb').write(b''.join(r + b'\\0' for r in sorted(rows)))
	E
	sort -z -o got got
	cmp want got
	(cd t && du --inodes -al | sort) >want
	fsu_du d.img --inodes -al --exclude=lost+found | sort >got
	diff want got
}

@test "each line once, sorted by name" {
	fsu_du d.img --inodes deep >got
	printf '%s\t%s\n' 1 deep/a/b/c/d 3 deep/a/b/c 6 deep/a/b 7 deep/a 9 deep >want
	cut -f2 want >w
	cut -f2 got | diff w -
}

@test "hard links count once, and every time with -l" {
	one=$(fsu_du d.img -s links | cut -f1)
	two=$(fsu_du d.img -ls links | cut -f1)
	[ $((two - one)) -ge 20 ] && [ $((two - one)) -le 24 ]
}

@test "units by the environment" {
	[ "$ref" = m ] || skip "needs a kernel mount"
	export DU_BLOCK_SIZE=1000
	same -a
	unset DU_BLOCK_SIZE
	export BLOCKSIZE=human-readable
	same -a
	unset BLOCKSIZE
	export POSIXLY_CORRECT=1
	same deep
	same -k deep
	unset POSIXLY_CORRECT
	export TIME_STYLE=full-iso
	same --time deep
	export TIME_STYLE=posix-long-iso
	same --time deep
	export TIME_STYLE=locale
	same --time deep
}

@test "-X reads patterns from a file" {
	[ "$ref" = m ] || skip "needs a kernel mount"
	printf '*.txt\nsub\n' >patterns
	(cd m && du -al -X ../patterns) | sort >want
	fsu_du d.img -al -X patterns | sort >got
	diff want got
	expect 2 fsu_du d.img -X nopatterns
	has nopatterns
}

@test "what isn't understood is status 2" {
	expect 2 fsu_du d.img -s -a
	has 'cannot both summarize and show all entries'
	expect 2 fsu_du d.img -s -d 1
	has 'conflicts with --max-depth=1'
	expect 2 fsu_du d.img -d x
	expect 2 fsu_du d.img -t -0
	expect 2 fsu_du d.img --time=x
	expect 2 fsu_du d.img --time --time-style=locale
	expect 2 fsu_du d.img -B 0x
	expect 0 fsu_du d.img -s --max-depth=0
	has 'the same as using --max-depth=0'
	expect 0 fsu_du d.img -b --inodes -s
	has ineffective
}

@test "a directory with two names is an error, not an endless walk" {
	cp d.img loop.img
	debugfs -w -R 'ln /deep /deep/a/b/again' loop.img >/dev/null 2>&1
	expect 1 timeout 20 fsu_du loop.img -s
	has damaged
}
