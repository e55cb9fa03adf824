#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_ls, byte for byte what GNU ls prints.  As root, of a kernel mount of the same
# image, with everything; else of the tree that it was made from, without what the
# two cannot have in common (blocks, sizes of directories, inode numbers).

load helper
load ls

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	odd_tree t
	mkimage d.img 16M t || return 1
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
	unset LS_COLORS COLUMNS TABSIZE QUOTING_STYLE TIME_STYLE BLOCK_SIZE LS_BLOCK_SIZE
	export TERM=xterm
}
teardown() { fsu_teardown; }

# each WORD-LIST..: every one, split at blanks, as ls's arguments.
each() {
	local o
	for o in "$@"; do
		# shellcheck disable=SC2086
		same_ls "$ref" $o || return 1
	done
}
need_mount() {
	[ "$ref" = m ] || skip "needs a kernel mount"
}
locales() {
	for LC_ALL in C C.UTF-8; do
		each "$@" || return 1
	done
}

@test "names, which and in which order" {
	# . and .. have what is outside of the image
	locales "" -1 -A -B -r -X -v -vr '-v -A' --sort=width \
		--sort=ext --sort=version -R -RF -d '-d .' '-d . dir' '-a empty' \
		'-I *.txt' '-I f*' '-I *' '--hide=*.txt' '--hide=f* -A' '--hide=.* -A' \
		'-A -I .*' --group-directories-first '--group-directories-first -r' \
		'--group-directories-first -X'
	ANY_ORDER=y locales -U --sort=none '-f dir' '-fA empty'
}

@test "columns, across, commas" {
	locales -C -x -m -CF -xF -mF '-C -A' -CR -mR --format=across --format=commas \
		--format=vert '-w 0 -C' '-w 1 -C' '-w 3 -C' '-w 40 -C' '-w 132 -C' \
		'-w 200 -x' '-w 300 -C' '-w 40 -m' '-w 0 -m' '-w 0 -x' '-T 4 -C' \
		'-T 0 -C' '-T 1 -C' '-T 3 -x' '-w 200 -CF' '-w 200 -CQ' -Cr -xr
	COLUMNS=50 locales -C -m
	COLUMNS=0 locales -x
	TABSIZE=5 locales -C
	COLUMNS=x locales -C
	TABSIZE=x locales -C
}

@test "quoting in ten styles" {
	for qs in literal locale shell shell-always shell-escape shell-escape-always \
		c c-maybe escape clocale; do
		for x in '' -C -m -F -CF -p --file-type '-C --file-type' -q -Cq \
			--show-control-chars '-w 300 -C' '--color -C' 'd:colon a'; do
			locales "--quoting-style=$qs $x"
		done
		QUOTING_STYLE=$qs locales ""
	done
	locales -Q -b -q -N -Qb -bN -CQ -Cb -Cq -CN '--zero' '--zero -C' '--indicator-style=none' \
		--indicator-style=slash --indicator-style=classify \
		--indicator-style=file-type '-F --file-type' -p --file-type
}

@test "on a terminal" {
	script -qec true /dev/null >/dev/null 2>&1 || skip "script(1) gets no terminal here"
	for o in "" -l -F -N; do
		# the same window for both
		(cd "$ref" && script -qec "stty cols 70; ls -I d -o $o | cat; ls $o dir empty q* i* n*" /dev/null) >want 2>&1
		script -qec "stty cols 70; (cd $ref; ls -I d -o $o) | cat; fsu_ls d.img $o dir empty 'q*' 'i*' 'n*'" /dev/null >got 2>&1
		[ "$ref" = m ] || sed -i '/^total\|^d/d' want got
		cmp want got || { diff want got | cat -v | head -n 20; false; }
	done
}

@test "long listings: every field" {
	need_mount
	locales -l -lA -ln -lg -lo -lG -loh -lh -lsh -ls -lsk -s -sk -i -li -lis \
		-Ci -Cs -Cis -mi -ms -mis -xs -lF -lp '-l --file-type' -lQ -lb -lq -lN \
		-lr -t -lt -ltr -lc -lu -ltc -ltu -c -u -S -Sr -lS -lSr --sort=size '--group-directories-first -S' -lX -lv -lvr -lR -lRA -lB \
		-ld -H -k -lk --si '-l --si' -lhs '-ls --si' --full-time '--author' \
		'-l --author' '-lG --author' '-lgG' '-l --zero' '-1l' '-l1' '-lC' '-Cl' \
		-g1 '-l --group-directories-first' --sort=time --format=long --format=verb \
		'-lt --time=birth' '-l --time=birth' '-l --time=ctime' '--time=access -l'
}

