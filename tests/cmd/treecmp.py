#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""treecmp.py [options] A B: two host trees, compared in all that a file system keeps.

Types, modes, owners, link groups and counts, sizes, contents, link targets, device
numbers, extended attributes, modification times, and (--holes) that B has data only
where A has.  A line a difference; status 1 if there is one.  The top directory's own
name is of no matter.  Directories' link counts and sizes aren't compared: file systems
disagree about them.

random_ops.py imports this, too.
"""
import argparse
import hashlib
import os
import stat
import sys

KINDS = {
    stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "symlink",
    stat.S_IFCHR: "char", stat.S_IFBLK: "block", stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}


def scan(top, skip=()):
    """path (bytes, relative; b'.' is the top) -> lstat"""
    top = os.fsencode(top)
    found = {} if b"." in skip else {b".": os.lstat(top)}
    todo = [(top, b"")]
    while todo:
        path, rel = todo.pop()
        with os.scandir(path) as it:
            for de in it:
                name = rel + de.name
                if name in skip:
                    continue
                st = de.stat(follow_symlinks=False)
                found[name] = st
                if stat.S_ISDIR(st.st_mode):
                    todo.append((path + b"/" + de.name, name + b"/"))
    return found


def same_content(a, ast, b, bst):
    if ast.st_size != bst.st_size:
        return False
    if ast.st_size > 64 << 20 and ast.st_blocks * 512 < ast.st_size // 4:
        return sparse_digest(a, ast) == sparse_digest(b, bst)
    with open(a, "rb") as fa, open(b, "rb") as fb:
        while True:
            x, y = fa.read(1 << 20), fb.read(1 << 20)
            if x != y:
                return False
            if not x:
                return True


def sparse_digest(path, st):
    """A sparse file's blocks of 4 KiB that aren't zero."""
    h = hashlib.sha256()
    zero = bytes(4096)
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        pos = 0
        while pos < st.st_size:
            try:
                pos = os.lseek(fd, pos, os.SEEK_DATA) & ~4095
            except OSError:
                break
            b = os.pread(fd, 4096, pos)
            if b != zero[:len(b)]:
                h.update(b"%d:" % pos + b)
            pos += 4096
    finally:
        os.close(fd)
    return h.digest()


def xattrs(path):
    try:
        return {n: os.getxattr(path, n, follow_symlinks=False)
                for n in os.listxattr(path, follow_symlinks=False)}
    except OSError:
        return {}


def data_ranges(path, size):
    out = []
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        pos = 0
        while pos < size:
            try:
                pos = os.lseek(fd, pos, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(fd, pos, os.SEEK_HOLE)
            out.append((pos, end))
            pos = end
    finally:
        os.close(fd)
    return out


def more_data(a, b, size, block):
    """Does b have data in a block where a has none?"""
    def blocks(path):
        got = set()
        for lo, hi in data_ranges(path, size):
            got.update(range(lo // block, (hi + block - 1) // block))
        return got
    return blocks(b) - blocks(a)


def groups(tree):
    """Each name of a file with several: the first of its names."""
    first = {}
    out = {}
    for name in sorted(tree):
        st = tree[name]
        if stat.S_ISDIR(st.st_mode) or st.st_nlink < 2:
            continue
        out[name] = first.setdefault((st.st_dev, st.st_ino), name)
    return out


class Comparison:
    def __init__(self, grain=1, owners=True, times="all", holes=0, attrs=True, links=True,
                 stale_bits=False, exact_before=None, skip=()):
        self.grain = grain          # ns: how fine times are
        self.owners = owners
        self.times = times          # all | none | nodirs
        self.holes = holes          # block size, or 0
        self.attrs = attrs
        self.links = links
        self.stale_bits = stale_bits  # A may have set-id bits that B hasn't
        self.exact_before = exact_before  # ns: later times are "now", in A and B
        self.skip = skip
        self.out = []

    def say(self, name, what, a, b):
        self.out.append("%s: %s: %s != %s" % (os.fsdecode(name), what, a, b))

    def time(self, name, a, b):
        if self.times == "none" or (self.times == "nodirs" and stat.S_ISDIR(a.st_mode)):
            return
        x, y = a.st_mtime_ns, b.st_mtime_ns
        if self.exact_before is not None and x >= self.exact_before:
            if y < self.exact_before // self.grain * self.grain:
                self.say(name, "mtime (now)", x, y)
            return
        if x // self.grain != y // self.grain:
            self.say(name, "mtime", x, y)

    def node(self, name, a, ast, b, bst):
        kind = stat.S_IFMT(ast.st_mode)
        if kind != stat.S_IFMT(bst.st_mode):
            self.say(name, "type", KINDS[kind], KINDS[stat.S_IFMT(bst.st_mode)])
            return
        x, y = ast.st_mode, bst.st_mode
        if self.stale_bits:
            x &= 0o170777 | y
        if kind != stat.S_IFLNK and x != y:
            self.say(name, "mode", oct(ast.st_mode), oct(bst.st_mode))
        if self.owners and (ast.st_uid, ast.st_gid) != (bst.st_uid, bst.st_gid):
            self.say(name, "owner", (ast.st_uid, ast.st_gid), (bst.st_uid, bst.st_gid))
        if self.links and kind != stat.S_IFDIR and ast.st_nlink != bst.st_nlink:
            self.say(name, "links", ast.st_nlink, bst.st_nlink)
        self.time(name, ast, bst)
        if kind == stat.S_IFREG:
            if ast.st_size != bst.st_size:
                self.say(name, "size", ast.st_size, bst.st_size)
            elif not same_content(a, ast, b, bst):
                self.say(name, "content", "this", "that")
            elif self.holes and more_data(a, b, ast.st_size, self.holes):
                self.say(name, "holes", "holes", "data")
        elif kind == stat.S_IFLNK:
            if os.readlink(a) != os.readlink(b):
                self.say(name, "target", os.readlink(a), os.readlink(b))
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            if ast.st_rdev != bst.st_rdev:
                self.say(name, "device", ast.st_rdev, bst.st_rdev)
        if self.attrs:
            x, y = xattrs(a), xattrs(b)
            if x != y:
                self.say(name, "attributes", x, y)

    def run(self, a, b):
        ta, tb = scan(a, self.skip), scan(b, self.skip)
        for name in sorted(ta.keys() | tb.keys()):
            if name not in tb:
                self.out.append("%s: only in A" % os.fsdecode(name))
            elif name not in ta:
                self.out.append("%s: only in B" % os.fsdecode(name))
            else:
                self.node(name, os.path.join(os.fsencode(a), name), ta[name],
                          os.path.join(os.fsencode(b), name), tb[name])
        ga, gb = (groups(ta), groups(tb)) if self.links else ({}, {})
        for name in sorted(ga.keys() & gb.keys()):
            if ga[name] != gb[name]:
                self.say(name, "link to", ga[name], gb[name])
        return self.out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seconds", action="store_true", help="times to the second")
    p.add_argument("--no-times", action="store_true")
    p.add_argument("--no-owners", action="store_true")
    p.add_argument("--no-attrs", action="store_true")
    p.add_argument("--holes", type=int, default=0, metavar="BLOCK")
    p.add_argument("--skip", action="append", default=[],
                   metavar="PATH", help="leave out (. is the top itself)")
    p.add_argument("a")
    p.add_argument("b")
    o = p.parse_args()
    c = Comparison(grain=10**9 if o.seconds else 1, owners=not o.no_owners,
                   times="none" if o.no_times else "all", holes=o.holes,
                   attrs=not o.no_attrs, skip={os.fsencode(s) for s in o.skip})
    out = c.run(o.a, o.b)
    for line in out[:40]:
        print(line.encode("utf-8", "backslashreplace").decode())
    if len(out) > 40:
        print("... and %d more" % (len(out) - 40))
    sys.exit(1 if out else 0)


if __name__ == "__main__":
    main()
