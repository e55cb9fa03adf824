#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The EXAMPLES of the manual pages are run as they stand.

load helper

setup() {
	fsu_setup
	MAN=$(cd "$BATS_TEST_DIRNAME/../../man" && pwd)
	mkdir -p t/etc t/boot t/var/log t/home/me t/dir
	echo box >t/etc/hostname
	echo "127.0.0.1 localhost" >t/etc/hosts
	echo "/dev/sda1 / ext2" >t/etc/fstab
	seq 1 100 >t/boot/vmlinuz
	seq 1 9 >t/var/log/messages
	echo mine >t/home/me/file
	for i in disk other root; do mkimage $i.img 8M t; done
	cp -r t rootfs
	cp t/boot/vmlinuz vmlinuz
}
teardown() { fsu_teardown; }

# examples PAGE: lines that begin with a prompt, and what comes after them.
examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$MAN/$1" |
		sed -n 's/^\.Dl # /# /p; /^\.Bd -literal/,/^\.Ed/{/^\./d;p;}' |
		sed 's/\\&//g; s/\\e/\\/g'
}

# run_examples PAGE: each command succeeds; what the page shows is what it says.
run_examples() {
	local line cmd= want= n=0
	while IFS= read -r line || { line='$ :' && [ -n "$cmd" ]; }; do
		case $line in
		'$ '* | '# '*)
			if [ -n "$cmd" ]; then
				run bash -c "$cmd"
				[ "$status" -eq 0 ] || { echo "$cmd: $output"; return 1; }
				[ -z "$want" ] || [ "$output" = "${want%$'\n'}" ] || {
					echo "$cmd said: $output"
					return 1
				}
				n=$((n + 1))
			fi
			cmd=${line#* } want=
			[ "$cmd" != : ] || break
			;;
		*) want=$want$line$'\n' ;;
		esac
	done < <(examples "$1")
	[ "$n" -gt 0 ]
}

@test "fsu_cat(1)" { run_examples fsu_cat.1; }
@test "fsu_get(1)" {
	run_examples fsu_get.1
	diff -r rootfs/etc t/etc
	cmp kernel t/boot/vmlinuz
}
@test "fsu_put(1)" {
	run_examples fsu_put.1
	fsck_clean disk.img
	fsck_clean root.img
	expect 0 fsu_cat root.img home/me/file
}
@test "fsu_cp(1)" {
	run_examples fsu_cp.1
	fsck_clean disk.img
	fsck_clean other.img
	expect 0 fsu_cat other.img home/me/file
}
@test "fs-utils(7): a whole session by FSU_DEVICE, and the pipe that can't wait for itself" {
	export FSU_DEVICE=disk.img
	[ "$(fsu_cat /etc/hostname)" = box ]
	echo box2 | fsu_put - /etc/hostname
	[ "$(fsu_cat /etc/hostname)" = box2 ]
	unset FSU_DEVICE
	timeout 20 bash -c 'fsu_cat disk.img /etc/hostname | sed s/b/c/ | fsu_put disk.img - /etc/hostname'
	[ "$(fsu_cat disk.img /etc/hostname)" = cox2 ]
}
@test "each option of these commands is in its page, and none more" {
	for c in fsu_cat fsu_get fsu_put fsu_cp; do
		$c --help | grep -oE '(^| )(-[A-Za-z0-9])' | tr -d ' ' |
			grep -vE '^-[to]$' | sort -u >help
		sed -n 's/^\.It Fl \([A-Za-z]\)\( .*\)*$/-\1/p' "$MAN/$c.1" |
			grep -vE '^-[to]$' | grep -v '^-r$' | sort -u >page
		diff help page || { echo "$c"; false; }
	done
}
