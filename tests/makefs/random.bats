# SPDX-License-Identifier: BSD-2-Clause
# makefs of random trees: clean, tight, the same twice, the same from a tar, and
# all that went in comes out.

load ../cmd/helper
load judge

setup() { fsu_setup; }
teardown() { fsu_teardown; }

# random_tree SEED DIR
random_tree() {
	python3 - "$1" "$2" <<-'END'
		import os, random, sys
		r = random.Random(int(sys.argv[1]))
		top = sys.argv[2]
		os.mkdir(top)
		dirs, files = [top], []
		for i in range(r.choice([3, 30, 300])):
		    where = r.choice(dirs)
		    kind = r.random()
		    length = r.choice([1, 3, 8, 8, 8, 20, 60, 200])
		    name = (str(i) + ''.join(r.choice('ab.-_ zé!~') for _ in range(length)))[:120]
		    path = os.path.join(where, name)
		    if len(path) > 3000:
		        continue
		    if kind < 0.2:
		        os.mkdir(path)
		        dirs.append(path)
		    elif kind < 0.7:
		        with open(path, 'wb') as f:
		            f.write(r.randbytes(r.choice([0, 1, 100, 1023, 1024, 4096, 4097, 12288, 12289, 60000, 300000])))
		            if r.random() < 0.1:
		                f.seek(r.randrange(1, 3000000))
		                f.write(r.randbytes(r.randrange(1, 9000)))
		            if r.random() < 0.05:
		                f.truncate(r.randrange(1, 5000000))
		        os.chmod(path, r.choice([0o644, 0o600, 0o755, 0o444]))
		        files.append(path)
		    elif kind < 0.8 and files:
		        os.link(r.choice(files), path)
		    elif kind < 0.95:
		        os.symlink('t' * r.choice([1, 59, 60, 61, 500]), path)
		    else:
		        os.mkfifo(path)
		for p in files:
		    t = r.randrange(0, 2 ** 33) * 10 ** 9 + r.randrange(10 ** 9)
		    os.utime(p, ns=(t, t))
		for p in reversed(dirs):
		    t = r.randrange(0, 2 ** 31) * 10 ** 9 + r.randrange(10 ** 9)
		    os.utime(p, ns=(t, t))
	END
}

@test "random trees" {
	for seed in $(seq "${SEED:-1}" $((${SEED:-1} + ${TREES:-14}))); do
		echo "seed $seed"
		random_tree "$seed" tree
		block=$((1024 << (seed % 4)))
		makefs -o bsize=$block a.img tree
		holds a.img tree
		tight a.img
		makefs -o bsize=$block b.img tree
		cmp a.img b.img
		tar --format=pax --sparse -C tree -cf t.tar .
		makefs -o bsize=$block c.img t.tar
		cmp a.img c.img
		n=$(stat -c %s a.img)
		makefs -o bsize=$block -s $((n + seed * 4000)) d.img tree
		fsck_clean d.img
		rm -rf tree
	done
}
