#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""interrupt.py CASE INT|KILL ROUNDS: commands stopped at points spread over their run.

In the current directory: base.img with "old" (a tree) in it, "old" and "new" on the host.
A command runs once to its end, to know how long it takes; then ROUNDS times on fresh
copies, each stopped later than the one before.  After ^C: status 130, the image clean
at once, every file whole.  After kill -9: what was there before is whole once e2fsck -fy
has been at it; and nobody leaves a temporary file.
"""
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time


def fail(text):
    print(text, file=sys.stderr)
    sys.exit(1)


def quiet(*argv, **kw):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


def contents(top):
    """path -> digest or target of all that isn't a directory"""
    out = {}
    for d, _, files in os.walk(top):
        for name in files:
            path = os.path.join(d, name)
            rel = os.path.relpath(path, top)
            if os.path.islink(path):
                out[rel] = os.readlink(path)
            else:
                with open(path, "rb") as f:
                    out[rel] = hashlib.sha256(f.read()).hexdigest()
    return out


def start(argv):
    def default():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(argv, preexec_fn=default, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE)


class Case:
    """An image in img/ that is changed."""
    names = {"i.img"}

    def __init__(self, argv, gone=()):
        self.argv = argv
        self.gone = gone  # prefixes that the command removes

    def prepare(self):
        shutil.rmtree("img", ignore_errors=True)
        os.mkdir("img")
        shutil.copy("base.img", "img/i.img")

    def get(self, image):
        shutil.rmtree("got", ignore_errors=True)
        r = quiet("fsu_get", image, "-R", "/", "got")
        if r.returncode != 0:
            fail("get: %s" % r.stdout.decode())
        return contents("got")

    def check(self, killed):
        left = set(os.listdir("img"))
        if left != self.names:
            fail("left behind: %s" % (left - self.names))
        if killed:
            quiet("fsu_ls", "img/i.img", "-laR", "/")  # doesn't matter what it says
            r = quiet("e2fsck", "-fy", "img/i.img")
            if r.returncode not in (0, 1):
                fail("e2fsck -fy: %s" % r.stdout.decode(errors="replace"))
        r = quiet("e2fsck", "-fn", "img/i.img")
        if r.returncode != 0:
            fail("e2fsck -fn: %s" % r.stdout.decode(errors="replace"))
        got = self.get("img/i.img")
        for path, digest in OLD.items():
            path = os.path.join("old", path)
            if got.get(path) != digest and not (path not in got and path.startswith(self.gone or ("\0",))):
                fail("%s: %s" % (path, "changed" if path in got else "lost"))
        if killed:
            return
        for path, digest in got.items():
            name = path.split("/", 1)[1] if "/" in path else path
            if path.startswith(("new/", "copy/")) and digest != (NEW | OLD).get(name):
                fail("%s: half-written" % path)
            elif not path.startswith(("old/", "new/", "copy/", "lost+found")):
                fail("%s: what is it?" % path)


class Get(Case):
    def prepare(self):
        shutil.rmtree("out", ignore_errors=True)
        os.mkdir("out")
        self.before = os.stat("base.img")

    def check(self, killed):
        after = os.stat("base.img")
        if (after.st_mtime_ns, after.st_size) != (self.before.st_mtime_ns, self.before.st_size):
            fail("the image was touched")
        got = contents("out")
        half = [p for p in got if not p.startswith("lost+found") and
                got[p] != OLD.get(p.split("/", 1)[-1])]
        if len(half) > (1 if killed else 0) or any(p.split("/", 1)[-1] not in OLD for p in half):
            fail("half-written, or what is it? %s" % half)


class Makefs(Case):
    def prepare(self):
        shutil.rmtree("img", ignore_errors=True)
        os.mkdir("img")
        shutil.copy("base.img", "img/i.img")

    def check(self, killed):
        left = set(os.listdir("img"))
        if left != self.names:
            fail("left behind: %s" % (left - self.names))
        if BASE != hashlib.sha256(open("img/i.img", "rb").read()).digest():
            # Stopped when it was done already?  Then all of it.
            if quiet("e2fsck", "-fn", "img/i.img").returncode != 0:
                fail("the target is neither the old nor the new image")
            got = self.get("img/i.img")
            if {k: v for k, v in got.items() if not k.startswith("lost+found")} != NEW:
                fail("the target is neither the old nor the new image")


CASES = {
    "put": Case(["fsu_put", "img/i.img", "-R", "new", "/"]),
    "put-a": Case(["fsu_put", "img/i.img", "-a", "new", "/"]),
    "cp": Case(["fsu_cp", "img/i.img", "-R", "old", "copy"]),
    "rm": Case(["fsu_rm", "img/i.img", "-r", "old"], gone=("old/",)),
    "over": Case(["fsu_put", "img/i.img", "-R", "old", "/"]),
    "untar": Case(["sh", "-c", "exec fsu_tar img/i.img -x <new.tar"]),
    "get": Get(["fsu_get", "base.img", "-R", "/", "out"]),
    "makefs": Makefs(["makefs", "-t", "ext2", "img/i.img", "new"]),
}


def main():
    global OLD, NEW, BASE
    name, how, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    case = CASES[name]
    OLD, NEW = contents("old"), contents("new")
    with open("base.img", "rb") as f:
        BASE = hashlib.sha256(f.read()).digest()
    sig = signal.SIGINT if how == "INT" else signal.SIGKILL
    case.prepare()
    began = time.monotonic()
    r = quiet(*case.argv)
    took = time.monotonic() - began
    if r.returncode != 0:
        fail("%s: %s" % (case.argv, r.stdout.decode()))
    case.check(False)
    stopped = 0
    for i in range(rounds * 4):
        case.prepare()
        p = start(case.argv)
        time.sleep(took * (i % (rounds * 2) + 0.5) / (rounds * 2 + 1))
        if p.poll() is None:
            p.send_signal(sig)
        err = p.communicate(timeout=60)[1].decode(errors="replace")
        if p.returncode not in (0, 130, -sig):
            fail("status %d: %s" % (p.returncode, err))
        if p.returncode != 0:
            stopped += 1
            case.check(how == "KILL")
        if stopped == rounds:
            break
    if stopped == 0:
        fail("never stopped in %g s" % took)
    print("%s: stopped %d times in about %.0f ms" % (name, stopped, took * 1000))


main()
