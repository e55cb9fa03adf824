#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""random_edits.py IMAGE DIR SEED COUNT: the same random edits on an image, by the
fsu_ commands, and on a host directory, by the host's; each must succeed or fail on
both sides alike.  What comes of it is compared by the caller."""
import os
import random
import shutil
import subprocess
import sys

image, top, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
rnd = random.Random(seed)
bindir = os.path.join(os.environ["BUILD"], "bin")
have = {c: os.path.exists(os.path.join(bindir, c)) for c in ("fsu_mv", "fsu_rm", "fsu_mkdir")}
env = dict(os.environ, LC_ALL="C")


def run(*argv, **kw):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env,
                       stdin=kw.get("stdin", subprocess.DEVNULL))
    return p.returncode, p.stdout.decode(errors="replace").strip()


def both(what, host, fsu):
    """Run the host's command and ours; the same success."""
    h, hout = run(*host)
    f, fout = run(*fsu)
    if (h == 0) != (f == 0):
        print(f"{what}:\n  {' '.join(host)}: {h} {hout}\n  {' '.join(fsu)}: {f} {fout}")
        sys.exit(1)


names = ["a", "b", "c", "long" * 30, "x y", "n\u00e4me", ".dot"] + [f"f{i}" for i in range(30)]


def paths(kind=None):
    """All paths below top, relative; the directory itself is ''."""
    out = [""] if kind != "f" else []
    for base, dirs, files in os.walk(top):
        rel = os.path.relpath(base, top)
        rel = "" if rel == "." else rel
        if kind != "f":
            out += [os.path.join(rel, d) for d in dirs if not os.path.islink(os.path.join(base, d))]
        if kind != "d":
            out += [os.path.join(rel, f) for f in files]
    return sorted(set(out))


def some(kind):
    p = paths(kind)
    return rnd.choice(p) if p else None


def newpath():
    return os.path.join(some("d"), rnd.choice(names))


def content(path):
    size = rnd.choice([0, 1, 100, 1023, 1024, 1025, 5000, 12288, 50000, 300000])
    with open(path, "wb") as f:
        if rnd.random() < 0.2 and size > 5000:
            f.truncate(size)
            f.seek(rnd.randrange(size))
            f.write(b"island")
        else:
            f.write(rnd.randbytes(size))
    os.chmod(path, rnd.choice([0o644, 0o600, 0o755, 0o444]))


def put():
    content("new")
    to = newpath()
    if os.path.isdir(os.path.join(top, to)) and not os.path.islink(os.path.join(top, to)):
        return
    both("put", ["cp", "new", os.path.join(top, to)], ["fsu_put", image, "-T", "new", "/" + to])


def put_stdin():
    to = newpath()
    if os.path.lexists(os.path.join(top, to)):
        return
    content("new")
    shutil.copyfile("new", os.path.join(top, to))
    os.chmod(os.path.join(top, to), 0o644)
    with open("new", "rb") as f:
        st, out = run("fsu_put", image, "-", "/" + to, stdin=f)
    if st != 0:
        sys.exit(f"put -: {out}")


def put_tree():
    to = newpath()
    if os.path.lexists(os.path.join(top, to)):
        return
    shutil.rmtree("tree", ignore_errors=True)
    os.makedirs("tree/in/ner")
    for n in ("p", "q", "in/r"):
        content("tree/" + n)
    os.symlink("p", "tree/link")
    os.link("tree/q", "tree/in/hard")
    both("put -R", ["cp", "-R", "--preserve=links", "tree", os.path.join(top, to)],
         ["fsu_put", image, "-R", "tree", "/" + to])


def cp():
    a, to = some("f"), newpath()
    if a is None or os.path.lexists(os.path.join(top, to)):
        return
    both("cp", ["cp", "-P", os.path.join(top, a), os.path.join(top, to)],
         ["fsu_cp", image, "-P", "/" + a, "/" + to])


def cp_tree():
    a, to = some("d"), newpath()
    if a == "" or os.path.lexists(os.path.join(top, to)) or (to + "/").startswith(a + "/"):
        return
    if sum(len(f) for _, _, f in os.walk(os.path.join(top, a))) > 40:
        return
    both("cp -R", ["cp", "-R", "--preserve=links", os.path.join(top, a), os.path.join(top, to)],
         ["fsu_cp", image, "-R", "/" + a, "/" + to])


def cp_over():
    a, b = some("f"), some("f")
    if a is None or a == b or os.path.islink(os.path.join(top, a)) or os.path.islink(os.path.join(top, b)):
        return
    both("cp over", ["cp", os.path.join(top, a), os.path.join(top, b)],
         ["fsu_cp", image, "/" + a, "/" + b])


def link():
    a, to = some("f"), newpath()
    if a is None or os.path.lexists(os.path.join(top, to)):
        return
    both("cp -l", ["cp", "-lP", os.path.join(top, a), os.path.join(top, to)],
         ["fsu_cp", image, "-lP", "/" + a, "/" + to])


def mkdir():
    to = newpath()
    both("mkdir", ["mkdir", os.path.join(top, to)], ["fsu_mkdir", image, "/" + to])


def mv():
    a, to = some(None), newpath()
    if not a:
        return
    dest = os.path.join(top, to)
    if os.path.isdir(dest) and not os.path.islink(dest):
        return  # into it: covered by its own tests
    both("mv", ["mv", "-T", os.path.join(top, a), dest], ["fsu_mv", image, "-T", "/" + a, "/" + to])


def rm():
    a = some(None)
    if not a or len(paths()) < 12:
        return
    both("rm -r", ["rm", "-rf", os.path.join(top, a)], ["fsu_rm", image, "-rf", "/" + a])


def get():
    a = some("f")
    if a is None or os.path.islink(os.path.join(top, a)):
        return
    run("rm", "-f", "got")
    st, out = run("fsu_get", image, "--no-glob", "-T", "/" + a, "got")
    if st != 0 or open("got", "rb").read() != open(os.path.join(top, a), "rb").read():
        sys.exit(f"get {a}: {st} {out}")


ops = [put, put, put, put_stdin, put_tree, cp, cp, cp_tree, cp_over, link, get]
if have["fsu_mkdir"]:
    ops += [mkdir, mkdir]
if have["fsu_mv"]:
    ops += [mv, mv]
if have["fsu_rm"]:
    ops += [rm, rm]
log = []
for n in range(count):
    op = rnd.choice(ops)
    op()
    if n % 25 == 24:
        st, out = run("e2fsck", "-fn", image)
        if st != 0:
            sys.exit(f"after {n + 1} edits ({op.__name__}), seed {seed}: {out}")
