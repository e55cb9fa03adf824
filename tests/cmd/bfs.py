#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Look at a System V boot file system without our driver, or stop it half-way.

bfs.py check IMAGE              inodes, blocks and names don't contradict each other
bfs.py cat IMAGE NAME           a file's bytes
bfs.py blocks IMAGE NAME        its first block, how many
bfs.py half IMAGE NAME TO DONE  as if a move of NAME to block TO had stopped after
                                DONE bytes
bfs.py make IMAGE le|be KIB [NAME=BYTES]...   a new one with 30 inodes and these files
bfs.py inode IMAGE NAME         the byte where its inode begins ("/": the root)
bfs.py entry IMAGE NAME         the byte where its directory entry begins
bfs.py put IMAGE BYTE NUMBER... 32-bit numbers there, in the image's byte order
bfs.py put16 IMAGE BYTE NUMBER...
"""
import struct
import sys

BS = 512


class Image:
    def __init__(self, path):
        self.path = path
        with open(path, 'rb') as f:
            self.data = bytearray(f.read())
        self.e = '<' if self.data[:4] == b'\xce\xfa\xad\x1b' else '>'
        magic, self.start, self.end, *self.words = self.get('IIIIIII', 0)
        assert magic == 0x1badface, 'no magic number'
        assert self.end < len(self.data), 'longer than the image'

    def get(self, fmt, off):
        return struct.unpack_from(self.e + fmt, self.data, off)

    def put(self, fmt, off, *values):
        struct.pack_into(self.e + fmt, self.data, off, *values)

    def inode(self, ino):
        off = BS + (ino - 2) * 64
        num, _, first, last, end, kind, mode, uid, gid, links = self.get('HHIIIIIIII', off)
        size = 0 if first == 0 else end + 1 - first * BS
        return off, num, first, last, size, kind, links

    def names(self):
        _, num, first, _, size, kind, _ = self.inode(2)
        assert num == 2 and kind == 2, 'no root'
        for off in range(first * BS, first * BS + size, 16):
            ino, = self.get('H', off)
            if ino:
                yield bytes(self.data[off + 2:off + 16]).rstrip(b'\0'), ino

    def find(self, name):
        for n, ino in self.names():
            if n == name.encode():
                return self.inode(ino)
        raise SystemExit(name + ': not there')


def check(im):
    assert im.words[:2] == [0xffffffff] * 2, 'a move is under way'
    taken, links, seen = {}, {}, set()
    for name, ino in im.names():
        assert name not in seen, 'twice: %r' % name
        seen.add(name)
        links[ino] = links.get(ino, 0) + 1
    for ino in range(2, 2 + (im.start - BS) // 64):
        _, num, first, last, size, kind, n = im.inode(ino)
        if num == 0:
            assert ino not in links, 'a name leads to free inode %d' % ino
            continue
        assert num == ino, 'inode %d says it is %d' % (ino, num)
        assert n == links.get(ino, 0), 'inode %d: %d links, %d names' % (ino, n, links.get(ino, 0))
        if first == 0:
            continue
        assert im.start <= first * BS and (last + 1) * BS <= im.end + 1, 'inode %d is outside' % ino
        assert 0 <= size <= (last + 1 - first) * BS, 'size of inode %d' % ino
        for b in range(first, last + 1):
            assert b not in taken, 'inodes %d and %d share block %d' % (taken[b], ino, b)
            taken[b] = ino


def half(im, name, to, done):
    off, _, first, last, _, _, _ = im.find(name)
    n = (last + 1 - first) * BS
    old, new = first * BS, to * BS
    src = bytes(im.data[old:old + n])
    if to < first:
        im.data[new:new + done] = src[:done]
    else:
        im.data[new + n - done:new + n] = src[n - done:]
    im.put('III', 12, old, new, done)
    with open(im.path, 'wb') as f:
        f.write(im.data)


def make(path, order, kib, files):
    e, inodes, end = '<' if order == 'le' else '>', 30, int(kib) * 1024
    first = 1 + inodes * 64 // BS + 1
    data = bytearray(end)
    ents, place = struct.pack(e + 'H14sH14s', 2, b'.', 2, b'..'), first + 4

    def inode(ino, at, size, kind, links):
        last, eof = (at + (size + BS - 1) // BS - 1, at * BS + size - 1) if at else (0, 0)
        struct.pack_into(e + '12I', data, BS + (ino - 2) * 64,
                         ino if e == '<' else ino << 16, at, last, eof, kind,
                         (0o100644, 0o40755)[kind - 1], 0, 0, links, *[1000000000] * 3)

    struct.pack_into(e + '7I6s6s', data, 0, 0x1badface, first * BS, end - 1,
                     *[0xffffffff] * 4, b'fsname', b'volume')
    for i, f in enumerate(files):
        name, size = f.split('=')
        ents += struct.pack(e + 'H14s', 3 + i, name.encode())
        inode(3 + i, place if int(size) else 0, int(size), 1, 1)
        for at in range(int(size)):
            data[place * BS + at] = 97 + at // BS % 26
        place += (int(size) + BS - 1) // BS
    inode(2, first, len(ents), 2, 2)
    data[first * BS:first * BS + len(ents)] = ents
    with open(path, 'wb') as out:
        out.write(data)


def entry(im, name):
    _, _, first, _, size, _, _ = im.inode(2)
    for off in range(first * BS, first * BS + size, 16):
        if bytes(im.data[off + 2:off + 16]).rstrip(b'\0') == name.encode():
            return off
    raise SystemExit(name + ': not there')


def put(im, fmt, off, numbers):
    im.put(fmt * len(numbers), int(off), *[int(n, 0) for n in numbers])
    with open(im.path, 'wb') as f:
        f.write(im.data)


def main():
    if sys.argv[1] == 'make':
        make(*sys.argv[2:5], sys.argv[5:])
        return
    what, im = sys.argv[1], Image(sys.argv[2])
    if what == 'check':
        check(im)
    elif what == 'cat':
        _, _, first, _, size, _, _ = im.find(sys.argv[3])
        sys.stdout.buffer.write(im.data[first * BS:first * BS + size])
    elif what == 'blocks':
        _, _, first, last, _, _, _ = im.find(sys.argv[3])
        print(first, last + 1 - first)
    elif what == 'half':
        half(im, sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    elif what == 'inode':
        print(BS if sys.argv[3] == '/' else im.find(sys.argv[3])[0])
    elif what == 'entry':
        print(entry(im, sys.argv[3]))
    elif what in ('put', 'put16'):
        put(im, 'I' if what == 'put' else 'H', sys.argv[3], sys.argv[4:])


main()