@test "long listings of files, by the tree that they came from" {
	for o in -l -ln -lo -lg -lG -lh '-l --si' -lr -lF -lS '-l --author' '-l --block-size=K'; do
		# shellcheck disable=SC2086
		same_ls t $o file1.txt file2.txt 1.0 1.2 1.10 a.b.c broken fifo mode755 caps mode4755 \
			mode4644 mode2755 mode2644 a hard 'b b' link
	done
}

@test "times" {
	for s in iso long-iso full-iso locale +%s '+%Y%j%a-%N' + $'+old %F\nnew %T' \
		'+%H  %z %:z %::z %:::z %N %3N %-N %_N %e %-d %_d %y %G-%V %p %s %%'; do
		for TZ in UTC Europe/Berlin Asia/Kolkata; do
			export TZ
			same_ls "$ref" -l "--time-style=$s" file1.txt file2.txt 1.0 1.2 1.10 a.b.c
		done
	done
	TIME_STYLE=long-iso same_ls "$ref" -l file1.txt 1.10
	TIME_STYLE=+%y same_ls "$ref" -l file1.txt 1.10
}

@test "units" {
	need_mount
	locales '--block-size=K -l' '--block-size=M -ls' '--block-size=1K -ls' \
		'--block-size=KB -ls' '--block-size=KiB -ls' '--block-size=512 -ls' \
		'--block-size=human -ls' "--block-size='1 -l" '--block-size=MiB -s' \
		'--block-size=3 -ls' '--block-size=si -ls'
	BLOCK_SIZE=2048 each -ls
	BLOCKSIZE=512 each -ls
	LS_BLOCK_SIZE=kB each -ls
	POSIXLY_CORRECT=1 each -s -sk
}

@test "colours" {
	locales --color '--color -C' '--color -CF' --color=auto '--color -R' '--color -m' \
		'--color -x' '--color -L link ldir' '--color=never'
	if [ "$ref" = m ]; then
		locales '--color -l' '--color=always -lR' '--color -ls' '--color -li'
	fi
	LS_COLORS='no=00;37:fi=35:ln=target:or=40;31:mi=01;05;37:*.txt=32:*.tar.gz=36:mh=44;37:ca=30;41:ec=\e[0m'
	export LS_COLORS
	# Debian's ls is built without capabilities.
	each '--color -I caps' '--color -C -I caps' '--color -m -I caps' '--color -w 20 -1 -I caps'
	[ "$ref" = t ] || ! getcap t/caps | grep -q . ||
		fsu_ls d.img --color caps | grep -q '\[30;41mcaps'
	LS_COLORS='ln=01;36:*.TXT=^[31:*.gz=\x33\063:ex=:di=0:su=0:tw=00' each --color '--color -F'
	LS_COLORS='lc=<:rc=>:ec=!:rs=R:cl=%' each --color '--color -w 20 -1'
	LS_COLORS='zz=1' same_ls "$ref" --color
	LS_COLORS='di' same_ls "$ref" --color
	unset LS_COLORS
	TERM=dumb each --color
	TERM=dumb COLORTERM=y each --color
}

@test "symlinks" {
	locales '-1L -I broken -I loop* -I oddlink' '-F link' '-F ldir' '-CF ldir' '-p ldir' \
		ldir ldir/ '-H ldir' '-d ldir' '-Hd ldir' broken '-H broken' '-L broken' \
		loop1 '-L loop1' '-d loop1' '-F loop1'
	# What can't be asked has time 0: in front of what is older.
	[ "$(fsu_ls d.img -tL -I 'loop*' -I oddlink 2>/dev/null | tail -n 3 | tr '\n' ' ')" = 'broken 1.0 1.2 ' ]
	need_mount
	locales '-l ldir' '-lH ldir' '-lHd ldir' '-l ldir/' '-l broken' '-lL broken' \
		'-l loop1' '-lL link ldir' '-lR ldir' '-LR dir' '--color -l broken link'
	ANY_ORDER=y locales -lL -L '-L --color' '-lL --color' '-iL' -iU -iU1 -iUC -iUs
}

@test "operands: their order, headers, and errors" {
	locales dir 'a dir' 'a dir empty' '-R dir' '-R dir empty' '-d dir a' nosuch \
		'nosuch a' 'nosuch a nosuch2 dir' 'd:colon a' '-R d:colon' '-b d:colon a' \
		'a a a' 'zz a dir yy' '-U mode755 a' 'a/' 'a/b' '-R dir/' 'dir//' '-d dir//' \
		'-r a dir empty mode755' 'dir/sub dir'
	need_mount
	locales '-l a dir' '-l a mode755 dir' '-l nosuch' '-S size12345 mode755 size2000000' \
		'-t a mode755 dir' '-l dir//' '-l chr' '-l chr mode755' '-l chr2 blk a size1024'
}

