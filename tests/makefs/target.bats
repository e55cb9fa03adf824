# SPDX-License-Identifier: BSD-2-Clause
# "Writing safely": where makefs and newfs-img put images, and what they refuse.

load ../cmd/helper
load judge

setup() {
	fsu_setup
	mkdir tree
	echo hello >tree/hello
}
teardown() {
	[ -z "${LOOP-}" ] || losetup -d "$LOOP"
	fsu_teardown
}

# Both commands, in turn.
each() { # STATUS [option..] IMAGE
	local want=$1
	shift
	expect "$want" makefs "$@" tree
	expect "$want" newfs-img -s 100k "$@"
}

# refused FILE TEXT: by both, FILE stays as it is.
refused() {
	local before
	before=$(sum "$1")
	expect 2 makefs "$1" tree
	has "$2"
	one_line
	expect 2 newfs-img -s 100k "$1"
	has "$2"
	[ "$(sum "$1")" = "$before" ]
	nothing_left
}

@test "an empty file, zeros and a bare file system are replaced" {
	: >x.img
	each 0 x.img
	truncate -s 10M z.img
	each 0 z.img
	fsck_clean z.img
	mkimage m.img 4M
	each 0 m.img
	head -c 100000 /dev/zero >w.img
	each 0 w.img
	nothing_left
}

@test "a partition table, an archive, a container, unknown content are refused" {
	printf '\125\252' | dd of=mbr.img bs=1 seek=510 status=none
	truncate -s 10M mbr.img
	if command -v sfdisk >/dev/null; then
		rm mbr.img
		truncate -s 10M mbr.img
		echo 'start=2048,type=83' | sfdisk -q mbr.img
		truncate -s 10M gpt.img
		printf 'label: gpt\nstart=2048\n' | sfdisk -q gpt.img
		refused gpt.img "partition table"
	fi
	refused mbr.img "partition table"
	tar cf t.tar tree
	refused t.tar "tar"
	gzip -c t.tar >t.gz
	refused t.gz "--force"
	head -c 5000 /dev/urandom >junk
	refused junk "no file system"
	echo "precious notes" >notes.txt
	refused notes.txt "--force"
	(head -c 9000000 /dev/zero; echo end) >late
	refused late "--force"
}

@test "--force overwrites them" {
	head -c 5000 /dev/urandom >junk
	each 0 --force junk
	fsck_clean junk
}

@test "symlinks are resolved, not replaced; mode and owner of the old file stay" {
	mkdir there
	ln -s there/x.img link
	each 0 link
	[ -L link ]
	fsck_clean there/x.img
	chmod 640 there/x.img
	if [ "$(id -u)" -eq 0 ]; then
		chown 12:34 there/x.img
	fi
	owner=$(stat -c '%a %u %g' there/x.img)
	makefs link tree
	[ "$(stat -c '%a %u %g' there/x.img)" = "$owner" ]
	[ -L link ]
	ln -s loop1 loop2
	ln -s loop2 loop1
	each 2 loop1
}

@test "a new file has the mode that umask leaves" {
	(umask 027 && makefs x.img tree)
	[ "$(stat -c %a x.img)" = 640 ]
}

@test "a read-only file is refused" {
	mkimage x.img 4M
	chmod 444 x.img
	refused x.img "write permission"
}

@test "directories, devices, FIFOs and missing directories are status 2" {
	mkdir dir
	mkfifo fifo
	each 2 dir
	each 2 fifo
	each 2 /dev/null
	each 2 nowhere/x.img
	each 2 hello/
	[ -d dir ] && [ -p fifo ]
	nothing_left
}

@test "makefs - writes to standard output" {
	makefs a.img tree
	makefs - tree | cat >b.img
	cmp a.img b.img
	makefs - tree >c.img
	cmp a.img c.img
	tar -C tree -cf - . | makefs - - >d.img
	fsck_clean d.img
}

@test "standard output that is full or closed is a failure" {
	[ -w /dev/full ] || skip
	run sh -c 'makefs - tree >/dev/full'
	[ "$status" -eq 1 ]
	has "No space left"
}

@test "the operands swapped: nobody loses an image" {
	mkimage disk.img 4M
	before=$(sum disk.img)
	expect 2 makefs tree disk.img
	has "is a directory"
	makefs other.img tree
	expect 2 makefs other.img disk.img
	has "operands swapped"
	expect 2 makefs new.img disk.img
	has "operands swapped"
	[ ! -e new.img ]
	[ "$(sum disk.img)" = "$before" ]
}

