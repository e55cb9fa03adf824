# SPDX-License-Identifier: BSD-2-Clause
# Many commands on one image at once: each waits for its turn, none is lost, and a
# reader never sees half of a change.

load helper

setup() {
	command -v e2fsck >/dev/null || skip "no e2fsck"
	fsu_setup
	mkdir t
	echo aaa >t/f
	head -c 400000 /dev/zero | tr '\0' 1 >t/big
	mkimage i.img 16M t -b 1024
}

teardown() {
	fsu_teardown
}

# all PID..: each of them must end with 0
all() {
	local pid failed=0
	for pid; do wait "$pid" || failed=$((failed + 1)); done
	[ $failed -eq 0 ] || {
		echo "$failed failed"
		cat err* 2>/dev/null
		return 1
	}
}

@test "twenty fsu_put at once: all succeed, one after the other" {
	local pids=()
	for i in $(seq 20); do
		head -c $((i * 9000)) /dev/urandom >"s$i"
		timeout 100 fsu_put i.img "s$i" "/s$i" 2>"err$i" 3>&- &
		pids+=($!)
	done
	all "${pids[@]}"
	for i in $(seq 20); do fsu_cat i.img "/s$i" | cmp - "s$i"; done
	fsck_clean i.img
}

@test "twenty commands of all kinds at once" {
	local pids=()
	for i in $(seq 5); do echo $i >"m$i"; fsu_put i.img "m$i" "/m$i"; done
	for i in $(seq 5); do
		timeout 100 fsu_mkdir i.img "/dir$i" 2>"err1$i" 3>&- & pids+=($!)
		timeout 100 fsu_mv i.img "/m$i" "/moved$i" 2>"err2$i" 3>&- & pids+=($!)
		timeout 100 fsu_cp i.img /big "/copy$i" 2>"err3$i" 3>&- & pids+=($!)
		echo "$i" | timeout 100 fsu_put i.img - "/piped$i" 2>"err4$i" 3>&- & pids+=($!)
	done
	all "${pids[@]}"
	for i in $(seq 5); do
		[ "$(fsu_cat i.img "/moved$i")" = "$i" ]
		[ "$(fsu_cat i.img "/piped$i")" = "$i" ]
		fsu_cat i.img "/copy$i" | cmp - t/big
		fsu_stat i.img "/dir$i" >/dev/null
	done
	fsck_clean i.img
}

@test "readers beside a writer: the old content or the new, never a mixture" {
	local reader writer
	tr 1 2 <t/big >two
	(
		trap 'exit 0' TERM
		for _ in $(seq 15); do
			fsu_put i.img two /big || exit 1
			fsu_put i.img t/big /big || exit 1
		done
	) 3>&- &
	writer=$!
	(
		for _ in $(seq 15); do
			fsu_cat i.img /big >read || exit 1
			cmp -s read t/big || cmp -s read two || exit 2
		done
	) 3>&- &
	reader=$!
	all $reader $writer
	fsck_clean i.img
}

@test "cat | sed | put of one file: the reader is done before the writer waits" {
	for _ in 1 2 3 4 5; do
		fsu_put i.img t/f /f
		timeout 20 sh -c 'fsu_cat i.img /f | sed s/a/b/ | fsu_put i.img - /f'
		[ "$(fsu_cat i.img /f)" = baa ]
	done
	# More than a pipe holds
	timeout 20 sh -c 'fsu_cat i.img /big | tr 1 3 | fsu_put i.img - /big'
	fsu_cat i.img /big | cmp - <(tr 1 3 <t/big)
	fsck_clean i.img
}

@test "-o nowait: status 2 at once while another writes; the same afterwards works" {
	local writer
	# A pipe that nobody empties: this reader holds its lock.
	head -c 5000000 /dev/zero | fsu_put i.img - /huge
	mkfifo out
	exec 8<>out
	fsu_cat i.img /huge >out 3>&- &
	writer=$!
	head -c 1 <&8 >/dev/null # it has begun
	before=$(sum i.img)
	expect 2 timeout 5 fsu_put -o nowait i.img t/f /g
	one_line
	expect 2 timeout 5 fsu_rm -o nowait i.img /f
	[ "$(sum i.img)" = "$before" ]
	expect 0 timeout 5 fsu_cat -o nowait i.img /f # readers share
	cat <&8 >/dev/null 3>&- &
	wait $writer
	kill $!
	exec 8<&-
	expect 0 fsu_put -o nowait i.img t/f /g
	fsck_clean i.img
}

@test "twenty writers of all kinds: put, mkdir, rm, mv" {
	local pids=()
	for i in $(seq 5); do
		echo "$i" | fsu_put i.img - "/old$i"
		echo "$i" | fsu_put i.img - "/gone$i"
	done
	for i in $(seq 5); do
		timeout 100 fsu_put i.img t/big "/dir/put$i" -D 2>"err1$i" 3>&- & pids+=($!)
		timeout 100 fsu_mkdir i.img -p "/dir/new$i/deep" 2>"err2$i" 3>&- & pids+=($!)
		timeout 100 fsu_rm i.img "/gone$i" 2>"err3$i" 3>&- & pids+=($!)
		timeout 100 fsu_mv i.img "/old$i" "/renamed$i" 2>"err4$i" 3>&- & pids+=($!)
	done
	all "${pids[@]}"
	for i in $(seq 5); do
		fsu_cat i.img "/dir/put$i" | cmp - t/big
		fsu_stat i.img "/dir/new$i/deep" >/dev/null
		expect 1 fsu_stat i.img "/gone$i"
		expect 1 fsu_stat i.img "/old$i"
		[ "$(fsu_cat i.img "/renamed$i")" = "$i" ]
	done
	fsck_clean i.img
}

@test "two partitions of one disk: copies in both directions at once" {
	local pids=() a='disk%OFFSET:1m,16m%' b='disk%OFFSET:17m,16m%'
	head -c 1M /dev/urandom >gap
	cat gap i.img i.img gap >disk
	for i in 1 2 3 4 5; do
		timeout 60 fsu_cp "$a" --to="$b" /big "/from-a$i" 2>"err1$i" 3>&- & pids+=($!)
		timeout 60 fsu_cp "$b" --to="$a" /big "/from-b$i" 2>"err2$i" 3>&- & pids+=($!)
	done
	all "${pids[@]}"
	for i in 1 2 3 4 5; do
		fsu_cat "$b" "/from-a$i" | cmp - t/big
		fsu_cat "$a" "/from-b$i" | cmp - t/big
	done
	head -c 1M disk | cmp - gap
	tail -c 1M disk | cmp - gap
	tail -c +$((1048576 + 1)) disk | head -c 16M >one
	tail -c +$((17 * 1048576 + 1)) disk | head -c 16M >two
	fsck_clean one
	fsck_clean two
	[ "$(stat -c %s disk)" -eq $((34 * 1048576)) ]
	# Windows that overlap can't be two file systems.
	expect 2 fsu_cp "$a" --to='disk%OFFSET:2m,4m%' /big /x
	one_line
	has overlaps
}

@test "a block device: written, by several commands at once too" {
	need_root
	dev=$(losetup -f --show i.img 2>/dev/null) || skip "no loop devices here"
	local pids=() st=0
	for i in $(seq 8); do
		timeout 60 fsu_put "$dev" t/big "/dev$i" 2>"err$i" 3>&- & pids+=($!)
	done
	all "${pids[@]}" || st=1
	run fsu_ls "$dev" /
	losetup -d "$dev"
	[ $st -eq 0 ]
	for i in $(seq 8); do has "dev$i"; done
	fsck_clean i.img
}
