#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""casefold.py CaseFolding.txt: the simple folding of the basic plane as a C table.

Unicode's CaseFolding.txt (statuses C and S) as runs: first and last code unit, the
distance to the folded one, and the step between units (1, or 2 where upper and lower
case alternate).  Prints lib/rumpkernel/vfs/casefold_table.h.
"""
import re
import sys


def main():
    maps = {}
    version = '?'
    with open(sys.argv[1], encoding='utf-8') as f:
        for line in f:
            m = re.match(r'# CaseFolding-([0-9.]+)\.txt', line)
            if m:
                version = m.group(1)
            m = re.match(r'([0-9A-F]{4,6}); ([CS]); ([0-9A-F]{4,6});', line)
            if m and int(m.group(1), 16) < 0x10000 and int(m.group(3), 16) < 0x10000:
                maps[int(m.group(1), 16)] = int(m.group(3), 16)
    runs = []
    for c in sorted(maps):
        d = (maps[c] - c) & 0xffff
        if runs:
            r = runs[-1]
            gap = c - r[1]
            if d == r[2] and (gap == r[3] or (r[0] == r[1] and gap <= 2)):
                r[1], r[3] = c, gap
                continue
        runs.append([c, c, d, 1])
    print('/* SPDX-License-Identifier: BSD-2-Clause */')
    print('/*')
    print(' * Made by tools/casefold.py from CaseFolding.txt of Unicode %s (C and S, basic' % version)
    print(' * plane): first, last, distance modulo 2^16, step.')
    print(' */')
    print('/* clang-format off */')
    for r in runs:
        print('{0x%04x, 0x%04x, 0x%04x, %d},' % tuple(r))


main()