@test "sources that are nothing: empty, no entries, random, a dead pipe" {
	mkimage x.img 1M
	before=$(sum x.img)
	: >empty
	expect 1 makefs x.img empty
	has "is empty"
	expect 1 makefs x.img - </dev/null
	head -c 100000 /dev/urandom >random
	expect 1 makefs x.img random
	head -c 10240 /dev/zero >zeros.tar
	expect 1 makefs x.img zeros.tar
	has "has no entries"
	printf '#mtree\n' >m
	expect 1 makefs x.img m
	has "has no entries"
	expect 2 makefs x.img nowhere
	expect 2 makefs x.img /dev/zero
	head -c 300000 /dev/urandom >tree/r
	tar --format=pax -C tree -cf t.tar .
	end=$(($(stat -c %s t.tar)))
	for cut in 100 700 1500 200000 $((end / 512 * 512 - 10240)); do
		head -c "$cut" t.tar >cut.tar
		expect 1 makefs x.img - <cut.tar
		head -c "$cut" t.tar | gzip -c >cut.gz
		expect 1 makefs x.img cut.gz
	done
	gzip -c t.tar | head -c 200000 >cut.gz
	expect 1 makefs x.img cut.gz
	[ "$(sum x.img)" = "$before" ]
	nothing_left
}

@test "a tar that ends between two members is a pipe that died" {
	tar --format=ustar -C tree -b 1 -cf t.tar hello
	for n in 1024 1536; do
		head -c $n t.tar >cut.tar
		expect 1 makefs x.img - <cut.tar
		has "two zero blocks"
		expect 1 makefs x.img cut.tar
		has "two zero blocks"
	done
	[ ! -e x.img ]
	head -c 2048 t.tar | makefs x.img -
	fsck_clean x.img
	# garbage behind the end doesn't matter; zeros in a member's data don't either
	(head -c 2048 t.tar; echo garbage) | makefs y.img -
	head -c 4096 /dev/zero >tree/zeros
	tar --format=ustar -C tree -b 1 -cf z.tar zeros
	head -c $((512 + 4096)) z.tar >cut.tar
	expect 1 makefs z.img - <cut.tar
	[ ! -e z.img ]
}

@test "a file is no archive by its name, and no manifest but by its first line" {
	echo "just some text" >t.tar
	expect 1 makefs x.img t.tar
	echo "hello type=file" >m.mtree
	expect 1 makefs x.img m.mtree
	[ ! -e x.img ]
	for first in '#mtree v2.0' '/set type=file' '. type=dir' './a type=dir'; do
		printf '# comment\n\n%s\n./b type=dir\n' "$first" >m
		[ "$first" != '#mtree v2.0' ] || sed -i 1,2d m
		makefs x.img m
		fsck_clean x.img
	done
}

@test "the image and its previous version are skipped inside the source" {
	makefs tree/x.img tree
	fsck_clean tree/x.img
	touch -d @1600000000 tree
	SOURCE_DATE_EPOCH=1600000000 makefs tree/x.img tree
	cp tree/x.img first
	touch -d @1600000000 tree
	SOURCE_DATE_EPOCH=1600000000 makefs tree/x.img tree
	cmp first tree/x.img
	run debugfs -R 'ls -p /' tree/x.img
	has "/hello/"
	case $output in *x.img*) return 1 ;; esac
}

@test "-n prints the size and writes nothing, whatever stands there" {
	size=$(makefs -n x.img tree)
	[ ! -e x.img ]
	makefs x.img tree
	[ "$(stat -c %s x.img)" -le "$size" ]
	before=$(sum x.img)
	head -c 500000 /dev/urandom >tree/more
	size2=$(makefs -n x.img tree)
	[ "$size2" -gt $((size + 500000)) ]
	[ "$(sum x.img)" = "$before" ]
	[ "$(makefs -n - tree)" = "$size2" ]
	nothing_left
}

@test "the old image is locked while the new one is made" {
	makefs x.img tree
	before=$(sum x.img)
	# a reader: an open-file-description lock on the range
	python3 - x.img <<-'END' &
		import fcntl, os, struct, sys, time
		fd = os.open(sys.argv[1], os.O_RDONLY)
		fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))
		open("locked", "w").close()
		time.sleep(3)
	END
	pid=$!
	until [ -e locked ]; do sleep 0.05; done
	expect 2 makefs --no-wait x.img tree
	has "in use"
	[ "$(sum x.img)" = "$before" ]
	wait $pid
	makefs --no-wait x.img tree
}

