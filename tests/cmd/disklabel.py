#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""disklabel.py IMAGE [-e le|be] [-s netbsd|freebsd|openbsd] [-a BYTE]
[-z SECSIZE] [-n COUNT] [-x] LETTER:OFFSET:SIZE[:TYPE]...

Write a BSD disklabel, byte by byte, at BYTE (default 512) of IMAGE.  OFFSET and SIZE
are in sectors, as they stand in the label.  -n: the number of partitions that it claims;
-x: a wrong checksum.  openbsd: version 1, with 48-bit offsets and sizes.
"""
import getopt
import struct
import sys

MAGIC = 0x82564557


def main():
    opts, args = getopt.gnu_getopt(sys.argv[1:], "e:s:a:z:n:x")
    opts = dict(opts)
    o = ">" if opts.get("-e", "le") == "be" else "<"
    openbsd = opts.get("-s") == "openbsd"
    at = int(opts.get("-a", "512"))
    secsize = int(opts.get("-z", "512"))
    parts = {}
    for a in args[1:]:
        f = a.split(":")
        parts[ord(f[0]) - ord("a")] = [int(x) for x in f[1:]] + [7] * (4 - len(f))
    count = int(opts.get("-n", max(max(parts) + 1, 8)))
    b = bytearray(148 + 16 * 22)

    def put(fmt, off, *v):
        struct.pack_into(o + fmt, b, off, *v)

    put("I", 0, MAGIC)
    put("HH", 4, 4, 0)  # SCSI
    b[8:16] = b"testdisk"
    b[24:29] = b"label"
    put("IIIII", 40, secsize, 63, 16, 100, 1008)
    put("I", 60, 100800)
    if openbsd:
        b[64:72] = bytes(range(1, 9))  # d_uid
        put("HH", 112, 0, 1)  # d_secperunith, d_version
    put("I", 132, MAGIC)
    put("HII", 138, count, 8192, 65536)
    for i, (off, size, fstype) in parts.items():
        p = 148 + 16 * i
        put("II", p, size & 0xFFFFFFFF, off & 0xFFFFFFFF)
        if openbsd:
            put("HH", p + 8, off >> 32, size >> 32)
            b[p + 12] = fstype
        else:
            put("IBBH", p + 8, 2048, fstype, 8, 16)
    n = min(count, 22)
    words = struct.unpack_from(o + "%dH" % ((148 + 16 * n) // 2), b, 0)
    csum = 0
    for w in words:
        csum ^= w
    put("H", 136, csum ^ (0x55 if "-x" in opts else 0))
    with open(args[0], "r+b") as f:
        f.seek(at)
        f.write(b[: 148 + 16 * n])


main()
