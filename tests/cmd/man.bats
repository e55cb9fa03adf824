#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The EXAMPLES of the manual pages, typed as they stand there: what they print is
# what the page says.

load helper

setup() {
	fsu_setup
	command -v mandoc >/dev/null || skip "no mandoc"
	mkdir -p r/bin r/etc
	echo box >r/etc/hostname
	echo '127.0.0.1 localhost' >r/etc/hosts
	ln -s hostname r/etc/name
	echo '#!/hello' >r/bin/sh
	chmod 755 r/bin/sh
	echo milk >'r/my notes'
	find r -exec touch -h -d '2024-05-06 07:08:09 UTC' {} +
	newfs-img -t ext2 -s 8m disk.img >/dev/null
	fsu_put disk.img -R -p --owner=0:0 r/. / 2>/dev/null
	fsu_rm disk.img -rf lost+found
}
teardown() { fsu_teardown; }

# examples PAGE: run each "$ command" of its EXAMPLES and compare.
examples() {
	local line cmd='' said='' n=0
	mandoc -Tutf8 -O width=200 "$BATS_TEST_DIRNAME/../../man/$1" | col -bx |
		sed -n '/^EXAMPLES/,/^[A-Z]/p' | sed -n 's/^           *//p' | sed 's/[‘’]/'"'"'/g' >page
	while IFS= read -r line; do
		case $line in
		'$ '*)
			check
			cmd=${line#??}
			said=
			;;
		*) said=$said$line$'\n' ;;
		esac
	done <page
	check
	[ "$n" -gt 1 ]
}
check() {
	[ -n "$cmd" ] || return 0
	n=$((n + 1))
	eval "$cmd" >got 2>&1 || true
	printf %s "$said" | grep -v '^$' >want || true
	grep -v '^$' got >got.1 || true
	diff want got.1 || { echo "in: $cmd"; return 1; }
}

@test "fsu_ls(1)" { examples fsu_ls.1; }
@test "fsu_stat(1)" { examples fsu_stat.1; }
@test "fsu_tar(1)" { examples fsu_tar.1; }
@test "fsu_df(1)" { examples fsu_df.1; }
@test "fsu_mkdir(1)" { examples fsu_mkdir.1; }
@test "fsu_rm(1)" { examples fsu_rm.1; }
@test "fsu_mv(1)" { examples fsu_mv.1; }
@test "fsu_ln(1)" { examples fsu_ln.1; }
@test "fsu_mkfifo(1)" { examples fsu_mkfifo.1; }
@test "fsu_mknod(1)" { examples fsu_mknod.1; }
@test "fsu_rmdir(1)" { examples fsu_rmdir.1; }
@test "fsu_truncate(1)" { examples fsu_truncate.1; }
@test "fsu_write(1)" { examples fsu_write.1; }
@test "fsu_sh(1)" { examples fsu_sh.1; }
@test "fsu_ecp(1)" { examples fsu_ecp.1; }
@test "fsu_emv(1)" { examples fsu_emv.1; }
@test "fsu_chmod(1)" { examples fsu_chmod.1; }
@test "fsu_chown(1)" { examples fsu_chown.1; }
@test "fsu_chgrp(1)" { examples fsu_chgrp.1; }
@test "fsu_find(1)" { examples fsu_find.1; }
@test "fsu_exec(1)" { examples fsu_exec.1; }
@test "fsu_touch(1)" { examples fsu_touch.1; }
@test "fsu_chflags(1)" { examples fsu_chflags.1; }
@test "fsu_xattr(1)" { examples fsu_xattr.1; }