@test "kill -9 and ^C at any time leave nothing behind, and the old image whole" {
	mkdir tree/many
	(cd tree/many && seq 1 3000 | xargs touch)
	head -c 20000000 /dev/urandom >tree/big
	mkimage x.img 1M
	before=$(sum x.img)
	for t in 0.01 0.03 0.06 0.1; do
		for sig in KILL INT TERM; do
			timeout -s $sig $t makefs x.img tree || true
			nothing_left
			if [ "$(sum x.img)" != "$before" ]; then
				fsck_clean x.img # it was through
				mkimage x.img 1M
				before=$(sum x.img)
			fi
		done
	done
}

@test "the host's disk is full: status 1, the old image stays" {
	need_root
	mkdir small meta
	mount -t tmpfs -o size=2m none small || skip "no tmpfs"
	mkimage small/x.img 1M
	before=$(sum small/x.img)
	head -c 4000000 /dev/urandom >tree/big
	(cd meta && seq -f '%020.0f' 20000 | xargs touch)
	run makefs small/x.img tree
	s=$status out=$output
	run makefs small/x.img meta
	s2=$status out2=$output
	after=$(sum small/x.img || true) left=$(ls -A small)
	umount small
	[ "$s" -eq 1 ]
	output=$out
	has "No space left"
	has "make room"
	[ "$s2" -eq 1 ]
	output=$out2
	has "No space left"
	has "make room"
	[ "$after" = "$before" ]
	[ "$left" = x.img ]
}

@test "a block device: filled, refused if a signature is there" {
	[ -d /sys/block ] || skip "no /sys to see loop devices in"
	need_root
	truncate -s 8M backing
	LOOP=$(losetup -f --show backing) || { LOOP=; skip "no loop devices"; }
	makefs "$LOOP" tree
	fsck_clean "$LOOP"
	[ $(($(figure "$LOOP" 'Block count') * $(figure "$LOOP" 'Block size'))) -eq 8388608 ]
	expect 2 makefs "$LOOP" tree
	has "--force"
	expect 2 newfs-img "$LOOP"
	expect 2 makefs backing tree
	has "loop"
	makefs --force -s 2m "$LOOP" tree
	[ "$(figure "$LOOP" 'Block count')" -eq 2048 ]
	expect 1 makefs --force -s 20m "$LOOP" tree
	mkdir m
	if mount "$LOOP" m; then
		expect 2 makefs "$LOOP" tree
		umount m
	fi
}

@test "-O: into a file, at an offset, which must be free" {
	truncate -s 4M disk.img
	printf 'first sector' | dd of=disk.img conv=notrunc status=none
	makefs -O 1m -s 2m disk.img tree
	[ "$(stat -c %s disk.img)" -eq 4194304 ]
	[ "$(head -c 12 disk.img)" = "first sector" ]
	dd if=disk.img of=part bs=1M skip=1 count=2 status=none
	fsck_clean part
	[ "$(debugfs -R 'cat hello' part 2>/dev/null)" = hello ]
	expect 2 makefs -O 1m -s 1m disk.img tree
	has "--force"
	makefs --force -O 1m -s 1m disk.img tree
	makefs -O 64k new.img tree
	dd if=new.img of=part2 bs=64k skip=1 status=none
	fsck_clean part2
	expect 2 makefs -O 100 y.img tree
}

@test "an OFFSET that reaches over a partition or its table is refused" {
	local w sum
	truncate -s 16m disk
	printf 'label: gpt\nstart=2048,size=8192\nstart=12288,size=8192\n' |
		/sbin/sfdisk -q disk
	sum=$(sum disk)
	for w in OFFSET:512,1m OFFSET:1m OFFSET:2m,5m OFFSET:512k,1m OFFSET:5m,2m OFFSET:15m,1m; do
		each 2 "disk%$w%"
		has "without --force"
	done
	[ "$(sum disk)" = "$sum" ]
	for w in OFFSET:1m,4m OFFSET:5m,1m OFFSET:11m,4m; do
		expect 0 makefs "disk%$w%" tree
	done
	each 0 --force "disk%OFFSET:2m,5m%"
	expect 0 fsu_part disk
}
