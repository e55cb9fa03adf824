#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""iso_blocks.py BLOCKSIZE IMAGE TREE: a plain ISO 9660 image with logical blocks of
512, 1024 or 2048 bytes, which no writer that is about makes any more."""
import os
import struct
import sys

bs, image, top = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def both(fmt, v):
    return struct.pack("<" + fmt, v) + struct.pack(">" + fmt, v)


def blocks(n):
    return (n + bs - 1) // bs


class Dir:
    def __init__(self, path, parent):
        self.path, self.parent = path, parent or self
        self.entries = []  # (identifier, Dir or path)
        for name in os.listdir(path):
            sub = os.path.join(path, name)
            if os.path.isdir(sub):
                self.entries.append((name.upper().encode(), Dir(sub, self)))
            else:
                ident = name.upper() if "." in name else name.upper() + "."
                self.entries.append((ident.encode() + b";1", sub))
        self.entries.sort(key=lambda e: e[0])
        # records don't cross sectors of 2048 bytes
        at = 2 * 34
        for ident, _ in self.entries:
            n = 33 + len(ident) + (1 - len(ident) % 2)
            if at // 2048 != (at + n - 1) // 2048:
                at = (at + 2047) // 2048 * 2048
            at += n
        self.size = (at + 2047) // 2048 * 2048

    def place(self, at):
        self.block = at
        at += blocks(self.size)
        self.where = {}
        for ident, what in self.entries:
            if isinstance(what, Dir):
                at = what.place(at)
            else:
                self.where[ident] = at
                at += blocks(os.path.getsize(what))
        return at

    def write(self, f):
        data = record(b"\0", self.block, self.size, 2) + record(b"\1", self.parent.block, self.parent.size, 2)
        for ident, what in self.entries:
            if isinstance(what, Dir):
                r = record(ident, what.block, what.size, 2)
                what.write(f)
            else:
                r = record(ident, self.where[ident], os.path.getsize(what), 0)
                f.seek(self.where[ident] * bs)
                with open(what, "rb") as src:
                    f.write(src.read())
            if len(data) // 2048 != (len(data) + len(r) - 1) // 2048:
                data += bytes(-len(data) % 2048)
            data += r
        f.seek(self.block * bs)
        f.write(data + bytes(self.size - len(data)))


def record(ident, block, size, flags):
    r = both("I", block) + both("I", size) + bytes([126, 11, 21, 3, 4, 5, 0, flags, 0, 0]) + both("H", 1)
    r += bytes([len(ident)]) + ident + bytes(1 - len(ident) % 2)
    return bytes([len(r) + 2, 0]) + r


root = Dir(top, None)
end = root.place(18 * 2048 // bs)
end += -end % (2048 // bs)
pvd = bytes([1]) + b"CD001" + bytes([1, 0]) + b"TEST".ljust(32) + b"BLOCKS".ljust(32) + bytes(8)
pvd += both("I", end) + bytes(32) + both("H", 1) + both("H", 1) + both("H", bs)
pvd += both("I", 0) + bytes(16) + record(b"\0", root.block, root.size, 2)
pvd += b" " * 623 + (b"2026010203040500" + b"\0") * 2 + (b"0" * 16 + b"\0") * 2 + bytes([1])
with open(image, "wb") as f:
    f.truncate(end * bs)
    f.seek(16 * 2048)
    f.write(pvd.ljust(2048, b"\0"))
    f.write((bytes([255]) + b"CD001" + bytes([1])).ljust(2048, b"\0"))
    root.write(f)
