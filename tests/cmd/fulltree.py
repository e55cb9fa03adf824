#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""fulltree.py DIR [huge]: a tree with everything that ext2 can hold.

What an ordinary user may not make (devices, owners, trusted and security attributes)
is left out for one.  huge: a file of 5 GiB, too (sparse).
"""
import os
import struct
import sys

ROOT = os.geteuid() == 0


def put(path, data):
    with open(path, "wb") as f:
        f.write(data)


def pattern(n, seed):
    """n bytes that don't repeat by blocks."""
    out = bytearray()
    i = seed
    while len(out) < n:
        i = (i * 1103515245 + 12345) & 0x7fffffff
        out += b"%d:%d\n" % (len(out), i)
    return bytes(out[:n])


def names():
    os.mkdir("names")
    for name in (b"x" * 255, "ü".encode() * 127, b"-dash", b" lead", b"trail ", b"new\nline",
                 b"\xff\xfe", b"\x01\x7f", b"*?[]", b"back\\slash", b"quote'\"", b"...", b"~", b"#",
                 "𝔘nicode".encode(), b"a" * 254, b"b" * 253, b"c" * 252, b"d" * 251):
        put(b"names/" + name, name)
    os.makedirs(b"names/" + b"D" * 255 + b"/" + b"E" * 255 + b"/" + b"F" * 255)
    deep = "names" + "/d" * 120
    os.makedirs(deep)
    put(deep + "/bottom", b"bottom\n")


def big_dir():
    os.mkdir("big")
    for i in range(1200):
        put("big/entry-%d-%s" % (i, "y" * (i * 7 % 90)), b"%d" % i if i % 3 else b"")
    os.mkdir("wide")
    for i in range(110):  # a link count, and blocks of directories
        os.mkdir("wide/%d" % i)


def files():
    os.mkdir("files")
    for n in (0, 1, 59, 60, 61, 1023, 1024, 1025, 4095, 4096, 4097, 12287, 12288, 12289,
              49152, 49153, 65535, 65536, 65537, 274432, 274433, 1 << 20):
        put("files/size-%d" % n, pattern(n, n))
    for mode in (0, 0o111, 0o400, 0o222, 0o4755, 0o2755, 0o1644, 0o7777):
        if not ROOT and not mode & 0o400:
            continue  # mke2fs couldn't read it
        put("files/mode-%o" % mode, b"m")
        os.chmod("files/mode-%o" % mode, mode)
    os.mkdir("files/sticky")
    os.chmod("files/sticky", 0o3777)
    os.mkdir("files/closed", 0o500)


def holes(huge):
    os.mkdir("holes")
    put("holes/all", b"")
    os.truncate("holes/all", 3 << 20)
    # Each of them has data on both sides of a level of indirection (1 KiB blocks).
    end = (12 + 256 + 65536) * 1024
    with open("holes/triple", "wb") as f:
        for pos in (0, 12 * 1024 - 5, 268 * 1024 - 5, 30 << 20, end - 7, end + 5000, end + (3 << 20)):
            f.seek(pos)
            f.write(pattern(20000 if pos < end else 3000, pos & 0xffff))
        f.truncate(end + (6 << 20) + 123)
    with open("holes/tail", "wb") as f:
        f.write(b"head")
        f.truncate(1000001)
    with open("holes/lead", "wb") as f:
        f.seek(700000)
        f.write(b"end")
    if huge:
        with open("holes/huge", "wb") as f:
            for pos in (0, (2 << 30) - 3, (4 << 30) + 4096 * 1000, (5 << 30) - 10):
                f.seek(pos)
                f.write(pattern(10, 3))


def special():
    os.mkdir("links")
    for n in (1, 58, 59, 60, 61, 100, 1000, 1023):
        os.symlink("t" * n, "links/sym-%d" % n)
    os.symlink("../files/size-1", "links/relative")
    os.symlink("/etc/passwd", "links/absolute")
    os.symlink("loop", "links/loop")
    put("links/one", b"one")
    for i in range(20):
        os.link("links/one", "links/hard-%d" % i)
    os.link("links/one", "names/elsewhere")
    os.mkdir("nodes")
    os.mkfifo("nodes/fifo", 0o622)
    if ROOT:
        for name, kind, major, minor in (("null", 0o020666, 1, 3), ("sda", 0o060660, 8, 0),
                                         ("minor", 0o020600, 10, 70000), ("major", 0o060600, 511, 255),
                                         ("both", 0o020640, 4095, 1048575)):
            os.mknod("nodes/" + name, kind, os.makedev(major, minor))


def owners():
    if not ROOT:
        return
    os.mkdir("owners")
    for uid, gid in ((1, 2), (1000, 100), (65535, 65536), (65534, 65534), (100000, 200000),
                     (4294967294, 4294967294)):
        p = "owners/%d-%d" % (uid, gid)
        put(p, b"o")
        os.chown(p, uid, gid)
    os.symlink("x", "owners/link")
    os.lchown("owners/link", 12345, 54321)
    os.mkdir("owners/dir")
    os.chown("owners/dir", 33, 44)


def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def attributes():
    os.mkdir("attrs")
    none = 0xffffffff

    def attr(path, name, value):
        try:
            os.setxattr(path, name, value, follow_symlinks=False)
        except OSError:
            pass  # the host's file system can't, or an ordinary user may not

    put("attrs/small", b"s")
    attr("attrs/small", "user.one", b"1")
    put("attrs/empty", b"")
    attr("attrs/empty", "user.empty", b"")
    put("attrs/binary", b"")
    attr("attrs/binary", "user.bin", bytes(range(256)))
    put("attrs/many", b"")
    for i in range(12):
        attr("attrs/many", "user.name%d" % i, b"value %d" % i)
    put("attrs/block", b"")
    attr("attrs/block", "user.big", pattern(700, 9))
    put("attrs/longname", b"")
    attr("attrs/longname", "user." + "n" * 240, b"v")
    put("attrs/acl", b"")
    attr("attrs/acl", "system.posix_acl_access",
         acl((1, 6, none), (2, 4, 1), (2, 7, 100000), (4, 4, none), (8, 5, 2), (16, 7, none), (32, 0, none)))
    os.mkdir("attrs/dir")
    attr("attrs/dir", "system.posix_acl_default",
         acl((1, 7, none), (2, 5, 33), (4, 5, none), (16, 7, none), (32, 5, none)))
    attr("attrs/dir", "user.dir", b"d")
    put("attrs/cap", b"")
    attr("attrs/cap", "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0))
    attr("attrs/cap", "trusted.t", b"tt")
    os.symlink("x", "attrs/link")
    attr("attrs/link", "trusted.l", b"on a link")


def times():
    os.mkdir("times")  # mke2fs 1.47.0 keeps 32 bits of seconds, no more
    for sec, ns in ((0, 0), (1, 1), (1000000000, 123456789), (0x7fffffff, 999999999),
                    (-1, 500000000), (-0x80000000, 0)):
        p = "times/%d.%09d" % (sec, ns)
        put(p, b"t")
        os.utime(p, ns=(sec * 10**9 + ns, sec * 10**9 + ns))
    os.symlink("x", "times/link")
    os.utime("times/link", ns=(10**18 + 1, 10**18 + 3), follow_symlinks=False)
    os.mkdir("times/dir")
    os.utime("times/dir", ns=(5 * 10**17 + 11, 5 * 10**17 + 13))


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    os.chdir(sys.argv[1])
    os.umask(0o022)
    names()
    big_dir()
    files()
    holes("huge" in sys.argv[2:])
    special()
    owners()
    attributes()
    times()


main()
