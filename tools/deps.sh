#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# deps.sh [build|check]: find what is missing by trying it, and install it.
#
# Two lists: what building needs, and ("check") what the tests' judges need
# besides.  Silent when nothing is missing.  As root it installs; else through
# sudo, after printing the command; with neither it prints the command and exits
# with 1.  Without apt it prints that system's line and installs nothing.
set -u
what=${1:-build}
missing=

have_command() { command -v "$1" >/dev/null 2>&1 || [ -x "/sbin/$1" ] || [ -x "/usr/sbin/$1" ]; }
have_header() { # header, library flag
	tmp=$(mktemp -d) || exit 1
	printf '#include <%s>\nint main(void) { return 0; }\n' "$1" >"$tmp/t.c"
	${CC:-gcc} -o "$tmp/t" "$tmp/t.c" $2 >/dev/null 2>&1
	rc=$?
	rm -rf "$tmp"
	return $rc
}
need_command() { have_command "$1" || missing="$missing $2"; }
need_header() { have_header "$1" "$2" || missing="$missing $3"; }

# ---- to build ----
need_command "${CC:-gcc}" gcc
need_command make make
need_command ld binutils
if have_command "${CC:-gcc}"; then
	need_header stdlib.h "" libc6-dev
	need_header archive.h -larchive libarchive-dev
	need_header nettle/nettle-meta.h -lnettle nettle-dev
	need_header histedit.h -ledit libedit-dev
	need_header seccomp.h -lseccomp libseccomp-dev
	need_header blkid/blkid.h -lblkid libblkid-dev
else
	missing="$missing libc6-dev nettle-dev libarchive-dev libedit-dev libseccomp-dev libblkid-dev"
fi

# ---- to judge ----
if [ "$what" = check ]; then
	need_command bats bats
	need_command e2fsck e2fsprogs
	need_command mandoc mandoc
	need_command clang clang
	need_command clang-format clang-format
	need_command shellcheck shellcheck
	need_command setfattr attr
	need_command setfacl acl
	need_command fakeroot fakeroot
	need_command zstd zstd
	need_command xz xz-utils
	need_command bzip2 bzip2
	need_command bsdtar libarchive-tools
	need_command pkg-config pkgconf
	need_command lz4 lz4
	need_command cpio cpio
	need_command zip zip
	need_command unzip unzip
	need_command sfdisk fdisk
	need_command mkfs.fat dosfstools
	need_command patch patch
	need_command mcopy mtools
	need_command xorriso xorriso
	need_command genisoimage genisoimage
	need_command 7z p7zip-full
	need_command strace strace
	need_command setcap libcap2-bin
	need_command python3 python3
	need_command script bsdutils
	need_command col bsdextrautils
	need_command file file
	need_command blkid util-linux
fi

missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
missing=${missing% }
[ -n "$missing" ] || exit 0

if ! have_command apt-get; then
	echo "fs-utils needs these Debian packages, or your system's like them: $missing" >&2
	if have_command dnf; then
		echo "Fedora:  dnf install gcc make binutils libarchive-devel libedit-devel nettle-devel libseccomp-devel libblkid-devel" >&2
	elif have_command apk; then
		echo "Alpine:  apk add gcc make binutils musl-dev libarchive-dev libedit-dev nettle-dev libseccomp-dev util-linux-dev" >&2
	elif have_command pacman; then
		echo "Arch:  pacman -S gcc make binutils libarchive libedit nettle libseccomp util-linux-libs" >&2
	elif have_command zypper; then
		echo "openSUSE:  zypper install gcc make binutils libarchive-devel libedit-devel nettle-devel libseccomp-devel libblkid-devel" >&2
	fi
	exit 1
fi

run="apt-get install -y --no-install-recommends $missing"
export DEBIAN_FRONTEND=noninteractive
if [ "$(id -u)" = 0 ]; then
	sudo=
elif have_command sudo; then
	sudo="sudo "
else
	echo "missing: $missing; as root run:  $run" >&2
	exit 1
fi
echo "+ ${sudo}$run" >&2
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# The lists of packages may be missing or old: fetched only if it fails without.
if ! ${sudo}$run >"$log" 2>&1; then
	if ! { ${sudo}apt-get update && ${sudo}$run; } >"$log" 2>&1; then
		cat "$log" >&2
		exit 1
	fi
fi
