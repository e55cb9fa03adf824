#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# fsu_sh: commands on an image that is opened once.

load helper

setup() {
	fsu_setup
	mkdir -p r/etc r/bin r/.hid
	echo box >r/etc/hostname
	echo '127.0.0.1 localhost' >r/etc/hosts
	ln -s hostname r/etc/name
	: >'r/two words'
	: >r/-n
	: >'r/*'
	mkimage d.img 4M r -E root_owner=0:0
}
teardown() { fsu_teardown; }

# sh_is OPTION.. COMMANDS WANT: what -c prints.
sh_is() {
	local want=${*: -1}
	run fsu_sh d.img -r -c "${@:1:$#-1}"
	[ "$output" = "$want" ] || { printf 'got: %s\nnot: %s\n' "$output" "$want"; return 1; }
}
lines() { printf '%s\n' "$@"; }

# ---- the language ----

@test "words and quotes are sh's" {
	cat >words <<-'END'
		echo a  b   c
		echo 'a  b' "c  d" e\ f '' "" g
		echo "a\"b\\c\d" 'a\b' \# a#b # not this
		echo 'it'"'"'s' "tab	in"
		echo '$HOME `x`' "(y)" "a;b" 'a|b' "a&&b" '<' ">"
		echo -n one; echo two
		echo a\
		b "c\
		d"
		echo 'two
		lines' end
		# a comment

		;echo
	END
	sed '$d' words >ok
	bash ok >want
	fsu_sh d.img -r -f ok >got
	diff want got
	fsu_sh d.img -r <ok >got
	diff want got
	expect 2 fsu_sh d.img -r -f words
	has "no command stands before"
}
@test "; && || run what sh runs" {
	cat >lists <<-'END'
		cd /etc && echo yes || echo no
		cd /nothere 2>/dev/null && echo yes || echo no
		cd /nothere 2>/dev/null || echo a && echo b
		echo 1; echo 2 ; echo 3
		cd /etc &&
		echo after
		cd /nothere 2>/dev/null && echo x && echo y
		echo end
	END
	fsu_sh d.img -r -f lists >got
	lines yes no a b 1 2 3 after end >want
	diff want got
}
@test "a syntax error is one line and status 2, and nothing of the line runs" {
	local s
	for s in "echo 'a" 'echo "a' 'ls >' 'ls | ' 'ls |' 'ls &' '| wc' 'ls &&' '; ls' 'echo x; ; ls' '> f' 'echo x && || ls'; do
		expect 2 fsu_sh d.img -r -c "$s"
		one_line
		case $output in *fsu_sh:*) ;; *) echo "$s: $output"; return 1 ;; esac
	done
	[ ! -e f ]
	printf 'echo one\necho two\0three\necho four\n' >nul
	expect 2 fsu_sh d.img -r -f nul
	has one
	has NUL
	! has two || return 1
	! has four || return 1
	expect 2 fsu_sh d.img -r <<<'echo one; echo "two'
	! has one
}
@test "patterns are names in the image, unless they are quoted" {
	sh_is 'echo /etc/h*' '/etc/hostname /etc/hosts'
	sh_is 'cd /etc; echo *; echo h?st[st]' "$(lines 'hostname hosts name' hosts)"
	sh_is "echo '/etc/h*' /etc/h\\* \"/etc/h?sts\"" '/etc/h* /etc/h* /etc/h?sts'
	sh_is 'echo /nothing*' '/nothing*'
	sh_is 'echo /*/hosts' /etc/hosts
	sh_is "echo /e'*'* /e*[s]" '/e** /e*[s]'
	# a name that is a pattern is a name among others
	sh_is 'echo [*]' '*'
	sh_is 'echo t*' 'two words'
	sh_is 'ls t* | cat' 'two words'
	sh_is "ls '/etc/h*' || echo failed" "$(lines "fsu_ls: d.img: cannot access '/etc/h*': No such file or directory" failed)"
}
@test "no name in an image becomes an option" {
	sh_is 'echo -*' './-n'
	expect 0 fsu_sh d.img -c 'rm -f -*'
	expect 1 fsu_ls d.img /-n
	fsck_clean d.img
}
@test "put and lls take the host's patterns" {
	echo 1 >x1
	echo 2 >x2
	expect 0 fsu_sh d.img -c 'mkdir /new; put x* /new; ls /new; lls x*'
	[ "$output" = "$(lines x1 x2 x1 x2)" ]
	echo 3 >"$HOME/x3"
	expect 1 fsu_sh d.img -c 'put ~/x3 /new; cat /new/x3; put "~/x3" /new'
	has 3
	has "~/x3"
}
@test "redirections go to the host" {
	expect 0 fsu_sh d.img -c 'cat /etc/hostname > out; echo more >>out; cat /nothere 2> err; put - /n < out; cat /n'
	[ "$(cat out)" = "$(lines box more)" ]
	[ "$output" = "$(lines box more)" ]
	grep -q nothere err
	expect 1 fsu_sh d.img -c 'echo x > nodir/x'
	has 'nodir/x: No such file'
	expect 1 fsu_sh d.img -c 'put - /n < nothere'
	has 'nothere: No such file'
	# fsu_ls's own buffer and stdio's, mixed
	fsu_sh d.img -c 'echo 1 >o; ls /etc >>o; echo 2 >>o; cat -n /etc/hostname >>o; stat -c %n /etc >>o; cat /etc/hostname >>o'
	[ "$(cat o)" = "$(lines 1 hostname hosts name 2 '     1	box' /etc box)" ]
}
@test "the image is never what is redirected to" {
	before=$(sum d.img)
	expect 1 fsu_sh d.img -r -c 'echo x > d.img'
	has "d.img: is the image itself"
	expect 1 fsu_sh d.img -r -c 'cat /etc/hosts >> ./d.img'
	[ "$(sum d.img)" = "$before" ]
}
@test "pipes into the host's programs" {
	sh_is 'ls /etc | wc -l' 3
	sh_is "cat /etc/hostname | sed 's/b/B/; s/x/X/' | tr o 0" B0X
	sh_is 'cat /etc/hosts | head -c 3; echo; echo next' "$(lines 127 next)"
	sh_is 'ls /etc | grep -q hosts && echo there; ls /etc | grep -q nix || echo not' "$(lines there not)"
	sh_is 'cat /nothere 2>/dev/null | cat || echo failed' failed
	fsu_put d.img - /big < <(seq 300000)
	sh_is 'cat /big | head -n 1; ls -lR / | head -n 0; cat -n /big | head -n 1; echo fine' "$(lines 1 '     1	1' fine)"
	expect 0 fsu_sh d.img -r -c 'cat /big | head -n 1'
	expect 3 fsu_sh d.img -r -c 'cat /big | (exit 3)'
}
@test "! runs on the host, to the end of the line" {
	sh_is '!echo $((1+2)); echo "it is" | tr i I' "$(lines 3 'It Is')"
	expect 5 fsu_sh d.img -c '!exit 5'
	expect 137 fsu_sh d.img -c '!kill -9 $$'
	expect 127 fsu_sh d.img -c '!/no/such/program'
	# no descriptor of ours goes there
	sh_is '!ls /proc/self/fd | wc -l' "$(ls /proc/self/fd | wc -l)"
}

