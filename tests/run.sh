#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh OBJDIR [SUITE | SUITE/TEST]...: run the tests built in OBJDIR; all
# suites if none is named.
#
# A suite is a folder of tests/ that holds one of these:
#	suite.sh	run as `suite.sh OBJDIR` (several TAP streams, one
#			after the other, are fine)
#	*.bats		each run by bats, with BUILD=OBJDIR
#	*.c		in tests/unit only: each a program OBJDIR/tests/unit/NAME
# Everything prints TAP.  OBJDIR/bin comes first in PATH.
#
# A test that fails, and a program that dies before its plan, runs other than
# what it planned, runs nothing or ends with a status of its own without saying
# what failed, all count as failed.  The last line is always
# "N passed, N failed, N skipped"; status 1 if any failed.
#
# TEST_JOBS=n at a time (2), TEST_TIMEOUT=seconds for each program (900).
set -u

# ---- one program: run.sh --job WORK SUITE/NAME ------------------------------
if [ "${1-}" = --job ]; then
	work=$2 job=$3
	suite=${job%%/*} name=${job#*/}
	out=$work/$(echo "$job" | tr / +)
	mkdir "$out.home"
	export HOME="$out.home"

	limit="timeout -k 10 ${TEST_TIMEOUT:-900}"
	case $name in
	suite.sh) set -- sh "tests/$suite/suite.sh" "$BUILD" ;;
	*.bats) set -- bats --tap "tests/$suite/$name" ;;
	*) set -- "$BUILD/tests/$suite/$name" ;;
	esac
	rc=0
	# shellcheck disable=SC2086
	$limit "$@" >"$out.tap" 2>"$out.err" </dev/null || rc=$?
	rm -rf "$out.home"
	awk -v rc="$rc" -v limit="${TEST_TIMEOUT:-900}" '
	function skipped(line) { return tolower(line) ~ /# *(skip|todo)/ }
	/^ok/ { n++; if (skipped($0)) s++; else p++; show = 0; next }
	/^not ok/ {
		n++; show = !skipped($0)
		if (show) { f++; print "  " $0 } else s++
		next
	}
	/^1\.\.[0-9]+/ {
		plans++; planned += substr($1, 4)
		if (substr($1, 4) == 0 && skipped($0)) { s++; none = 1 }
	}
	/^Bail out!/ { why = $0 }
	show && /^#/ { print "  " $0 }
	END {
		if (rc == 124 || rc == 137)
			why = "stopped after " limit " seconds, or killed"
		else if (why != "")
			;
		else if (!plans)
			why = "died before its plan, status " rc
		else if (planned != n)
			why = "planned " planned " tests, ran " n + 0
		else if (!n && !none)
			why = "ran no test"
		else if (rc != 0 && !f)
			why = "status " rc ", but no test says why"
		if (why != "") { f++; print "  " why }
		print p + 0, f + 0, s + 0
	}' "$out.tap" >"$out.sum"
	read -r p f s <<-END
		$(tail -n 1 "$out.sum")
	END
	# One write, so that two jobs do not mix their lines.
	if [ "$f" -gt 0 ]; then
		{
			echo "FAILED $job: $p passed, $f failed, $s skipped"
			sed '$d' "$out.sum"
			[ ! -s "$out.err" ] || tail -n 30 "$out.err" | sed 's/^/  stderr: /'
		} >"$out.say"
	else
		echo "ok $job: $p passed, $s skipped" >"$out.say"
	fi
	cat "$out.say"
	exit 0
fi

# ---- all ------------------------------------------------------------------
if [ $# -lt 1 ] || [ ! -d "$1" ]; then
	echo "usage: run.sh OBJDIR [SUITE | SUITE/TEST]..." >&2
	exit 2
fi
BUILD=$(cd "$1" && pwd) || exit 2
shift
cd "$(dirname "$0")/.." || exit 2
self=tests/run.sh
PATH=$BUILD/bin:$PATH:/usr/sbin:/sbin
export BUILD PATH
unset FSU_DEVICE FSU_MNTOPTS FSU_TYPE SOURCE_DATE_EPOCH

work=$(mktemp -d "${TMPDIR:-/tmp}/fsu-tests.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The jobs of a suite, a line each; nothing where the folder is no suite.
jobs_of() {
	if [ -f "tests/$1/suite.sh" ]; then
		echo "$1/suite.sh"
		return
	fi
	for file in "tests/$1"/*.bats; do
		[ ! -f "$file" ] || echo "$1/${file##*/}"
	done
	[ "$1" = unit ] || return 0
	for file in tests/unit/*.c; do
		[ ! -f "$file" ] || echo "unit/$(basename "$file" .c)"
	done
}

if [ $# -eq 0 ]; then
	for dir in tests/*/; do
		dir=${dir%/}
		jobs_of "${dir##*/}"
	done >"$work/jobs"
else
	for want; do
		case $want in
		*/*) echo "$want" ;;
		*)
			jobs=$(jobs_of "$want")
			if [ -z "$jobs" ]; then
				echo "run.sh: $want: no such suite, or no test in it" >&2
				exit 2
			fi
			echo "$jobs"
			;;
		esac
	done >"$work/jobs"
fi
if [ ! -s "$work/jobs" ]; then
	echo "run.sh: no test found" >&2
	exit 2
fi
if grep -q '\.bats$' "$work/jobs" && ! command -v bats >/dev/null; then
	echo "run.sh: bats is missing (apt install bats)" >&2
	exit 2
fi

xargs -n 1 -P "${TEST_JOBS:-2}" sh "$self" --job "$work" <"$work/jobs"

# A job that left no sum failed, too.
while read -r job; do
	sum=$work/$(echo "$job" | tr / +).sum
	if [ -s "$sum" ]; then
		tail -n 1 "$sum"
	else
		echo "0 1 0"
	fi
done <"$work/jobs" >"$work/sums"
awk '{ p += $1; f += $2; s += $3 }
	END { print p + 0 " passed, " f + 0 " failed, " s + 0 " skipped"; exit f > 0 }' "$work/sums"
