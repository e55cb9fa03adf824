# SPDX-License-Identifier: BSD-2-Clause
# Tests that run a command on an image and the host's own on a folder, and compare
# what they say, their status and what is left.  h is the folder, d.img the image.

# shellcheck disable=SC2154,SC2034

PAIR_ANSWERS=/dev/null # standard input of both
PAIR_HOST=             # what the host's command runs under (fakeroot)

# What differs by design: our names, the image in messages, typographic quotes,
# "Try --help" lines and status 1 for usage.
pair_plain() {
	sed -e "s/^fsu_\([a-z]*\): d\.img: /\1: /" -e 's/^fsu_//' -e "s/[‘’]/'/g" \
		-e '/^Try .* --help/d' -e 's/fsu_\([a-z]*: \)\(d\.img: \)\{0,1\}/\1/g' -e 's/: d\.img: /: /g'
}

# pair CMD [ARG..]: the host's CMD in h and fsu_CMD on d.img say and return the same.
pair() {
	local cmd=$1 hs=0 fs=0
	shift
	# shellcheck disable=SC2086
	(cd h && $PAIR_HOST "$cmd" "$@") <"$PAIR_ANSWERS" >want.out 2>want.err || hs=$?
	"fsu_$cmd" d.img "$@" <"$PAIR_ANSWERS" >got.out 2>got.err || fs=$?
	[ "$hs" -eq 0 ] || hs=1
	[ "$fs" -eq 2 ] && fs=1
	for s in out err; do
		pair_plain <want.$s | ${PAIR_SORT-cat} >want.$s.p
		pair_plain <got.$s | ${PAIR_SORT-cat} >got.$s.p
		cmp -s want.$s.p got.$s.p || {
			echo "$cmd $*: $s differs (< the host's, > ours)"
			diff want.$s.p got.$s.p
			return 1
		}
	done
	[ "$hs" -eq "$fs" ] || {
		echo "$cmd $*: status $fs, the host's $hs"
		return 1
	}
}

# The image is clean and has what h has.
pair_trees() {
	fsck_clean d.img || return 1
	rm -rf back
	mkdir back
	fsu_get d.img -R -p /. back 2>get.err || { cat get.err; return 1; }
	rm -rf back/lost+found
	(cd h && find . -printf '%P|%y|%m|%n|%l|%s\n' | sed 's/^|.*/./; /|d|/s/|[0-9]*$//' | sort) >want.tree
	(cd back && find . -printf '%P|%y|%m|%n|%l|%s\n' | sed 's/^|.*/./; /|d|/s/|[0-9]*$//' | sort) >got.tree
	diff want.tree got.tree
}
