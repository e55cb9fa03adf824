#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Places in an ISO 9660 image, for tests that change bytes of it.

iso9660.py IMAGE record PATH        byte where the path's directory record begins
iso9660.py IMAGE extent PATH        byte where its data begins
iso9660.py IMAGE entry PATH SIG     byte where its (first) system use entry begins
iso9660.py IMAGE last PATH          byte of the last record in the directory's first sector
iso9660.py IMAGE split PATH BYTES   the file's record becomes two: its first BYTES, the rest
"""
import struct
import sys


def entries(data, off, end):
    """System use entries in [off, end): (signature, offset)."""
    more = None
    while True:
        while end - off >= 4 and data[off] != 0 and data[off + 2] >= 4:
            sig = data[off:off + 2].decode("latin1")
            yield sig, off
            if sig == "CE":
                v = [struct.unpack_from("<I", data, off + 4 + 8 * i)[0] for i in range(3)]
                more = (v[0] * 2048 + v[1], v[2])
            off += data[off + 2]
        if more is None:
            return
        off, end, more = more[0], more[0] + more[1], None


def record(data, off):
    n, extent, size, namelen = (
        data[off], struct.unpack_from("<I", data, off + 2)[0] * 2048,
        struct.unpack_from("<I", data, off + 10)[0], data[off + 32])
    name = data[off + 33:off + 33 + namelen].decode("latin1")
    area = off + 33 + namelen + (1 - namelen % 2)
    if namelen == 1 and name in "\0\1":
        return n, extent, size, {"\0": ".", "\1": ".."}[name], area
    shown = name.lower()
    if shown.endswith(";1"):
        shown = shown[:-2]
    nm = [data[o + 5:o + data[o + 2]].decode() for s, o in entries(data, area, off + n)
          if s == "NM"]
    return n, extent, size, "".join(nm) or shown.rstrip("."), area


def records(data, off):
    """Of the directory at byte off, with its "." and ".."."""
    end = off + record(data, off)[2]
    while off < end:
        if data[off] == 0:
            off = off // 2048 * 2048 + 2048
            continue
        yield off
        off += data[off]


def find(data, path):
    off = 16 * 2048 + 156
    for want in [p for p in path.split("/") if p]:
        at = record(data, off)[1]
        off = next(o for o in records(data, at) if record(data, o)[3] == want)
    return off


def put32(data, off, value):
    struct.pack_into("<I", data, off, value)
    struct.pack_into(">I", data, off + 4, value)


def split(data, off, first):
    """Records behind it in its sector move."""
    n, extent, size = record(data, off)[:3]
    end = off // 2048 * 2048 + 2048
    assert not any(data[end - n:end]) and first % 2048 == 0
    data[off + n:end] = data[off:end - n]
    data[off + 25] |= 0x80
    put32(data, off + 10, first)
    put32(data, off + n + 2, (extent + first) // 2048)
    put32(data, off + n + 10, size - first)


def main():
    image, what, path = sys.argv[1:4]
    with open(image, "rb") as f:
        data = bytearray(f.read())
    off = find(data, path)
    if what == "record":
        print(off)
    elif what == "extent":
        print(record(data, off)[1])
    elif what == "last":
        at = record(data, off)[1]
        print(max(o for o in records(data, at) if o < at + 2048))
    elif what == "entry":
        n, _, _, _, area = record(data, off)
        print(next(o for s, o in entries(data, area, off + n) if s == sys.argv[4]))
    elif what == "split":
        split(data, off, int(sys.argv[4]))
        with open(image, "r+b") as f:
            f.write(data)


main()
