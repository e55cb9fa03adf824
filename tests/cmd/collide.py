# SPDX-License-Identifier: BSD-2-Clause
"""collide.py: long names of which many pairs have the same hash (ext3's first one),
so that a full block of a directory must be split between two of a kind."""
import collections
import itertools

CHARS = "abcdefghijklmnopqrstuvwxyz0123456789"


def step(h0, h1, char):
    h = (h1 + (h0 ^ ord(char) * 7152373)) & 0xFFFFFFFF
    if h & 0x80000000:
        h -= 0x7FFFFFFF
    return h, h0


h0, h1 = 0x12A3FE2D, 0x37ABE8F9
prefix = "n" * 230
for c in prefix:
    h0, h1 = step(h0, h1, c)
by_hash = collections.defaultdict(list)
for tail in itertools.islice(itertools.product(CHARS, repeat=4), 600000):
    a, b = h0, h1
    for c in tail:
        a, b = step(a, b, c)
    by_hash[a << 1 & 0xFFFFFFFE].append(prefix + "".join(tail))
pairs = [names for names in by_hash.values() if len(names) > 1]
assert len(pairs) > 20
for names in pairs[:200]:
    print("\n".join(names))
