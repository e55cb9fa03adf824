# SPDX-License-Identifier: BSD-2-Clause
# The tree that fsu_ls and fsu_stat are tried on, and how they're compared.

# shellcheck disable=SC2154

# odd_tree DIR: names and kinds of every sort that the caller may make.
odd_tree() (
	mkdir "$1" && cd "$1" || exit 1
	printf a >a
	printf bb >'b b'
	for n in "it's" 'x"y' $'new\nline' $'tab\there' $'ctl\001x' $'\033esc' ünï \
		$'bad\xff\xfe' $'trunc\xe4\xb8' 日本語 -dash '~tilde' '#hash' a~ .hid \
		.hid~ '*star' '{' '{a}' eq=x 'back\slash' "it's \"both\"" "it's\$x" \
		a:b a@b $'\n' ' lead' q\? '$' '!' '^c' 'end ' $'\x7f' $'e\u0301' \
		file1.txt file10.txt file2.txt file.tar.gz a.b.c 1.0 1.0.1 1.10 1.2 \
		1.0~rc1 caps foo-1.2.tgz foo-1.10.tgz .x.y noext x.TXT y.zip z.jpg r.tar \
		"$(printf 'n%.0s' $(seq 255))"; do
		: >"$n"
	done
	mkdir -p 'dir/sub/deep dir' empty d:colon sticky ow tw setgd stT
	echo x >dir/f
	echo y >dir/sub/g
	: >'dir/sub/deep dir/h'
	chmod 1755 sticky
	chmod 757 ow
	chmod 1777 tw
	chmod 2775 setgd
	chmod 1754 stT
	ln -s a link
	ln -s nowhere broken
	ln -s dir ldir
	ln -s loop1 loop2
	ln -s loop2 loop1
	ln -s $'tar get\n' oddlink
	ln -s 'b b' l2
	ln a hard
	local m
	for m in 4755 4644 2755 2644 755; do
		: >mode$m
		chmod $m mode$m
	done
	mkfifo fifo
	local s
	for s in 12345 1023 1024 1025 10189 10240 999999 1048576 2000000; do
		truncate -s $s size$s
	done
	if [ "$(id -u)" -eq 0 ]; then
		mknod chr c 1 3
		mknod chr2 c 250 1048575
		mknod blk b 8 17
		chown 4000000000:4000000001 a
		chown 1:2 mode755
		chown daemon:adm 'b b'
	fi
	setfacl -m u:1:r mode755 2>/dev/null || :
	setfacl -d -m u:1:rx dir 2>/dev/null || :
	setcap cap_net_raw+ep caps 2>/dev/null || :
	# Whole seconds: not every mke2fs keeps more.
	find . -exec touch -h -d '2024-05-06 07:08:09' {} +
	touch -d '2001-02-03 04:05:06' file1.txt
	touch -d '2030-01-01' file2.txt
	touch -d '1969-12-31 23:59:59 UTC' 1.0
	touch -d '1901-12-14' 1.2
	touch -d "$(date -d '5 months ago' +%F)" 1.10
	touch -d "$(date -d '7 months ago' +%F)" a.b.c
	touch -h -d 2010-10-10 broken
	true
)

# loop_mount IMAGE DIR: read-only; false where this machine can't.
loop_mount() {
	[ "$(id -u)" -eq 0 ] || return 1
	mkdir -p "$2"
	mount -t ext2 -o loop,ro,noatime "$1" "$2" 2>/dev/null
}

# same_ls DIR ARG..: ls in DIR and fsu_ls of d.img print the same.
same_ls() {
	local dir=$1 hs=0 fs=0
	shift
	(cd "$dir" && ls "$@") >want.out 2>want.err || hs=$?
	fsu_ls d.img "$@" >got.out 2>got.err || fs=$?
	[ $hs -eq 0 ] || hs=1
	sed -i -e 's/^fsu_ls: \(d\.img: \)\{0,1\}/ls: /' got.err
	sed -i "s/[‘’]/'/g" want.err
	[ -z "${ANY_ORDER-}" ] || for f in want.out want.err got.out got.err; do
		sort -o $f $f
	done
	if ! cmp -s want.out got.out || ! cmp -s want.err got.err || [ $hs -ne $fs ]; then
		echo "[LC_ALL=$LC_ALL] ls $* differs (< ls's, status $hs; > ours, $fs)"
		diff -a want.out got.out | head -n 20 | cat -v
		diff -a want.err got.err | head -n 5
		return 1
	fi
}