@test "collation and months of other locales" {
	command -v localedef >/dev/null && [ -e /usr/share/i18n/locales/de_DE ] ||
		skip "no locale sources"
	mkdir -p loc
	for l in de_DE fr_FR en_US; do
		[ -e loc/$l.UTF-8 ] || localedef -i $l -f UTF-8 "$PWD/loc/$l.UTF-8"
	done
	[ -e loc/de_DE.ISO-8859-1 ] || localedef -i de_DE -f ISO-8859-1 "$PWD/loc/de_DE.ISO-8859-1"
	export LOCPATH=$PWD/loc LC_MESSAGES=C
	unset LC_ALL
	for l in de_DE.UTF-8 fr_FR.UTF-8 en_US.UTF-8 de_DE.ISO-8859-1; do
		{ export LC_CTYPE=$l LC_COLLATE=$l LC_TIME=$l; } 2>/dev/null
		LC_ALL='' each '-I *[!a-zA-Z0-9.-]*' '-r -I *[!a-zA-Z0-9.-]*' '-X -I *[!a-zA-Z0-9.-]*' -v \
			'-lgo file1.txt file2.txt 1.10 a.b.c' '-lgo --time-style=+%b-%B file1.txt' \
			"-l --block-size='1 size1024 size2000000" '-C -I *[!a-zA-Z0-9.-]*'
	done
}

@test "ns times, 64-bit seconds and large sizes" {
	rm -rf n n.img
	mkdir n
	touch -d '2038-01-19 03:14:08.000000001 UTC' n/late
	touch -d '2400-01-01 00:00:00.999999999 UTC' n/later
	touch -d '1955-05-05 05:05:05.5 UTC' n/early
	touch -d '2020-02-02 02:02:02.123456789 UTC' n/now n/now2
	touch -d '2020-02-02 02:02:02.123456788 UTC' n/now1
	truncate -s 5000000000 n/big
	touch -d '2020-02-02 02:02:03 UTC' n/big
	makefs -t ext2 n.img n
	for o in '--full-time -go' '-t' '-tr' '-lgot' '-lgoS' '-lgoh' '-lgo --time-style=+%s.%N'; do
		# shellcheck disable=SC2086
		(cd n && ls $o | grep -v ^total) >want
		fsu_ls n.img -I lost+found $o | grep -v ^total >got
		diff want got
	done
}

@test "ACL mark, capabilities" {
	need_mount
	(cd t && ls -ld mode755) | grep -q '^-rwxr-xr-x+' || skip "no ACLs on this file system"
	fsu_ls d.img -l mode755 | grep '^-rwxr-xr-x+'
	fsu_ls d.img -ld dir | grep '^drwxr-xr-x+'
	each '-ld mode755 a dir' '-l mode755' '-l a'
}

