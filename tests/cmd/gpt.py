#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""gpt.py IMAGE SECTOR NAME:FIRST:COUNT:UUID...: a GPT with its backup, in sectors of
SECTOR bytes, which sfdisk can't make in a regular file."""
import struct
import sys
import uuid
import zlib

LINUX = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le


def header(lba, other, last, first_usable, last_usable, entries_lba, entries):
    def pack(crc):
        return struct.pack(
            "<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, lba, other,
            first_usable, last_usable, bytes(range(16)), entries_lba, 128, 128,
            zlib.crc32(entries))
    return pack(zlib.crc32(pack(0)))


def main():
    ss = int(sys.argv[2])
    entries = b""
    for a in sys.argv[3:]:
        name, first, count, u = a.split(":")
        entries += struct.pack(
            "<16s16sQQQ72s", LINUX, uuid.UUID(u).bytes_le, int(first),
            int(first) + int(count) - 1, 0, name.encode("utf-16-le"))
    entries = entries.ljust(128 * 128, b"\0")
    n = 128 * 128 // ss
    with open(sys.argv[1], "r+b") as f:
        last = f.seek(0, 2) // ss - 1
        lo, hi = 2 + n, last - n - 1
        mbr = bytearray(512)
        struct.pack_into("<BBBBBBBBII", mbr, 446, 0, 0, 2, 0, 0xEE, 255, 255, 255, 1,
                         min(last, 0xFFFFFFFF))
        mbr[510:512] = b"\x55\xaa"
        f.seek(0)
        f.write(mbr)
        f.seek(ss)
        f.write(header(1, last, last, lo, hi, 2, entries))
        f.seek(2 * ss)
        f.write(entries)
        f.seek((last - n) * ss)
        f.write(entries)
        f.seek(last * ss)
        f.write(header(last, 1, last, lo, hi, last - n, entries))


main()
