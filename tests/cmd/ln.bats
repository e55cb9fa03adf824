#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_ln, judged by ln.

load helper
load pair

setup() {
	fsu_setup
	mkdir -p h/d/sub h/e h/p/q/r
	echo a >h/a
	echo bb >h/b
	echo x >h/d/x
	echo c >'h/c d'
	echo n >$'h/new\nline'
	ln -s d h/ld
	ln -s a h/la
	ln -s nowhere h/dangling
	ln -s loop h/loop
	mkimage d.img 4M h
}
teardown() { fsu_teardown; }

@test "hard links in the four forms" {
	pair ln a a2
	pair ln -v a a3
	pair ln -v a b d
	pair ln -v d/x
	pair ln -vt e a b 'c d' $'new\nline'
	pair ln -vT 'c d' c2
	pair ln -v a ld/a5
	pair ln -v a b d/x ld/sub
	pair ln a b
	pair ln a d
	pair_trees
}

@test "what can't be linked" {
	pair ln nosuch x
	pair ln '' x
	pair ln a ''
	pair ln a nosuch/x
	pair ln a a
	pair ln a b/x
	pair ln a nosuch/
	pair ln d x
	pair ln d/sub ld e
	pair ln a b nosuch
	pair ln a b b
	pair ln -T a d
	pair ln -t b a
	pair ln -t nosuch a
	pair ln -L dangling x
	pair ln -L loop x
	pair ln -L ld x
	pair ln -s '' x
	pair ln -s a b
	pair ln -s a nosuch/x
	pair ln -s "$(printf 'n%.0s' $(seq 300))" "$(printf 'n%.0s' $(seq 300))"
	pair ln
	pair ln -T a
	pair ln -T a b c
	pair ln -t d -T a
	pair ln -t d -t e a
	pair ln -r a x
	pair_trees
}

@test "symlinks are linked themselves, or with -L what they lead to" {
	pair ln la la2
	pair ln -P dangling dang2
	pair ln -L la la3
	pair ln -PL la la4
	pair ln -LP la la5
	[ "$(fsu_stat d.img -c %h la)" = 3 ]
	[ "$(fsu_stat d.img -c %h a)" = 3 ]
	pair_trees
}

@test "symbolic: any text, long and short" {
	pair ln -s any/where s1
	pair ln -sv 'with blank' 's 2'
	pair ln -s "$(printf 'y%.0s' $(seq 59))" s59
	pair ln -s "$(printf 'y%.0s' $(seq 60))" s60
	pair ln -s "$(printf 'y%.0s' $(seq 1000))" s1000
	pair ln -sv a b nosuch d
	pair ln -s ../d/x
	pair ln -s /etc/passwd abs
	pair ln -s ../../e ld
	pair ln -sT x ld2
	pair ln -s x ld2/
	pair_trees
}

@test "-f, -n, -T over symlinks to directories" {
	pair ln -sf e ld
	pair ln -sfn e ld
	pair ln -sfT d ld
	pair ln -sfv nowhere dangling
	pair ln -fv a b
	pair ln -f a b
	pair ln -f a a
	pair ln -f a ./a
	pair ln -f a d/../a
	pair ln -sf a a
	pair ln -f a d
	pair ln -f b d/a
	pair ln -fT a d
	pair ln -sf b e a d
	pair ln -f d/x e/x
	mkdir h/s1 h/s2
	echo 1 >h/s1/f
	echo 2 >h/s2/f
	fsu_put d.img -R h/s1 h/s2 /
	pair ln -f s1/f s2/f d
	pair ln -sf s1/f s2/f d
	pair ln s1/f s2/f e
	pair_trees
	[ "$(fsu_ls d.img -a / | grep -c fsu_ln)" -eq 0 ]
}

@test "-i asks" {
	PAIR_ANSWERS=no
	echo n >no
	pair ln -i a b
	pair ln -fi a b
	pair ln -i a new
	PAIR_ANSWERS=yes
	echo y >yes
	pair ln -i a b
	pair ln -is x la
	pair ln -if a 'c d'
	pair_trees
}

@test "-r: as seen from the link" {
	pair ln -srv a p/q/r/x1
	pair ln -srv p/q/r x2
	pair ln -srv p/q/r/x1 p/q
	pair ln -srv d/../a ./p/../e/x3
	pair ln -srv ld/x e/x4
	pair ln -srv nosuch/there p/x5
	pair ln -srv . p/x6
	pair ln -srv p p/x7
	pair ln -srv p/q p/q
	pair ln -srv b ld/b2
	pair ln -srv p/q p/qq
	pair ln -srfv b p/qq
	pair ln -srv loop p/x8
	pair_trees
}

@test "one file, many links; no room" {
	for i in $(seq 300); do echo "link$i"; done >names
	mkdir h/many
	fsu_mkdir d.img many
	while read -r n; do ln h/a "h/many/$n"; done <names
	while read -r n; do fsu_ln d.img a "many/$n"; done < <(head -n 20 names)
	[ "$(fsu_stat d.img -c %h a)" = 21 ]
	fsck_clean d.img
	mkimage full.img 256K "" -N 16
	for i in 1 2 3 4 5; do
		fsu_ln full.img -s x "l$i" || true
	done
	expect 1 fsu_ln full.img -s x l6
	has "No space left in the image"
	fsck_clean full.img
}
