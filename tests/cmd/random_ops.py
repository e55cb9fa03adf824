#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""random_ops.py IMAGE WORKDIR SEED COUNT [--every N] [--grain NS] [--limit BYTES]

The same random commands on an image and, by coreutils, on a directory.  Both must
succeed or both fail; every N commands the image must be clean for e2fsck -fn, and what
fsu_get -a gives back must be the directory; at the end what debugfs gives, too.

The directory is the model: what there is to act on is read from it.  Targets of
symlinks are relative and never begin with "..": the image's root is "/", the
directory's isn't.  On a difference the commands since the last comparison are printed.
"""
import argparse
import os
import random
import re
import shlex
import shutil
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import treecmp  # noqa: E402

NAMES = ["a", "b", "c", "file", "x" * 100, "ü", "with space", "n" * 255, "q", "-d"]
ROOT = os.geteuid() == 0
SIZES = [0, 1, 59, 60, 500, 1023, 1024, 1025, 4096, 5000, 12288, 12289, 20000, 65536, 70000,
         280000, 300001]


class Run:
    def __init__(self, o):
        self.o = o
        self.rng = random.Random(o.seed)
        self.image = os.path.abspath(o.image)
        self.work = os.path.abspath(o.workdir)
        self.host = os.path.join(self.work, "host")
        self.src = os.path.join(self.work, "src")
        self.log = []
        self.counts = {}
        self.failures = 0
        os.makedirs(self.host)
        os.makedirs(self.src)
        os.umask(0o022)
        self.start = time.time_ns()
        try:
            os.setxattr(self.src, "user.test", b"x")
        except OSError:
            o.attrs = False
        self.have = {c: shutil.which("fsu_" + c) is not None
                     for c in ("put", "cp", "mv", "rm", "mkdir", "ln", "chmod", "truncate", "touch")}

    # ---- what there is ---------------------------------------------------
    def tree(self):
        return {os.fsdecode(n): st for n, st in treecmp.scan(self.host).items() if n != b"."}

    def pick(self, kinds, default=None):  # of the directory's names
        names = sorted(n for n, st in self.now.items() if stat.S_IFMT(st.st_mode) in kinds)
        return self.rng.choice(names) if names else default

    def anydir(self):
        d = self.pick((stat.S_IFDIR,), ".")
        return "." if self.rng.random() < 0.25 or d.count("/") > 4 else d

    def newname(self):
        d = self.anydir()
        name = self.rng.choice(NAMES)
        if self.rng.random() < 0.3:
            name += str(self.rng.randrange(200))
            name = name[-255:] if len(name.encode()) <= 255 else name[:200]
        if d == "." and name.startswith("-"):
            name = "./" + name
        return name if d == "." else d + "/" + name

    # ---- sources on the host ---------------------------------------------
    def mtime(self, path):
        if self.rng.random() < 0.7:
            ns = self.rng.randrange(0, 2**31 - 1) * 10**9 + self.rng.randrange(10**9)
            os.utime(path, ns=(ns, ns), follow_symlinks=False)

    def source_file(self, path):
        size = self.rng.choice(SIZES)
        with open(path, "wb") as f:
            if self.rng.random() < 0.3 and size > 4096:  # with holes
                for _ in range(self.rng.randrange(4)):
                    f.seek(self.rng.randrange(size))
                    f.write(self.rng.randbytes(min(3000, size - f.tell())))
                f.truncate(size)
            else:
                f.write(self.rng.randbytes(size))
        if self.o.attrs and self.rng.random() < 0.2:
            for i in range(self.rng.randrange(1, 4)):
                os.setxattr(path, "user.a%d" % self.rng.randrange(6),
                            self.rng.randbytes(self.rng.choice([0, 3, 20, 90])))
        # An ordinary user's cp can't overwrite read-only files, and loses set-id bits.
        modes = [0o644, 0o600, 0o755, 0o666] + ([0o444, 0o4755, 0o2711] if ROOT else [])
        os.chmod(path, self.rng.choice(modes))
        self.mtime(path)
        return path

    def source(self, kind, links=True):
        path = os.path.join(self.src, "%s%d" % (kind, self.rng.randrange(10**9)))
        if kind == "tree":
            self.source_tree(path, 0, links)
        elif kind == "link":
            os.symlink(self.rng.choice(NAMES[:3] + ["l" * 59, "l" * 60, "l" * 300]), path)
            self.mtime(path)
        elif kind == "fifo":
            os.mkfifo(path, 0o640)
            self.mtime(path)
        else:
            self.source_file(path)
        return path

    def source_tree(self, path, depth, links):
        os.mkdir(path)
        first = None
        for i in range(self.rng.randrange(1, 7)):
            name = os.path.join(path, self.rng.choice(NAMES) if i else "a")
            if os.path.lexists(name):
                continue
            what = self.rng.random()
            if what < 0.2 and depth < 3:
                self.source_tree(name, depth + 1, links)
            elif what < 0.3:
                os.symlink(self.rng.choice(["a", "b", "l" * 70]), name)
                self.mtime(name)
            elif what < 0.35:
                # Never a name that is written to: the host's cp would wait there.
                os.mkfifo(os.path.join(path, "fifo%d" % i))
            elif what < 0.45 and first and links:
                os.link(first, name)
            else:
                first = self.source_file(name)
        os.chmod(path, self.rng.choice([0o755, 0o700, 0o1777]))
        self.mtime(path)

    # ---- both sides --------------------------------------------------------
    def call(self, argv, **kw):
        try:
            return subprocess.run(argv, capture_output=True, timeout=60,
                                  env=dict(os.environ, LC_ALL="C.UTF-8"), **kw)
        except subprocess.TimeoutExpired:
            self.die("hangs: %s" % argv)

    def both(self, name, image_args, host_argv, stdin=None):
        """fsu_NAME IMAGE args, and host_argv in the directory."""
        ours = ["fsu_" + name, self.image] + image_args
        self.log.append((ours, host_argv))
        a = self.call(ours, input=stdin)
        b = self.call(host_argv, cwd=self.host, input=stdin)
        self.counts[name] = self.counts.get(name, 0) + 1
        if a.returncode not in (0, 1):
            self.die("status %d: %s" % (a.returncode, a.stderr.decode()))
        if (a.returncode == 0) != (b.returncode == 0):
            self.die("status %d and %d\nours: %s\nhost: %s" % (
                a.returncode, b.returncode, a.stderr.decode(), b.stderr.decode()))
        if a.returncode != 0:
            self.failures += 1

    PRESERVE = "--preserve=mode,ownership,timestamps,xattr"

    # Hard links stay links without -a, too.
    COPY = {"-R": ["cp", "-R", "--preserve=links"], "-a": ["cp", "-a"]}

    def op_put(self):
        if self.used > self.o.limit:
            return self.op_rm()
        r = self.rng.random()
        if r < 0.15:
            data = self.rng.randbytes(self.rng.choice(SIZES))
            dest = self.pick((stat.S_IFREG,)) if self.rng.random() < 0.5 else None
            dest = dest or self.newname()
            path = os.path.join(self.host, dest)
            if os.path.isdir(path) or os.path.islink(path):
                return None
            return self.both("put", ["-T", "--", "-", dest] if dest.startswith("-") else ["-T", "-", dest],
                             ["sh", "-c", "cat >\"$1\"", "sh", dest], stdin=data)
        if r < 0.4:  # over what is there
            dest = self.pick((stat.S_IFREG, stat.S_IFLNK)) or self.newname()
            src = self.source("file")
            p = self.rng.random() < 0.4
            extra = ["--in-place"] if self.rng.random() < 0.2 else []
            return self.both("put", (["-p"] if p else []) + extra + ["--", src, dest],
                             ["cp"] + ([self.PRESERVE] if p else []) + ["--", src, dest])
        if r < 0.6:
            # Which name of a file with several comes first decides whose mode stays
            # where some of them are there already; the host's order is another.
            flag = self.rng.choice(["-R", "-a"])
            dest = self.newname()
            src = self.source("tree", links=flag == "-a" or dest not in self.now)
            if self.onto_link(src, dest, flag):
                return None
            return self.both("put", [flag, "--", src, dest], self.COPY[flag] + ["--", src, dest])
        if r < 0.75:
            n = self.rng.randrange(1, 6)
            srcs = [self.source(self.rng.choice(["file", "file", "link", "fifo"])) for _ in range(n)]
            d = self.anydir()
            if any(self.onto_link(s, d) for s in srcs):
                return None
            return self.both("put", ["-a", "-t", d, "--"] + srcs, ["cp", "-a", "-t", d, "--"] + srcs)
        if r < 0.8:  # contents
            src, d = self.source("tree", links=False), self.anydir()
            if self.onto_link(src + "/.", d, "-R"):
                return None
            return self.both("put", ["-R", "--", src + "/.", d], self.COPY["-R"] + ["--", src + "/.", d])
        src, dest = self.source("file"), self.newname()
        flags = self.rng.choice([[], ["-p"], ["-n"], ["-u"], ["-f"]])
        if self.shielded(src, dest, flags):
            return None
        host = [self.PRESERVE if f == "-p" else f for f in flags]
        return self.both("put", flags + ["--", src, dest], ["cp"] + host + ["--", src, dest])

    def op_cp(self):
        if self.used > self.o.limit:
            return self.op_rm()
        r = self.rng.random()
        if r < 0.4:
            src = self.pick((stat.S_IFREG,))
            dest = self.newname() if self.rng.random() < 0.6 else self.pick((stat.S_IFREG,))
            if not src or self.blocking(src):
                return None
            flags = self.rng.choice([[], [], ["-p"], ["-f"], ["-n"], ["-l"], ["-u"]])
            if self.shielded(src, dest, flags) or "-u" in flags and self.race(src, dest):
                return None
            host = [self.PRESERVE if f == "-p" else f for f in flags]
            return self.both("cp", flags + ["--", src, dest], ["cp"] + host + ["--", src, dest])
        if r < 0.6:
            src = self.pick((stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO))
            if not src:
                return None
            d = self.anydir()
            if self.onto_link(os.path.join(self.host, src), d):
                return None
            return self.both("cp", ["-a", "-t", d, "--", src], ["cp", "-a", "-t", d, "--", src])
        src, dest = self.pick((stat.S_IFDIR,)), self.newname()
        if not src or self.within(dest, src) or self.size_of(src) > self.o.limit // 4:
            return None
        flag = self.rng.choice(["-R", "-a"]) if dest not in self.now else "-a"
        if self.onto_link(os.path.join(self.host, src), dest, flag):
            return None
        return self.both("cp", [flag, "--", src, dest], self.COPY[flag] + ["--", src, dest])

    def op_mv(self):
        r = self.rng.random()
        kinds = (stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR)
        if r < 0.2:
            srcs = {self.pick(kinds) for _ in range(3)} - {None}
            d = self.anydir()
            srcs = sorted(s for s in srcs if not any(
                t != s and self.within(s, t) for t in srcs) and not self.within(d, s))
            if not srcs:
                return None
            return self.both("mv", ["-t", d, "--"] + srcs, ["mv", "-f", "-t", d, "--"] + srcs)
        kinds = kinds[:2] + kinds[3:]
        src, dest = self.pick(kinds), self.newname()
        if self.rng.random() < 0.3:
            dest = self.pick(kinds)
        if not src:
            return None
        flags = self.rng.choice([[], [], ["-n"], ["-u"], ["-f"], ["-T"]])
        if "-u" in flags and self.race(src, dest):
            return None
        host = flags if "-n" in flags else ["-f"] + flags
        return self.both("mv", flags + ["--", src, dest], ["mv"] + host + ["--", src, dest])

    def op_rm(self):
        r = self.rng.random()
        if r < 0.5 and self.used <= self.o.limit:
            names = {self.pick((stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO)) for _ in range(2)} - {None}
            flags = []
        else:
            names = {self.pick((stat.S_IFDIR,)), self.newname()} - {None}
            flags = self.rng.choice([["-r"], ["-rf"], ["-rf"], ["-f"]])
        if not names:
            return None
        names = sorted(names)
        return self.both("rm", flags + ["--"] + names, ["rm"] + (flags or ["-f"]) + ["--"] + names)

    def op_mkdir(self):
        name = self.newname()
        flags = self.rng.choice([[], ["-p"], ["-m", "0700"], ["-p", "-m", "1777"], ["-m", "u=rwx,go="]])
        if "-p" in flags:
            name += "/" + self.rng.choice(["p1/p2", "p1", "a/b/c"])
        return self.both("mkdir", flags + ["--", name], ["mkdir"] + flags + ["--", name])

    # ---- help ---------------------------------------------------------------
    def within(self, path, top):
        """By inode: symlinks may lead there."""
        if os.path.normpath(path) == os.path.normpath(top):
            return True
        real = os.path.join(self.host, path)
        if os.path.isdir(real):
            real = os.path.realpath(real)
        else:
            real = os.path.join(os.path.realpath(os.path.dirname(real)), os.path.basename(real))
        top = os.path.realpath(os.path.join(self.host, top))
        return real == top or real.startswith(top + "/")

    def onto_link(self, src, dest, flag="-a"):
        """Would a copy of src with -R find a symlink in its way?  The host's cp may write
        through it; ours never does, below DEST.  Or, without -a, a hard link?  The first
        name gets a new inode, and which that is depends on the host's order."""
        def linked(path):
            try:
                st = os.lstat(path)
            except OSError:
                return False
            return stat.S_ISLNK(st.st_mode) or (
                flag != "-a" and not stat.S_ISDIR(st.st_mode) and st.st_nlink > 1)

        base = os.path.join(self.host, dest)
        if os.path.isdir(base):
            base = os.path.join(base, os.path.basename(src))
        if linked(base):
            return True
        for top, dirs, files in os.walk(src):
            there = os.path.join(base, os.path.relpath(top, src))
            if any(linked(os.path.join(there, n)) for n in dirs + files):
                return True
        return False

    def shielded(self, src, dest, flags):
        """A symlink in a directory that is DEST isn't written through, and -f replaces one."""
        path = os.path.join(self.host, dest)
        if os.path.isdir(path):
            return os.path.islink(os.path.join(path, os.path.basename(src)))
        return bool({"-f", "-u", "-n"} & set(flags)) and os.path.islink(path)

    def race(self, src, dest):
        """-u, and both times are of now: who was first?  Nor is a symlink's time asked for
        in the same way."""
        both = [os.path.join(self.host, p) for p in (src, dest)]
        if os.path.isdir(both[1]):
            both[1] = os.path.join(both[1], os.path.basename(src))
        if os.path.islink(both[1]):
            return True
        try:
            times = [os.lstat(p).st_mtime_ns for p in both]
        except OSError:
            return False
        grain = max(self.o.grain, 1)
        return min(times) >= self.start or times[0] // grain == times[1] // grain

    def blocking(self, path):
        return not os.path.isfile(os.path.join(self.host, path))

    def size_of(self, top):
        return sum(st.st_blocks * 512 for n, st in self.now.items() if n.startswith(top + "/"))

    def die(self, why):
        def short(text):
            return re.sub(r"(.)\1{20,}", r"\1...", text)
        with open(os.path.join(self.work, "log"), "w") as f:
            for ours, host in self.log:
                print(shlex.join(ours), " # ", shlex.join(host), file=f)
        for ours, host in self.log[-(self.o.every + 1):]:
            print("+", short(shlex.join(ours).replace(self.work + "/", "")), file=sys.stderr)
        print("seed %d, after %d commands: %s" % (self.o.seed, len(self.log), short(why)),
              file=sys.stderr)
        sys.exit(1)

    def check(self, foreign=False):
        r = self.call(["e2fsck", "-fn", self.image])
        if r.returncode != 0:
            self.die("e2fsck: %s" % r.stdout.decode(errors="replace"))
        out = os.path.join(self.work, "out")
        shutil.rmtree(out, ignore_errors=True)
        r = self.call(["fsu_get", self.image, "-a", "/", out])
        if r.returncode != 0:
            self.die("fsu_get: %s" % r.stderr.decode(errors="replace"))
        # GNU's cp -p over a file with set-id bits leaves them, where it sets an ACL.
        c = treecmp.Comparison(stale_bits=True, owners=ROOT, grain=self.o.grain, attrs=self.o.attrs, skip={b"lost+found", b"."},
                               exact_before=self.start)
        diff = c.run(self.host, out)
        if diff:
            self.die("differs:\n" + "\n".join(diff[:20]))
        if not foreign:
            return
        shutil.rmtree(out)
        os.mkdir(out)
        self.call(["debugfs", "-R", "rdump / %s" % out, self.image])
        c = treecmp.Comparison(stale_bits=True, owners=False, times="none", attrs=False, links=False,
                               skip={b"lost+found", b"."})
        # What debugfs doesn't dump
        diff = [d for d in c.run(self.host, out) if "only in A" not in d or not self.special(d)]
        if diff:
            self.die("differs for debugfs:\n" + "\n".join(diff[:20]))

    def special(self, line):
        path = os.path.join(self.host, line[:-len(": only in A")])
        return stat.S_ISFIFO(os.lstat(path).st_mode)

    def go(self):
        weights = {"put": 5, "cp": 3, "mv": 3, "rm": 2, "mkdir": 1.5}
        ops = [k for k in weights if self.have[k]]
        while len(self.log) < self.o.count:
            before = len(self.log)
            self.now = self.tree()
            seen = set()
            self.used = 0
            for st in self.now.values():
                if st.st_ino not in seen:
                    seen.add(st.st_ino)
                    self.used += st.st_size + 4096
            op = self.rng.choices(ops, [weights[k] for k in ops])[0]
            getattr(self, "op_" + op)()
            if len(self.log) > before and len(self.log) % self.o.every == 0:
                self.check()
                shutil.rmtree(self.src)
                os.mkdir(self.src)
        self.check(foreign=True)
        print("seed %d: %s; %d of them failed on both sides" % (
            self.o.seed, ", ".join("%d %s" % (n, k) for k, n in sorted(self.counts.items())),
            self.failures))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("image")
    p.add_argument("workdir")
    p.add_argument("seed", type=int)
    p.add_argument("count", type=int)
    p.add_argument("--every", type=int, default=40)
    p.add_argument("--grain", type=int, default=1)
    p.add_argument("--limit", type=int, default=5 << 20)
    p.add_argument("--no-attrs", dest="attrs", action="store_false")
    Run(p.parse_args()).go()


if __name__ == "__main__":
    main()