@test "JSON: an object a line, in every case" {
	fsu_ls d.img -A --json >j
	[ "$(wc -l <j)" -eq "$(ls -A -b t | wc -l)" ]
	python3 - t <<-'END'
		import base64, json, os, sys
		t = os.fsencode(sys.argv[1])
		seen = set()
		for line in open('j', 'rb'):
		    o = json.loads(line)
		    name = base64.b64decode(o['name_b64']) if 'name_b64' in o else o['name'].encode()
		    st = os.lstat(os.path.join(t, name))
		    seen.add(name)
		    assert o['mode'] == '%04o' % (st.st_mode & 0o7777), o
		    assert o['uid'] == st.st_uid and o['gid'] == st.st_gid and o['nlink'] == st.st_nlink, o
		    assert o['mtime'].startswith(__import__('time').strftime('%Y-%m-%dT%H:%M:%S.', __import__('time').gmtime(int(st.st_mtime // 1)))), o
		    if o['type'] == 'symlink':
		        assert o['target'].encode() == os.readlink(os.path.join(t, name)), o
		    elif o['type'] == 'file':
		        assert o['size'] == st.st_size, o
		assert seen == set(os.listdir(t)), seen ^ set(os.listdir(t))
	END
	expect 1 fsu_ls d.img --json nosuch
	one_line
	fsu_ls d.img -R --json dir | grep -q '"path":"/dir/sub/deep dir/h"'
}

@test "file flags" {
	cp d.img f.img
	debugfs -w -R 'sif a flags 0x10' f.img 2>/dev/null
	debugfs -w -R 'sif mode755 flags 0x60' f.img 2>/dev/null
	fsu_ls f.img -lO a mode755 mode644 | awk '{print $5, $NF}' >got
	grep -q 'schg a$' got
	grep -q 'sappnd,nodump mode755$' got
	fsu_ls f.img -O a | grep -qx a
}

@test "usage" {
	for o in --sort=x --color=x --time-style=x '-w x' '-T x' --block-size=x --block-size=0 \
		--quoting-style=x --format=x --indicator-style=x --time=x --nosuch -Y --sort=; do
		case $o in --time-style*) o="-l $o" ;; esac
		# shellcheck disable=SC2086
		expect 2 fsu_ls d.img $o
		has "Try 'fsu_ls --help'"
	done
	expect 2 fsu_ls
	expect 0 fsu_ls --help
	has --group-directories-first
}

@test "output that can't be written" {
	[ -e /dev/full ] || skip "no /dev/full"
	expect 1 sh -c 'fsu_ls d.img -lR >/dev/full'
	has "No space left on device"
	(fsu_ls d.img -lRa -w1000 $(printf 'dir %.0s' $(seq 500)) || echo $? >st) | head -n 1 >/dev/null
	[ "$(cat st)" -eq 141 ]
}

@test "random names" {
	rm -rf r r.img
	python3 - <<-'END'
		import os, random
		random.seed(5)
		parts = [b'a', b'b', b'1', b'0', b'9', b'~', b'.', b'-', b'_', b"'", b'"', b' ', b'\n', b'\\',
		    b'\x01', b'\xff', b'\xc3\xa9', b'\xe4\xb8', b'$', b'{', b'?', b'=', b':', b'@', b'*',
		    b'\x7f', b'\xe6\x97\xa5', b'\xcc\x81', b'\xc2\x80', b'\xe2\x80\xa8', b'\xf0\x9f\x98\x80',
		    b'!', b'%', b'^', b'A', b'tar', b'gz', b'rc', b'\t', b'\x1b', b'|', b'#', b'}']
		os.mkdir('r')
		for i in range(400):
		    name = b''.join(random.choice(parts) for _ in range(random.randint(1, random.choice([2, 4, 9, 30]))))
		    # GNU ls 9.1 misquotes such names that end in what can't be printed
		    if b"'" in name and name[-1:] not in b'ab1A09z':
		        name += b'a'
		    path = os.path.join(b'r', name)
		    if name in (b'.', b'..') or os.path.lexists(path) or len(name) > 255:
		        continue
		    if random.random() < .1:
		        os.symlink(name + b'x', path)
		    elif random.random() < .1:
		        os.mkdir(path)
		    else:
		        open(path, 'w').close()
		        os.chmod(path, random.choice([0o644, 0o755]))
	END
	cp d.img keep.img
	mkimage d.img 8M r
	fsu_rm d.img -r lost+found
	ref=r
	bad=
	for qs in literal locale shell shell-always shell-escape shell-escape-always c c-maybe escape clocale; do
		for x in '' -C -F -CF -q -Cq -m --file-type '--color -x'; do
			locales "--quoting-style=$qs $x" || bad=1
		done
	done
	locales -v -vr -X -A -Av --sort=width '--sort=width -C' -RF '-w 200 -C' || bad=1
	mv keep.img d.img
	[ -z "$bad" ]
}

@test "directories that an image has twice, or below themselves" {
	mkdir -p cyc/a cyc/b
	mkimage cyc.img 1M cyc
	debugfs -w -R 'ln <2> a/up' cyc.img 2>/dev/null
	debugfs -w -R 'ln a b/twice' cyc.img 2>/dev/null
	for o in -R -lR -LR '-R --json'; do
		# shellcheck disable=SC2086
		expect 1 timeout 20 fsu_ls cyc.img $o
		has "'./a/up': not listing already-listed directory"
		[ "${#lines[@]}" -lt 60 ]
	done
	expect 1 timeout 20 fsu_ls cyc.img -lR a b
	# a chain in which each has the next one twice: 2^40 paths
	d=chain
	mkdir $d
	p=$d
	for i in $(seq 40); do
		p=$p/d
		mkdir $p
	done
	mkimage chain.img 1M chain
	p=
	for i in $(seq 39); do
		p=$p/d
		echo "ln $p/d $p/e"
	done >cmds
	debugfs -w -f cmds chain.img >/dev/null 2>&1
	expect 1 timeout 20 fsu_ls chain.img -R
	expect 0 fsu_ls chain.img -d d/e/e/d/e
	# the same directory as two operands is listed twice
	[ "$(fsu_ls d.img -R dir dir | grep -c '^dir/sub:')" -eq 2 ]
}
