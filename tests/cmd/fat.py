#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""fat.py IMAGE COMMAND [ARG]..: look into a FAT volume and change bytes of it.

  bpb FIELD [VALUE]     a field of the boot sector (and of its copy)
  entry PATH            the byte of PATH's short entry, by long or short name
  set PATH FIELD VALUE  a field of it: name attr first size
  chain PATH|CLUSTER    its clusters
  at CLUSTER            the byte where it begins
  fat CLUSTER [VALUE [FAT]]  what the table says; without FAT all copies are changed
  fsinfo FIELD [VALUE]  free or next
  same                  status 0 if all FATs are the same
Numbers are decimal or 0x..; names are bytes in hexadecimal."""
import struct
import sys

FIELDS = {"sector": (11, "H"), "spc": (13, "B"), "reserved": (14, "H"), "fats": (16, "B"),
          "rootents": (17, "H"), "sectors16": (19, "H"), "media": (21, "B"),
          "fatsectors16": (22, "H"), "sectors32": (32, "I"), "fatsectors32": (36, "I"),
          "flags": (40, "H"), "version": (42, "H"), "root": (44, "I"), "fsinfo": (48, "H"),
          "backup": (50, "H"), "dirty16": (37, "B"), "dirty32": (65, "B")}
ENTRY = {"attr": (11, "B"), "lcase": (12, "B"), "size": (28, "I"), "mdate": (24, "H"), "mtime": (22, "H"),
         "ctime": (14, "H"), "cdate": (16, "H"), "c10": (13, "B"), "adate": (18, "H")}


class Fat:
    def __init__(self, f):
        self.f = f
        g = self.bpb
        self.sector, self.spc, self.res, self.nfats = g("sector"), g("spc"), g("reserved"), g("fats")
        fs16 = g("fatsectors16")
        self.fatsec = fs16 or g("fatsectors32")
        self.rootsec = (g("rootents") * 32 + self.sector - 1) // self.sector
        n = g("sectors16") or g("sectors32")
        self.rootoff = (self.res + self.nfats * self.fatsec) * self.sector
        self.data = self.rootoff + self.rootsec * self.sector
        self.clusters = (n - self.data // self.sector) // self.spc
        self.bits = 32 if fs16 == 0 else 12 if self.clusters <= 4084 else 16
        self.size = self.spc * self.sector
        self.end = {12: 0xff8, 16: 0xfff8, 32: 0x0ffffff8}[self.bits]

    def get(self, off, fmt):
        self.f.seek(off)
        return struct.unpack("<" + fmt, self.f.read(struct.calcsize(fmt)))[0]

    def put(self, off, fmt, v):
        self.f.seek(off)
        self.f.write(struct.pack("<" + fmt, v))

    def bpb(self, name, v=None):
        off, fmt = FIELDS[name]
        if v is None:
            return self.get(off, fmt)
        copy = self.bpb("backup") * self.bpb("sector") if not self.bpb("fatsectors16") else 0
        self.put(off, fmt, v)
        if copy:
            self.put(copy + off, fmt, v)

    def fatoff(self, c, which=0):
        return (self.res + which * self.fatsec) * self.sector + c * self.bits // 8

    def fat(self, c):
        if self.bits == 32:
            return self.get(self.fatoff(c), "I") & 0x0fffffff
        v = self.get(self.fatoff(c), "H")
        return v if self.bits == 16 else v >> 4 if c & 1 else v & 0xfff

    def setfat(self, c, v, which=None):
        for w in range(self.nfats) if which is None else [which]:
            off = self.fatoff(c, w)
            if self.bits == 12:
                old = self.get(off, "H")
                self.put(off, "H", (old & 0xf | v << 4) if c & 1 else (old & 0xf000 | v))
            else:
                self.put(off, "I" if self.bits == 32 else "H", v)

    def at(self, c):
        return self.data + (c - 2) * self.size

    def chain(self, c):
        out = []
        while 2 <= c < self.end and len(out) < self.clusters:
            out.append(c)
            c = self.fat(c)
        return out

    def blocks(self, c):
        if c == 0 and self.bits != 32:
            return [(self.rootoff, self.rootsec * self.sector)]
        return [(self.at(x), self.size) for x in self.chain(c or self.bpb("root"))]

    def first(self, off):
        return self.get(off + 26, "H") | (self.get(off + 20, "H") << 16 if self.bits == 32 else 0)

    def entry(self, path):
        cluster, off = 0, None
        for part in path.strip("/").split("/"):
            off = self.find(cluster, part)
            cluster = self.first(off)
        return off

    def find(self, cluster, name):
        long = b""
        for base, n in self.blocks(cluster):
            self.f.seek(base)
            d = self.f.read(n)
            for i in range(0, n, 32):
                e = d[i:i + 32]
                if e[0] == 0:
                    break
                if e[11] & 0x3f == 0x0f:
                    long = e[1:11] + e[14:26] + e[28:32] + (b"" if e[0] & 0x40 else long)
                    continue
                text = long.decode("utf-16-le", "replace").split("\0")[0]
                base8, ext = e[:8].rstrip().decode("latin1"), e[8:11].rstrip().decode("latin1")
                short = base8 + ("." + ext if ext else "")
                long = b""
                if e[0] != 0xe5 and not e[11] & 8 and name.lower() in (text.lower(), short.lower()):
                    return base + i
        sys.exit(f"no {name}")


def main(path, command, *args):
    with open(path, "r+b" if command != "same" else "rb") as f:
        x = Fat(f)
        num = [int(a, 0) if a.isdigit() or a.startswith("0x") else a for a in args]
        if command == "bpb":
            print(x.bpb(*num)) if len(num) == 1 else x.bpb(*num)
        elif command == "entry":
            print(x.entry(args[0]))
        elif command == "set":
            off, field = x.entry(args[0]), args[1]
            if field == "first":
                x.put(off + 26, "H", num[2] & 0xffff)
                x.put(off + 20, "H", num[2] >> 16)
            elif field == "name":
                f.seek(off)
                f.write(bytes.fromhex(args[2]))
            else:
                x.put(off + ENTRY[field][0], ENTRY[field][1], num[2])
        elif command == "chain":
            print(*x.chain(num[0] if isinstance(num[0], int) else x.first(x.entry(args[0]))))
        elif command == "at":
            print(x.at(num[0]))
        elif command == "fat":
            print(hex(x.fat(num[0]))) if len(num) == 1 else x.setfat(*num)
        elif command == "fsinfo":
            off = x.bpb("fsinfo") * x.sector + {"free": 488, "next": 492}[args[0]]
            print(x.get(off, "I")) if len(num) == 1 else x.put(off, "I", num[1])
        elif command == "same":
            fats = set()
            for i in range(x.nfats):
                f.seek((x.res + i * x.fatsec) * x.sector)
                fats.add(f.read(x.fatsec * x.sector))
            sys.exit(len(fats) != 1)


main(*sys.argv[1:])
