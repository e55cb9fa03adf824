#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# lint.sh: layering, formatting, sizes, shell scripts, man pages.  A judge that
# isn't installed is named and left out.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0
fail() { echo "lint: $1"; failed=1; }
without() { echo "lint: no $1 here, left out"; }

files() { find . \( -name build -o -name .git \) -prune -o -type f "$@" -print | sed 's,^\./,,' | LC_ALL=C sort; }
sources=$(files -name '*.[ch]')
scripts=$(files \( -name '*.sh' -o -path ./.ci/run \))

sh tools/layers.sh || fail "a file includes what is not on its floor or the one below"

sh tools/clones.sh || fail "what two file systems need is in vfs/genfs, once"

if command -v clang-format >/dev/null 2>&1; then
	# shellcheck disable=SC2086 # a list of names without spaces
	clang-format --dry-run -Werror $sources 2>&1 | sed -n 's/: error: code should be clang-formatted.*/: not formatted/p' |
		sort -u | head -n 20 | grep . && fail "clang-format -i would change these"
else
	without clang-format
fi

# shellcheck disable=SC2086
long=$(wc -l $sources | awk '$2 != "total" && $1 >= 800 { print $2 ": " $1 " lines" }')
[ -z "$long" ] || { echo "$long"; fail "files stay below 800 lines"; }

# A definition starts in column 0 and its body is closed by a brace there.
# shellcheck disable=SC2046,SC2086
awk 'FNR == 1 { start = 0 }
	/^{/ { start = FNR }
	/^}/ { if (start && FNR - start - 1 >= 100) print FILENAME ":" start ": a function of " FNR - start - 1 " lines"; start = 0 }' \
	$(printf '%s\n' $sources | grep '\.c$') | grep . && fail "functions stay below 100 lines"

# shellcheck disable=SC2086
grep -nwE '(TODO|FIXME|XXX)' $sources | grep . && fail "unfinished work has an issue's subject, not a mark"

# shellcheck disable=SC2086
printf '%s\n' $sources | grep '\.c$' | sed 's,.*/,,' | grep -v '^main\.c$' | sort | uniq -d | grep . && fail "basenames are unique in the tree"

# shellcheck disable=SC2086
for f in $sources $scripts; do
	head -n 3 "$f" | grep -q SPDX-License-Identifier || fail "$f: no licence line"
done

if command -v shellcheck >/dev/null 2>&1; then
	# shellcheck disable=SC2086
	shellcheck -S warning $scripts || fail "shellcheck"
else
	without shellcheck
fi

if command -v mandoc >/dev/null 2>&1; then
	for page in man/*.[1-9]; do
		[ -e "$page" ] || continue
		# That other pages aren't installed says nothing of this one.
		said=$(mandoc -Tlint "$page" 2>&1 |
			grep -Ev 'referenced manual not found|outdated mandoc.db')
		[ -z "$said" ] || { printf '%s\n' "$said"; fail "$page"; }
	done
else
	without mandoc
fi
exit $failed