# ---- commands ----

@test "cd, pwd, lcd, lpwd" {
	sh_is 'pwd; cd etc; pwd; cd ..; pwd; cd /etc/../bin/.; pwd; cd; pwd; cd -; cd - ; pwd' "$(lines / /etc / /bin / /bin / /)"
	mkdir h
	sh_is 'lcd h; lpwd; lcd ..; lpwd; lcd; lpwd' "$(lines "$PWD/h" "$PWD" "$HOME")"
	expect 1 fsu_sh d.img -r -c 'cd /nothere'
	has 'cd: /nothere: No such file'
	expect 1 fsu_sh d.img -r -c 'cd /etc/hosts'
	has 'Not a directory'
	expect 1 fsu_sh d.img -r -c 'lcd nothere'
	expect 1 fsu_sh d.img -r -c 'cd -'
	expect 2 fsu_sh d.img -r -c 'cd a b'
	has 'usage: cd'
	# every kind of command starts where one is
	expect 0 fsu_sh d.img -c 'cd etc; cat hostname; stat -c %n hosts; mkdir a; cp hosts a; put r/etc/hosts a/h2; mv a/h2 .; ls -R a; rm -r a; ls; get -f hostname got'
	[ "$(cat got)" = box ]
	[ "$output" = "$(lines box hosts a: hosts h2 hostname hosts name)" ]
	expect 1 fsu_sh d.img -c 'mkdir x; cd x; rm -r /x; pwd'
	fsck_clean d.img
}
@test "ls, cat and others print what they print alone" {
	local c
	while read -r c; do
		# shellcheck disable=SC2086
		eval "fsu_${c/ / d.img }" >want 2>&1 || true
		fsu_sh d.img -r -c "$c" >got 2>&1 || true
		diff want got || { echo "$c"; return 1; }
	done <<-'END'
		ls -laR /
		ls -l /etc /bin
		cat -A /etc/hosts /etc/hostname
		cat /nothere /etc/hosts
		stat /etc
		stat -f /
		stat --json /etc/hosts /bin
		df -h
		df -i
		ls --version
		ls --nonsense
		cat -Z /etc
	END
	# also when others came before, with other options
	fsu_ls d.img /etc >want
	fsu_sh d.img -r -c 'ls -laR / | cat >/dev/null; ls -1F --color=always /etc | cat >/dev/null; cat -A /etc/hosts | cat >/dev/null; ls --sort=nothing 2>/dev/null; ls /etc' >got
	diff want got
	fsu_cat d.img -n /etc/hosts >want
	fsu_sh d.img -r -c 'cat -n /etc/hosts >/dev/null; cat -n /etc/hosts' >got
	diff want got
}
@test "status: the last command's, and exit's" {
	expect 0 fsu_sh d.img -r -c 'cat /nothere; ls'
	expect 1 fsu_sh d.img -r -c 'ls; cat /nothere'
	expect 2 fsu_sh d.img -r -c 'cat'
	expect 127 fsu_sh d.img -r -c 'nonsense'
	has '!nonsense'
	expect 7 fsu_sh d.img -r -c 'exit 7; ls'
	expect 1 fsu_sh d.img -r -c 'cat /nothere; exit'
	expect 2 fsu_sh d.img -r -c 'exit x'
	expect 0 fsu_sh d.img -r -c ''
	expect 0 fsu_sh d.img -r </dev/null
	expect 127 fsu_sh d.img -r -c 'sh d.img'
	expect 2 fsu_sh nothere.img -c ls
	one_line
	expect 2 fsu_sh d.img -f nothere
	one_line
	expect 2 fsu_sh d.img -f d -c ls
	expect 2 fsu_sh d.img ls
}
@test "-e stops at the first failure, but not before && and ||" {
	expect 1 fsu_sh d.img -r -e -c 'echo a; cat /nothere; echo b'
	has a
	! has "b
"
	[[ $output != *$'\n'b* ]]
	expect 0 fsu_sh d.img -r -e -c 'cat /nothere || echo b'
	has b
	printf '%s\n' 'echo a' 'cat /nothere' 'echo b' >s
	expect 1 fsu_sh d.img -r -e -f s
	[[ $output != *$'\n'b* ]]
	expect 1 fsu_sh d.img -r -e <s
	[[ $output != *$'\n'b* ]]
	expect 0 fsu_sh d.img -r <s
	[[ $output == *$'\n'b* ]]
	expect 127 fsu_sh d.img -r -e -c 'nonsense; echo b'
	expect 0 fsu_sh d.img -r -c 'set -e; set +e; cat /nothere; echo b'
	expect 1 fsu_sh d.img -r -c 'set -e; cat /nothere; echo b'
}
@test "help" {
	expect 0 fsu_sh d.img -r -c help
	local c
	for c in "$BUILD"/bin/fsu_*; do
		c=${c##*/fsu_}
		[ "$c" = sh ] || printf '%s\n' "$output" | grep -qw "$c" || { echo "$c"; return 1; }
	done
	has lcd
	expect 0 fsu_sh d.img -r -c 'help ls'
	has 'usage: fsu_ls [OPTION]'
	expect 0 fsu_sh d.img -r -c 'help cd'
	has 'usage: cd'
	expect 1 fsu_sh d.img -r -c 'help nonsense'
}
@test "umask is for what is made here" {
	expect 0 fsu_sh d.img -c 'umask 077; umask; mkdir /m; stat -c %a /m; umask 0; mkdir /n; stat -c %a /n'
	[ "$output" = "$(lines 0077 700 777)" ]
	expect 2 fsu_sh d.img -r -c 'umask 9'
}
@test "fsu_ in front works as well" {
	sh_is 'fsu_cat /etc/hostname' box
}
@test "no image's name: it is open" {
	expect 2 fsu_sh d.img -r -c 'ls --image=d.img /'
	has 'is open already'
	FSU_DEVICE=d.img expect 0 fsu_sh -r -c 'cat /etc/hostname'
	[ "$output" = box ]
}

# ---- the image ----

@test "reading changes nothing" {
	before=$(sum d.img)
	expect 0 fsu_sh d.img -r -c 'ls -lR /; cat /etc/*; df; get -R /etc out; cd /etc'
	[ "$(sum d.img)" = "$before" ]
	fsu_sh -o ro d.img -c 'ls'
	[ "$(sum d.img)" = "$before" ]
	# also where it could have been changed
	expect 0 fsu_sh d.img -c 'ls -lR /; cat /etc/*; df; find / -ls; sync'
	[ "$(sum d.img)" = "$before" ]
}
@test "commands that change it are refused where it is open for reading" {
	before=$(sum d.img)
	local c
	for c in 'mkdir /x' 'rm /etc/hosts' 'mv /etc /e' 'put r/etc/hosts /' 'cp /etc/hosts /x'; do
		expect 2 fsu_sh d.img -r -c "$c"
		has 'is open for reading only'
		one_line
	done
	[ "$(sum d.img)" = "$before" ]
}
@test "an image without write permission opens for reading, and says so" {
	chmod a-w d.img
	expect 0 fsu_sh d.img -c 'cat /etc/hostname'
	has 'opened for reading only: no write permission'
	has box
	chmod 644 d.img
	if [ "$(id -u)" -eq 0 ]; then
		as_user test -x "$(command -v fsu_sh)" || skip "an ordinary user can't run it"
		dir=$(mktemp -d)
		chmod 755 "$dir"
		cp d.img "$dir"
		run as_user fsu_sh "$dir/d.img" -c 'cat /etc/hostname'
		rm -r "$dir"
		[ "$status" -eq 0 ]
		has 'opened for reading only: Permission denied'
	fi
}
@test "who writes is alone, who reads isn't" {
	mkfifo go
	fsu_sh d.img -r <go &
	exec 7>go
	sleep 0.3
	expect 0 fsu_cat d.img /etc/hostname
	expect 2 fsu_mkdir -o nowait d.img /x
	exec 7>&-
	wait
	fsu_sh d.img <go &
	exec 7>go
	sleep 0.3
	expect 2 fsu_cat -o nowait d.img /etc/hostname
	exec 7>&-
	wait
	expect 0 fsu_cat d.img /etc/hostname
}
@test "a second image: opened and closed by its command, not waited for" {
	mkimage e.img 4M
	expect 0 fsu_sh d.img -c 'cp --to=e.img /etc/hosts /h; cp --to=e.img /etc/hostname /n; cp --to=d.img /etc/hosts /own; ls /own; rm /own'
	[ "$output" = /own ]
	expect 0 fsu_cat e.img /h
	[ "$output" = '127.0.0.1 localhost' ]
	expect 2 fsu_sh d.img -c 'cp --to=nothere.img /etc/hosts /h'
	mkfifo go
	fsu_sh e.img <go &
	exec 7>go
	sleep 0.3
	SECONDS=0
	run fsu_sh d.img -c 'cp --to=e.img /etc/hosts /x; echo on'
	[ "$SECONDS" -lt 2 ]
	has 'e.img'
	has on
	exec 7>&-
	wait
	fsck_clean d.img
	fsck_clean e.img
}
@test "exec leaves the image and comes back to the same directory" {
	expect 0 fsu_sh d.img -e -c 'cd /etc; exec sed -i s/box/BOX/ hostname; cat hostname; pwd; mkdir /still; exec grep -q BOX hostname; echo x >n; put n; cat n'
	[ "$output" = "$(lines BOX /etc x)" ]
	expect 4 fsu_sh d.img -c 'exec sh -c "exit 4" /etc/hosts'
	fsck_clean d.img
	before=$(sum d.img)
	run fsu_sh d.img -r -c 'cd /etc; exec sed -i s/BOX/no/ hostname; cat hostname; mkdir /x'
	has 'is open for reading only'
	has BOX
	[ "$status" -eq 2 ]
	[ "$(sum d.img)" = "$before" ]
	# gone, or another one: the shell ends
	expect 2 fsu_sh d.img -c 'exec sh -c "mv d.img e.img; cp e.img d.img" /etc/hosts; echo no'
	! has no
	mv e.img d.img
	run fsu_sh d.img -c 'exec sh -c "mv d.img e.img" /etc/hosts; echo no'
	[ "$status" -ne 0 ]
	[[ $output != *$'\n'no* ]]
}
@test "find acts on what is in the shell's directory" {
	sh_is 'cd etc; find . -name "h*" | sort' "$(lines ./hostname ./hosts)"
	sh_is 'cd etc; find -name hostname -exec cat {} \;' box
	expect 0 fsu_sh d.img -c 'cd etc; find . -name hosts -delete; echo *'
	[ "$output" = 'hostname name' ]
	fsck_clean d.img
}
@test "what a full image refuses is undone, and the next command works" {
	head -c 8M /dev/urandom >big
	expect 1 fsu_sh d.img -e -c 'put big /; echo no'
	has 'No space left'
	expect 0 fsu_sh d.img -c 'put big / 2>/dev/null; mkdir /after; put r/etc/hosts /after; cat /after/hosts'
	has localhost
	fsck_clean d.img
	run fsu_ls d.img /big
	[ "$status" -ne 0 ]
}
@test "a full or broken output is one command's trouble" {
	[ -w /dev/full ] || skip "no /dev/full"
	expect 0 fsu_sh d.img -r -c 'ls -l / >/dev/full; cat -n /etc/hosts >/dev/full; echo x >/dev/full; stat / >/dev/full; echo fine'
	has fine
	has 'No space left'
	expect 1 fsu_sh d.img -r -c 'cat -n /etc/hosts >/dev/full'
	[ "$(fsu_sh d.img -r -c 'stat / >/dev/full; echo fine' 2>/dev/null)" = fine ]
}
@test "sync writes out while the shell is open" {
	mkfifo go
	fsu_sh d.img <go &
	exec 7>go
	echo 'put r/etc/hosts /synced; sync; !: >done' >&7
	while [ ! -e done ]; do sleep 0.1; done
	cp d.img copy.img
	exec 7>&-
	wait
	expect 0 fsu_cat copy.img /synced
}
@test "SIGTERM unmounts and ends" {
	mkfifo go
	fsu_sh d.img <go &
	pid=$!
	exec 7>go
	echo 'mkdir /made; !: >done' >&7
	while [ ! -e done ]; do sleep 0.1; done
	kill -TERM $pid
	st=0
	wait $pid || st=$?
	exec 7>&-
	[ $st -eq 143 ]
	expect 0 fsu_ls d.img -d /made
	fsck_clean d.img
}
@test "SIGINT ends a script" {
	mkfifo go
	# (a job in the background ignores it by itself)
	env --default-signal=INT fsu_sh d.img -c 'mkdir /made; !: >done
put - /x
echo no' <go >got 2>&1 &
	pid=$!
	exec 7>go
	while [ ! -e done ]; do sleep 0.1; done
	sleep 0.3
	kill -INT $pid
	st=0
	wait $pid || st=$?
	exec 7>&-
	[ $st -eq 130 ]
	! grep no got
	expect 0 fsu_ls d.img -d /made
	fsck_clean d.img
}
@test "standard input is the script, or the commands'" {
	lines 'put - /empty' 'echo next' >s
	expect 0 fsu_sh d.img <s
	[ "$output" = next ]
	expect 0 fsu_cat d.img /empty
	[ "$output" = '' ]
	expect 0 fsu_sh d.img -f s <<<'from outside'
	expect 0 fsu_cat d.img /empty
	[ "$output" = 'from outside' ]
	expect 0 fsu_sh d.img -c 'put - /c; cat /c' <<<'for c'
	[ "$output" = 'for c' ]
	expect 0 fsu_sh d.img -f - <<<'cat /c'
	[ "$output" = 'for c' ]
	# questions are answered from it
	yes n | fsu_sh d.img -c 'rm -i /c; ls /c'
	yes | fsu_sh d.img -c 'rm -i /c'
	run fsu_cat d.img /c
	[ "$status" -eq 1 ]
}

# ---- many ----

@test "thousands of commands leave nothing open and grow nothing" {
	local i
	for ((i = 0; i < 1500; i++)); do
		echo "ls -l /etc"
		echo "cat -n /etc/hosts"
		echo "put r/etc/hosts /n$i"
		echo "stat /n$i"
		echo "mkdir /d$i; cd /d$i; cd ..; mv n$i d$i"
		echo "cat /nothere 2>/dev/null"
		echo "rm -r d*"
		echo "echo * | cat"
	done >many
	(
		ulimit -n 40
		fsu_sh d.img -f many >out
		echo "$?" >status
	)
	[ "$(cat status)" -eq 0 ]
	[ "$(grep -c '127.0.0.1' out)" -eq 1500 ]
	fsck_clean d.img
}
@test "1,000 commands take at most a twentieth of 1,000 processes" {
	[[ $BUILD != *-address* && $BUILD != *-thread* ]] || skip "sanitizers"
	local i a b c
	for ((i = 0; i < 1000; i++)); do echo 'stat -c %n /etc'; done >k
	a=$(date +%s%N)
	fsu_sh d.img -r -f k >one
	b=$(date +%s%N)
	for ((i = 0; i < 200; i++)); do fsu_stat d.img -c %n /etc; done >two
	c=$(date +%s%N)
	[ "$(wc -l <one)" -eq 1000 ]
	echo "shell $(((b - a) / 1000)) us for 1000, processes $(((c - b) / 1000)) us for 200"
	[ $(((b - a) * 20)) -le $(((c - b) * 5)) ]
}
@test "odd input doesn't kill it" {
	head -c 20000 /dev/urandom | tr -d '!\n|>' >noise
	fsu_sh d.img -r -f noise >/dev/null 2>&1 || true
	printf 'echo a\0b\necho c' >nul # not "echo a", nor what follows
	expect 2 fsu_sh d.img -r <nul
	one_line
	printf 'echo %s\n' "$(head -c 300000 /dev/zero | tr '\0' x)" | fsu_sh d.img -r | wc -c | grep -q 300001
	printf 'echo crlf\r\nls /etc\r\n' | fsu_sh d.img -r >got
	[ "$(cat got)" = "$(lines crlf hostname hosts name)" ]
}

# ---- the terminal ----

@test "on a terminal" {
	python3 "$BATS_TEST_DIRNAME/sh_terminal.py" fsu_sh d.img
}
