#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""msdos_random.py IMAGE SEED COUNT [EVERY]: random commands on a FAT volume.

A tree in memory says what the volume must hold.  Each command must succeed, or say
that there is no room and change nothing.  Every EVERY commands (25) fsck.fat must find
the image clean, and what fsu_get gives back (and mcopy, now and then) must be the
tree.  Names are the same whatever their case; a file that is written over keeps the
name that it had."""
import os
import random
import shutil
import subprocess
import sys

IMAGE, SEED, COUNT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
EVERY = int(sys.argv[4]) if len(sys.argv) > 4 else 25
R = random.Random(SEED)
log = []

STEMS = ["a", "B", "Mixed Case", "lower.txt", "UPPER.TXT", "x" * 60, "e\u00e9\u00c9", "\u2603 snow",
         "\U0001f600 face \U0001f680", "l" * 230, "two.dots.x", "a+b,c;d=[e]", "ALONGNAME.TEXT",
         "\u0436\u0416", ".dot", "n~1", "eight888.xyz", "M\u00dc\u00dfe.\u00e4"]


def die(text):
    print(f"seed {SEED}: {text}")
    print("\n".join(log))
    sys.exit(1)


def run(*argv, data=None, ok=(0,)):
    log.append(" ".join(map(repr, argv)) + (f" <{len(data)}" if data is not None else ""))
    p = subprocess.run(argv, input=data if data is not None else b"", stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    log[-1] += f" -> {p.returncode}"
    if p.returncode not in ok:
        die(f"status {p.returncode}: " + p.stdout.decode(errors="replace"))
    return p.returncode, p.stdout.decode(errors="replace")


def change(*argv, data=None):
    """Done, or no room."""
    st, out = run(*argv, data=data, ok=(0, 1))
    if st == 1 and "o space left" not in out:
        die("failed: " + out)
    return st == 0


def fold(name):
    # only letters that this test uses: simple folding
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in name)


class Dir(dict):
    """fold(name): (name, Dir or bytes)"""


root = Dir()


def walk(d=None, path=""):
    d = root if d is None else d
    yield path, d
    for name, node in list(d.values()):
        if isinstance(node, Dir):
            yield from walk(node, path + "/" + name)


def some_dir():
    return R.choice(list(walk()))


def some(kind):
    found = [(p, d, n, x) for p, d in walk() for n, x in d.values() if isinstance(x, kind)]
    return R.choice(found) if found else None


def newname():
    s = R.choice(STEMS)
    if R.random() < 0.6:
        s = f"{R.randrange(40)}{s}" if R.random() < 0.5 else s + str(R.randrange(40))
    return s[:255]


def content():
    return R.randbytes(R.choice([0, 1, 511, 512, 513, 4095, 4096, 4097, 20000, 70000, 200000]))


def other_case(path):
    return "".join(c.swapcase() if R.random() < 0.5 and c.isascii() else c for c in path)


def put(over=False):
    at = some(bytes) if over else None
    if at:
        path, d, name, _ = at
    else:
        path, d = some_dir()
        name = newname()
        if isinstance(d.get(fold(name), (0, 0))[1], Dir):
            return
    data = content()
    with open("src", "wb") as f:
        f.write(data)
    had = d.get(fold(name))
    if change("fsu_put", IMAGE, "-T", "src", other_case(f"{path}/{name}") if at else f"{path}/{name}"):
        d[fold(name)] = (had[0] if had else name, data)


def append():
    at = some(bytes)
    if at:
        path, d, name, old = at
        data = content()
        if change("fsu_write", IMAGE, "-a", f"{path}/{name}", data=data):
            d[fold(name)] = (name, old + data)


def truncate():
    at = some(bytes)
    if at:
        path, d, name, old = at
        n = R.randrange(0, 2 * len(old) + 3000)
        if change("fsu_truncate", IMAGE, "-s", str(n), f"{path}/{name}"):
            d[fold(name)] = (name, old[:n] + bytes(max(0, n - len(old))))


def mkdir():
    path, d = some_dir()
    name = newname()
    if fold(name) not in d and path.count("/") < 6:
        if change("fsu_mkdir", IMAGE, f"{path}/{name}"):
            d[fold(name)] = (name, Dir())


def rm():
    at = some(bytes)
    if at:
        path, d, name, _ = at
        run("fsu_rm", IMAGE, other_case(f"{path}/{name}"))
        del d[fold(name)]


def rmtree():
    at = some(Dir)
    if at and R.random() < 0.4:
        path, d, name, _ = at
        run("fsu_rm", IMAGE, "-r", f"{path}/{name}")
        del d[fold(name)]


def inside(d, node):
    return d is node or any(inside(d, x) for _, x in node.values() if isinstance(x, Dir))


def mv():
    at = some((bytes, Dir))
    to, td = some_dir()
    if not at:
        return
    path, d, name, node = at
    new = newname()
    had = td.get(fold(new))
    if isinstance(node, Dir) and (inside(td, node) or had):
        return
    if had and (isinstance(had[1], Dir) or had[1] is node):
        return
    if change("fsu_mv", "-T", IMAGE, f"{path}/{name}", f"{to}/{new}"):
        del d[fold(name)]
        td[fold(new)] = (had[0] if had else new, node)


def mvcase():
    at = some((bytes, Dir))
    if at:
        path, d, name, node = at
        new = other_case(name)
        if new != name and change("fsu_mv", "-T", IMAGE, f"{path}/{name}", f"{path}/{new}"):
            d[fold(name)] = (new, node)


def cp():
    at = some(bytes)
    to, td = some_dir()
    if at:
        new = newname()
        had = td.get(fold(new))
        if had and (isinstance(had[1], Dir) or had[1] is at[3]):
            return
        if change("fsu_cp", "-T", IMAGE, f"{at[0]}/{at[2]}", f"{to}/{new}"):
            td[fold(new)] = (had[0] if had else new, at[3])


def many():
    """Many in one directory, with names alike."""
    to, td = some_dir()
    name = f"many {R.randrange(1000)}"
    if fold(name) in td:
        return
    shutil.rmtree("many", ignore_errors=True)
    os.mkdir("many")
    new = Dir()
    for i in range(R.randrange(20, 120)):
        n = f"a name like the others {i}" + "y" * R.choice([0, 5, 100])
        with open("many/" + n, "wb") as f:
            f.write(b"x" * i)
        new[fold(n)] = (n, b"x" * i)
    if change("fsu_put", IMAGE, "-R", "-T", "many", f"{to}/{name}"):
        td[fold(name)] = (name, new)
    else:  # what fitted is there: away with it
        run("fsu_rm", IMAGE, "-rf", f"{to}/{name}")


def fill():
    """Until nothing fits."""
    if R.random() < 0.3:
        for i in range(6):
            data = R.randbytes(R.choice([100000, 900000, 3000000]))
            with open("src", "wb") as f:
                f.write(data)
            if change("fsu_put", IMAGE, "src", f"/fill{i}"):
                root[f"fill{i}"] = (f"fill{i}", data)
        for i in range(6):
            if f"fill{i}" in root and R.random() < 0.8:
                run("fsu_rm", IMAGE, f"/fill{i}")
                del root[f"fill{i}"]


def attributes():
    at = some(bytes)
    if at:
        run("fsu_chmod", IMAGE, R.choice(["a-w", "u+w"]), f"{at[0]}/{at[2]}")
        run("fsu_touch", IMAGE, "-d", f"20{R.randrange(10, 99)}-03-04 05:06:08", f"{at[0]}/{at[2]}")


def on_disk(top, d, tool):
    have = {os.fsdecode(n) for n in os.listdir(top)}
    want = {n for n, _ in d.values()}
    if have != want:
        die(f"{tool} {top}: missing {sorted(want - have)}, too many {sorted(have - want)}")
    for name, node in d.values():
        p = top + "/" + name
        if isinstance(node, Dir):
            on_disk(p, node, tool)
        else:
            with open(p, "rb") as f:
                if f.read() != node:
                    die(f"{tool} {p}: other content")


checks = 0


def check():
    global checks
    st, out = run("fsck.fat", "-n", IMAGE, ok=(0, 1))
    if st != 0 or "lusters" not in out:
        die("fsck.fat: " + out)
    shutil.rmtree("out", ignore_errors=True)
    run("fsu_get", IMAGE, "-R", "/", "out")
    on_disk("out", root, "fsu_get")
    checks += 1
    log.clear()
    if checks % 4 == 0 and shutil.which("7z") and root:
        shutil.rmtree("out7", ignore_errors=True)
        run("7z", "x", "-y", "-oout7", IMAGE)
        on_disk("out7", root, "7z")


OPS = [put] * 6 + [lambda: put(True)] * 3 + [append] * 3 + [truncate] * 3 + [mkdir] * 2 + [rm] * 5 + \
    [rmtree] * 2 + [mv] * 4 + [mvcase] * 2 + [cp] * 2 + [many, fill, attributes]
for i in range(COUNT):
    R.choice(OPS)()
    if (i + 1) % EVERY == 0:
        check()
check()
