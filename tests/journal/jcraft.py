# SPDX-License-Identifier: BSD-2-Clause
"""jcraft.py IMAGE SCRIPT: write a log into an ext3 image's journal, sound or not.

SCRIPT is Python: it has j, a Journal.  Its methods append blocks to the log; then
the journal's superblock and needs_recovery say that there is something to replay.
"""
import struct
import subprocess
import sys

MAGIC = 0xC03B3998
ESCAPE, SAME, LAST = 1, 2, 8

def _table():
    t = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        t.append(i)
    return t
_CRC = _table()

def crc32c(crc, data):
    for b in data:
        crc = crc >> 8 ^ _CRC[(crc ^ b) & 255]
    return crc

def crc32be(crc, data):
    for b in data:
        crc ^= b << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc

class Journal:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            self.img = bytearray(f.read())
        self.bs = 1024 << struct.unpack_from("<I", self.img, 1024 + 24)[0]
        at = int(subprocess.run(["debugfs", "-R", "bmap <8> 0", path], capture_output=True,
                                text=True).stdout)
        n = struct.unpack_from(">I", self.img, at * self.bs + 16)[0]
        script = "".join("bmap <8> %d\n" % i for i in range(n))
        out = subprocess.run(["debugfs", "-f", "/dev/stdin", path], input=script,
                             capture_output=True, text=True).stdout
        self.map = [int(x) for x in out.splitlines() if x.strip().isdigit()]
        self.maxlen = n
        self.seq = self.sb(24) + 1
        self.at = self.start = 1
        self.csum = 0
        self.bits64 = False
        self.startseq = None
        self.when = 1000
        self.data = []

    def sb(self, off):
        return struct.unpack_from(">I", self.img, self.map[0] * self.bs + off)[0]

    def setsb(self, off, value):
        struct.pack_into(">I", self.img, self.map[0] * self.bs + off, value & 0xFFFFFFFF)

    def features(self, csum=0, bits64=False):
        self.csum, self.bits64 = csum, bits64
        self.setsb(36, 1 if csum == 1 else 0)
        self.setsb(40, 1 | (2 if bits64 else 0) | {2: 8, 3: 16}.get(csum, 0))
        self.img[self.map[0] * self.bs + 80] = 4 if csum > 1 else 0
        u = self.map[0] * self.bs + 48
        self.seed = crc32c(0xFFFFFFFF, self.img[u:u + 16])

    def raw(self, block):
        """A block of the log, as it is."""
        block = bytes(block).ljust(self.bs, b"\0")
        o = self.map[self.at] * self.bs
        self.img[o:o + self.bs] = block
        self.at = self.at + 1 if self.at + 1 < self.maxlen else 1

    def head(self, kind, seq=None):
        return struct.pack(">III", MAGIC, kind, self.seq if seq is None else seq)

    def tail(self, block):
        if self.csum < 2:
            return block.ljust(self.bs, b"\0")
        block = block.ljust(self.bs - 4, b"\0")
        return block + struct.pack(">I", crc32c(self.seed, block + b"\0" * 4))

    def log(self, *blocks, last=True, flags=0, count=None, badcsum=False, badtail=False):
        """A descriptor and (number, content) of blocks."""
        d = self.head(1)
        datas = []
        for i, (nr, content) in enumerate(blocks):
            content = bytes(content).ljust(self.bs, b"\0")
            f = flags | (SAME if i else 0) | (LAST if last and i == len(blocks) - 1 else 0)
            if content[:4] == struct.pack(">I", MAGIC):
                f |= ESCAPE
                content = b"\0" * 4 + content[4:]
            c = 0
            if self.csum > 1:
                c = crc32c(crc32c(self.seed, struct.pack(">I", self.seq)), content)
                c ^= 0x55 if badcsum else 0
            if self.csum == 3:
                d += struct.pack(">IIII", nr & 0xFFFFFFFF, f, nr >> 32, c)
            else:
                d += struct.pack(">IHH", nr & 0xFFFFFFFF, c & 0xFFFF, f)
                if self.bits64:
                    d += struct.pack(">I", nr >> 32)
                if self.csum == 2:
                    d += b"\0\0"
            if not f & SAME:
                d += b"u" * 16
            datas.append(content)
        d = bytearray(self.tail(d))
        if badtail:
            d[-1] ^= 1
        self.raw(d)
        self.data.append(bytes(d))
        for c in datas if count is None else datas[:count]:
            self.raw(c)
            self.data.append(c)

    def revoke(self, *nrs, count=None):
        each = ">Q" if self.bits64 else ">I"
        body = b"".join(struct.pack(each, n) for n in nrs)
        n = 16 + len(body) if count is None else count
        self.raw(self.tail(self.head(5) + struct.pack(">I", n) + body))

    def commit(self, bad=False, when=None, seq=None):
        self.when += 1
        kind, size, sum0 = 0, 0, 0
        if self.csum == 1:
            kind, size = 1, 4
            sum0 = crc32be(0xFFFFFFFF, b"".join(self.data))
        t = struct.pack(">QI", self.when if when is None else when, 0)
        if self.csum > 1:
            b = (self.head(2, seq) + b"\0" * 4 + b"\0" * 32 + t).ljust(self.bs, b"\0")
            sum0 = crc32c(self.seed, b)
        if bad:
            sum0 ^= 0x1000
        self.raw(self.head(2, seq) + struct.pack(">BBxxI", kind, size, sum0) + b"\0" * 28 + t)
        self.seq += 1
        self.data = []

    def save(self):
        self.setsb(28, self.start)
        if self.startseq is not None:
            self.setsb(24, self.startseq)
        if self.csum > 1:
            o = self.map[0] * self.bs
            self.setsb(252, 0)
            self.setsb(252, crc32c(0xFFFFFFFF, self.img[o:o + 1024]))
        f = struct.unpack_from("<I", self.img, 1024 + 96)[0]
        struct.pack_into("<I", self.img, 1024 + 96, f | 4)
        with open(self.path, "r+b") as out:
            out.write(self.img)

j = Journal(sys.argv[1])
j.startseq = j.seq
exec(sys.argv[2])
j.save()
