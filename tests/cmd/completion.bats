#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# bash's completion: the generated file is sourced, and asked as bash asks.

load helper

setup() {
	fsu_setup
	# shellcheck disable=SC1091
	source "$BUILD/share/bash-completion/completions/fs-utils"
	mkdir -p r/etc/conf r/empty 'r/with space'
	echo box >r/etc/hostname
	: >r/etc/hosts
	: >r/etc/.hidden
	: >"r/bad"$'\e'"[31mname"
	: >'r/two words'
	mkimage disk.img 1M r
	mkdir hostdir
	: >hostfile
}
teardown() { fsu_teardown; }

# tab LINE: what Tab offers at its end, a line each, sorted.  Words are cut as bash
# does, at blanks, = and :.
tab() {
	local line=$1 rest=$1 piece
	COMP_WORDS=()
	while [ -n "$rest" ]; do
		rest=${rest#"${rest%%[! ]*}"}
		if [[ $rest =~ ^([=:]+|([^\ =:\\\'\"]|\\.)+|\'[^\']*\'?|\"[^\"]*\"?) ]]; then
			piece=${BASH_REMATCH[0]}
			COMP_WORDS+=("$piece")
			rest=${rest#"$piece"}
		fi
	done
	[[ $line == *' ' && $line != *'\ ' ]] && COMP_WORDS+=('')
	COMP_LINE=$line
	COMP_POINT=${#line}
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_fsu "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" || true
	output=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort)
}
offers() { # LINE CANDIDATE..: these and no others
	local line=$1
	shift
	tab "$line"
	[ "$output" = "$(printf '%s\n' "$@")" ] || {
		echo "$line"
		echo "offers: $output"
		return 1
	}
}

@test "options: from the table, and those that all have" {
	offers 'fsu_ls disk.img --si' --si --size
	offers 'fsu_ls disk.img --s' --show-control-chars --si --size --sort=
	offers 'fsu_rm disk.img --no' --no-glob --no-preserve-root
	offers 'fsu_cat --he' --help
	tab 'fsu_cat disk.img -'
	has '-A'
	has '--show-all'
	has '--mount-options='
}
@test "find's language" {
	offers 'fsu_find disk.img / -print' -print -print0 -printf
	offers 'fsu_find disk.img / -name x -ex' -exec -execdir -executable
	offers 'fsu_find disk.img /e' /empty/ /etc/
}
@test "the image is a file of the host's" {
	offers 'fsu_ls di' disk.img
	offers 'fsu_ls host' hostdir hostfile
	offers 'fsu_ls -l di' disk.img
}
@test "names in the image" {
	offers 'fsu_ls disk.img /e' /empty/ /etc/
	offers 'fsu_ls disk.img e' empty/ etc/
	offers 'fsu_cat disk.img -n /etc/h' /etc/hostname /etc/hosts
	offers 'fsu_cat disk.img /etc/hosts /etc/c' /etc/conf/
	offers 'fsu_cat disk.img /etc/.' /etc/.hidden
	tab 'fsu_cat disk.img /etc/'
	! has hidden
}
@test "quoted names" {
	offers 'fsu_cat disk.img two' 'two words'
	offers 'fsu_cat disk.img two\ ' 'two words'
	offers "fsu_cat disk.img 'two w" 'two words'
	offers 'fsu_ls disk.img "with' 'with space/'
}
@test "control characters in an image's names stay out of the line" {
	offers 'fsu_cat disk.img b' ''
}
@test "values of options" {
	offers 'fsu_cp disk.img --to=di' disk.img
	offers 'fsu_cp disk.img --target-directory=/e' /empty/ /etc/
	offers 'fsu_cp disk.img -t /em' /empty/
	offers 'fsu_ls --fstype=e' ext2
	offers 'fsu_ls -t e' ext2
	offers 'fsu_ls -o no' nowait
	offers 'makefs -t e' ext2
	offers 'newfs-img --type=ex' ext2
	# -t behind the image is ls's own
	offers 'fsu_ls disk.img -t e' empty/ etc/
	offers 'fsu_get disk.img -t host' hostdir
}
@test "put takes files of the host first, get puts them there" {
	offers 'fsu_put disk.img hostf' hostfile
	offers 'fsu_put disk.img hostfile /et' /etc/
	offers 'fsu_get disk.img /et' /etc/
	offers 'fsu_get disk.img /etc/hosts hostd' hostdir
}
@test "a mode or a pattern is no name" {
	offers 'fsu_chmod disk.img e' ''
	offers 'fsu_chmod disk.img u+x /em' /empty/
}
@test "makefs and newfs-img" {
	offers 'makefs -t ext2 new.img hostd' hostdir
	offers 'newfs-img -t ext2 di' disk.img
	tab 'makefs --'
	has '--free-files='
}
@test "FSU_DEVICE and --image name the image" {
	FSU_DEVICE=disk.img offers 'fsu_cat /etc/host' /etc/hostname /etc/hosts
	offers 'fsu_cat --image=disk.img /etc/host' /etc/hostname /etc/hosts
}
@test "behind -- nothing is an option" {
	offers 'fsu_cat disk.img -- -' ''
}
@test "names of ~/.fsurc" {
	echo "rootfs $PWD/disk.img" >"$HOME/.fsurc"
	offers 'fsu_ls ro' rootfs
	offers 'fsu_ls rootfs /em' /empty/
}
@test "behind a % the partitions" {
	command -v sfdisk >/dev/null || skip "no sfdisk"
	truncate -s 8M disk2.img
	printf 'label: gpt\nstart=2048,size=4096,name=root\nstart=8192,size=4096\n' | sfdisk -q disk2.img
	offers 'fsu_ls disk2.img%' disk2.img%GPT:1% disk2.img%GPT:2%
	offers 'makefs disk2.img%G' disk2.img%GPT:1% disk2.img%GPT:2%
	# bash cuts at the colon, and what it gets replaces what stands behind
	offers 'fsu_ls disk2.img%GPT:' 1% 2%
	offers 'fsu_ls disk2.img%GPT:2' 2%
	newfs-img -t ext2 disk2.img%GPT:2% >/dev/null
	fsu_mkdir disk2.img%GPT:2% /inside
	offers 'fsu_ls disk2.img%GPT:2% /in' /inside/
}
@test "an image that is in use isn't waited for" {
	mkfifo go
	fsu_sh disk.img <go &
	exec 7>go
	sleep 0.3
	SECONDS=0
	offers 'fsu_ls disk.img /e' ''
	[ "$SECONDS" -lt 2 ]
	exec 7>&-
	wait
}
@test "no image, no names" {
	offers 'fsu_ls nothere.img /e' ''
}
@test "every command has its completion" {
	local c
	for c in "$BUILD"/bin/*; do
		c=${c##*/}
		complete -p "$c" >/dev/null || { echo "$c"; return 1; }
		[ -e "$BUILD/share/bash-completion/completions/$c" ] || { echo "$c: no file"; return 1; }
	done
}
@test "bash itself, on a terminal" {
	command -v script >/dev/null || skip "no script"
	cat >rc <<-END
		source $BUILD/share/bash-completion/completions/fs-utils
		PS1='\$ '
		bind 'set enable-bracketed-paste off'
	END
	{
		sleep 1
		printf 'fsu_cat disk.img /etc/hostn\t\n'
		sleep 1
		printf 'fsu_ls disk.img -d two\t\nexit\n'
		sleep 1
	} | timeout 20 script -qec "bash --noprofile --rcfile rc -i" /dev/null >got 2>&1
	grep -q '^box' got || { cat got; return 1; }
	grep -q "^'two words'" got || { cat got; return 1; }
}
