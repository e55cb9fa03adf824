#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# clones.sh [-v]: no 8 lines may be shared between two file systems.
#
# What two drivers (or two formatters, or a driver and a formatter) need is written
# once, in vfs/genfs or lib/newfs.  Compared are the folders of lib/rumpkernel/fs with
# each other, the files of lib/newfs by the file system that their names tell, and
# all of them with vfs/ and lib/newfs's own files.
#
# The rule: text is cut into statements, so that where clang-format breaks a line
# doesn't matter; blanks are nothing, and a file system's own name in an identifier
# (ext2_node_of, EXT2_BSIZE) is the same in all.  Comments, blank lines, #include,
# labels' and braces' own lines aren't counted; prototypes and the tables of operations
# (.vop_read = genfs_read) are what the interface asks for, and equal to nothing.  A run
# of equal statements that takes 8 counted lines or more on either side is a clone.  What
# differs in any other name is not one.
#
# -v: also the longest that were let through.  CLONE_LINES=n: other than 8.
set -eu
cd "$(dirname "$0")/.."
verbose=0
[ "${1-}" != -v ] || verbose=1

find lib/rumpkernel/fs lib/rumpkernel/vfs lib/newfs -name '*.[ch]' | LC_ALL=C sort >"${TMPDIR:-/tmp}/clones.$$"
trap 'rm -f "${TMPDIR:-/tmp}/clones.$$"' EXIT
# shellcheck disable=SC2046 # names without spaces
LC_ALL=C awk -v least="${CLONE_LINES:-8}" -v verbose="$verbose" '
# The group that a file belongs to, and in fsname the name that it uses.
function group_of(path,    x) {
	fsname = ""
	if (path ~ /^lib\/rumpkernel\/fs\/[^\/]*\//) {
		x = path
		sub(/^lib\/rumpkernel\/fs\//, "", x)
		sub(/\/.*/, "", x)
		fsname = x
		return "fs/" x
	}
	if (path ~ /^lib\/rumpkernel\/fs\//)
		return "fs"
	if (path ~ /^lib\/newfs\/newfs_/) {
		x = path
		sub(/^lib\/newfs\/newfs_/, "", x)
		sub(/[_.].*/, "", x)
		# lib/newfs has files of its own: io, why
		if (index(systems, " " x " ") > 0) {
			fsname = x
			return "newfs/" x
		}
	}
	return path ~ /^lib\/newfs\// ? "newfs" : "vfs"
}
function uncomment(s,    out, a, b) {
	out = ""
	while (s != "") {
		if (incomment) {
			b = index(s, "*/")
			if (b == 0)
				return out
			s = substr(s, b + 2)
			incomment = 0
			continue
		}
		a = index(s, "/*")
		if (a == 0)
			return out s
		out = out substr(s, 1, a - 1)
		s = substr(s, a + 2)
		incomment = 1
	}
	return out
}
function unit_end() {
	if (text == "")
		return
	n++
	unit[n] = text
	# What the interface has every driver say is no copy.
	if (text ~ /^[.](vop|vfs|nt)_[a-z_]*=&?[a-zA-Z_0-9]*,$/ || (outside == 0 && nest == 0 && text ~ /[)];$/))
		unit[n] = "\n" n
	lines[n] = count
	first[n] = start
	last[n] = FNR
	file[n] = FILENAME
	group[n] = now
	text = ""
	count = depth = 0
}
FILENAME ~ /clones\.[0-9]*$/ { # the list: which file systems are there
	x = $0
	if (x ~ /^lib\/rumpkernel\/fs\/[^\/]*\//) {
		sub(/^lib\/rumpkernel\/fs\//, "", x)
		sub(/\/.*/, "", x)
		if (index(systems, " " x " ") == 0)
			systems = systems " " x " "
	}
	next
}
FNR == 1 {
	text = ""
	count = depth = nest = incomment = 0
	now = group_of(FILENAME)
	n++ # nothing is equal over the border of a file
	unit[n] = "\n" n
	group[n] = now
}
{
	s = uncomment($0)
	if (s ~ /^[ \t]*#[ \t]*include/)
		next
	gsub(/[ \t]+/, "", s)
	if (fsname != "") {
		gsub(fsname "_", "FS_", s)
		gsub(toupper(fsname) "_", "FS_", s)
	}
	if (s == "")
		next
	if (s !~ /^[{}();,\\]*$/ && s !~ /^[a-zA-Z_0-9]*:$/ && s != "}else{")
		count++
	t = s
	outside = nest
	nest += gsub(/[{]/, "", t)
	nest -= gsub(/[}]/, "", t)
	depth += gsub(/[(]/, "", t)
	depth -= gsub(/[)]/, "", t)
	if (s ~ /^[}][;,]?$/) # a closing brace is part of nothing
		next
	if (text == "")
		start = FNR
	text = text s
	if (s ~ /[;{}:]$/ || (s ~ /,$/ && depth <= 0) || s ~ /^#/)
		unit_end()
}
END {
	unit[n + 1] = "\n" (n + 1)
	for (i = 1; i <= n; i++) {
		u = unit[i]
		for (j = head[u]; j > 0; j = older[j]) {
			if (group[i] == group[j])
				continue
			if (unit[i - 1] == unit[j - 1] && group[i - 1] == group[i] && group[j - 1] == group[j])
				continue # part of a longer one
			a = b = 0
			for (k = 0; unit[i + k] == unit[j + k]; k++) {
				a += lines[i + k]
				b += lines[j + k]
			}
			if (b > a)
				a = b
			if (a >= least || (verbose && a >= least - 3))
				printf "%s %d lines: %s:%d-%d and %s:%d-%d\n", \
				    (a >= least ? "clone:" : "(below)"), a, \
				    file[j], first[j], last[j + k - 1], file[i], first[i], last[i + k - 1]
			if (a >= least)
				bad = 1
		}
		older[i] = head[u]
		head[u] = i
	}
	exit bad
}' "${TMPDIR:-/tmp}/clones.$$" $(cat "${TMPDIR:-/tmp}/clones.$$")
