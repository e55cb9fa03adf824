# SPDX-License-Identifier: BSD-2-Clause
# What a hostile image says about names can't make fsu_get write, or read, outside of
# DEST: links out, names that stand twice, names with slashes.

load helper

setup() {
	command -v python3 >/dev/null || skip "no python3"
	fsu_setup
	mkdir outside h
	echo safe >outside/file
	mkdir outside/dir
}

teardown() {
	fsu_teardown
}

# rename_entry IMAGE OLD NEW: a directory entry's name, of the same length, in the bytes
rename_entry() {
	python3 - "$@" <<-'END'
		import sys
		image, old, new = sys.argv[1:]
		old, new = old.encode(), new.encode().decode('unicode_escape').encode('latin1')
		assert len(old) == len(new), (old, new)
		data = bytearray(open(image, 'rb').read())
		at = -1
		found = 0
		while True:
		    at = data.find(old, at + 1)
		    if at < 0:
		        break
		    if data[at - 2] == len(old) and 1 <= data[at - 1] <= 7:
		        data[at:at + len(old)] = new
		        found += 1
		assert found == 1, found
		open(image, 'wb').write(data)
	END
}

# unharmed: nothing outside was written
unharmed() {
	[ "$(cd outside && find . | LC_ALL=C sort | tr '\n' ' ')" = ". ./dir ./file " ] || {
		find outside
		return 1
	}
	[ "$(cat outside/file)" = safe ]
	[ ! -e evil ] && [ ! -e ../evil ]
}

# got STATUS..: every way to get the tree ends with one of these
got() {
	local opt
	for opt in -R -a -Rf -RL -au; do
		rm -rf out
		run timeout 20 fsu_get i.img $opt / out
		case " $* " in
		*" $status "*) ;;
		*)
			echo "$opt: status $status: $output"
			return 1
			;;
		esac
		unharmed
		# Into a DEST that is there, twice.
		run timeout 20 fsu_get i.img $opt /. out
		unharmed
	done
}

@test "a symlink out and a directory of one name, in either order" {
	mkdir h/dd1 h/dd3
	echo evil >h/dd1/file
	echo evil >h/dd3/evil
	ln -s "$PWD/outside" h/dd2
	mkimage i.img 2M h
	for new in 'dd1 dd2' 'dd3 dd2' 'dd2 dd1' 'dd2 dd3'; do
		mkimage i.img 2M h
		# shellcheck disable=SC2086
		rename_entry i.img $new
		got 1
	done
}

@test "a symlink out and a file of one name" {
	ln -s "$PWD/outside/file" h/ff1
	echo evil >h/ff2
	for new in 'ff1 ff2' 'ff2 ff1'; do
		mkimage i.img 2M h
		# shellcheck disable=SC2086
		rename_entry i.img $new
		got 1
	done
}

@test "a relative symlink up and a directory of one name, deeper" {
	mkdir -p h/a/b/dd1
	echo evil >h/a/b/dd1/evil
	ln -s ../../../outside h/a/b/dd2
	mkimage i.img 2M h
	rename_entry i.img dd1 dd2
	got 1
}

@test "names with slashes, dots and NULs" {
	for name in '../evil' 'a/../ev' '/../eviX' './evilX' 'ou/file'; do
		rm -rf h
		mkdir h
		old=$(printf 'x%.0s' $(seq ${#name}))
		echo evil >"h/$old"
		mkimage i.img 2M h
		rename_entry i.img "$old" "$name"
		got 1
	done
	# Directories that are called so
	for name in '..' '.' 'a/' '/'; do
		rm -rf h
		old=$(printf 'x%.0s' $(seq ${#name}))
		mkdir -p "h/sub/$old"
		echo evil >"h/sub/$old/evil"
		mkimage i.img 2M h
		rename_entry i.img "$old" "$name"
		got 0 1
		[ ! -e out/evil ]
	done
	rm -rf h
	mkdir h
	echo evil >h/xxxx
	mkimage i.img 2M h
	rename_entry i.img xxxx 'a\x00bc'
	got 1
}

@test "DEST has a symlink from another image where this one has a directory" {
	ln -s "$PWD/outside" h/d
	ln -s "$PWD/outside/file" h/f
	mkimage i.img 2M h
	fsu_get i.img -R / out
	[ -L out/d ]
	rm -r h
	mkdir -p h/d/dir
	echo evil >h/d/file
	echo evil >h/d/dir/evil
	echo evil >h/f
	mkimage i.img 2M h
	for opt in -R -a -Rf -R; do
		run fsu_get i.img $opt /. out
		[ "$status" -eq 1 ]
		unharmed
		[ -L out/d ]
	done
}

@test "DEST has a FIFO or a device where the image has a file: no hanging, no writing there" {
	echo evil >h/f
	mkimage i.img 2M h
	mkdir out
	mkfifo out/f
	run timeout 10 fsu_get i.img -R /. out
	[ "$status" -ne 124 ]
	run timeout 10 fsu_get i.img /f out
	[ "$status" -ne 124 ]
}

@test "links in the image lead around in the image, not on the host" {
	ln -s "$PWD/outside/file" h/l
	ln -s ../../../../../../../../../../../../etc/passwd h/up
	ln -s /etc/passwd h/p
	mkdir -p h/etc
	mkimage i.img 2M h
	expect 1 fsu_cat i.img /l
	expect 1 fsu_cat i.img /up
	expect 1 fsu_cat i.img /p
	expect 1 fsu_get i.img -L /p /up out.file
	expect 1 fsu_cat i.img /../../../etc/passwd
	[ ! -e out.file ] || [ ! -s out.file ]
	echo mine >h/etc/passwd
	mkimage i.img 2M h
	[ "$(fsu_cat i.img /up)" = mine ]
	[ "$(fsu_cat i.img /p)" = mine ]
	[ "$(fsu_cat i.img ../../../../etc/passwd)" = mine ]
}

@test "two names of one directory, and a directory that contains itself: it ends" {
	mkdir -p h/a/b h/c
	echo x >h/a/b/file
	mkimage i.img 2M h
	debugfs -w -R "link /a /a/b/loop" i.img 2>/dev/null
	debugfs -w -R "link / /a/root" i.img 2>/dev/null
	debugfs -w -R "link /a /c/again" i.img 2>/dev/null
	rm -rf out
	run timeout 20 fsu_get i.img -R / out
	[ "$status" -eq 1 ]
	[ "$(cat out/a/b/file)" = x ]
	run timeout 20 fsu_ls i.img -R /
	[ "$status" -ne 124 ]
	run timeout 20 fsu_rm i.img -r /a
	[ "$status" -ne 124 ]
}
