#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""sh_terminal.py SHELL IMAGE: talk with the shell on a pseudo-terminal."""
import os
import pty
import re
import select
import signal
import sys
import time

shell, image = sys.argv[1:3]
home = os.environ["HOME"]
history = os.path.join(home, ".fsu_history")


class Terminal:
    def __init__(self, *options, **env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "vt100"
            # libedit never frees the name of an added function
            os.environ["ASAN_OPTIONS"] = "detect_leaks=0"
            os.environ.update(env)
            os.execvp(shell, [shell, image] + list(options))
        self.seen = ""

    def expect(self, pattern, timeout=10):
        """Read until pattern; what came in front of it."""
        end = time.time() + timeout
        while True:
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen)
            m = re.search(pattern, text)
            if m:
                self.seen = text[m.end():]
                return text[:m.start()]
            left = end - time.time()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                sys.exit("expected %r, got %r" % (pattern, text))
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            if not data:
                sys.exit("expected %r, got %r and the end" % (pattern, text))
            self.seen += data.decode(errors="replace")

    def send(self, text):
        os.write(self.fd, text.encode())

    def command(self, text):
        self.send(text + "\n")

    def status(self, what):
        """Its end; a status as a shell has it."""
        end = time.time() + 10
        while time.time() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    os.read(self.fd, 4096)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        sys.exit("it didn't end: " + what)


def check(what, ok):
    if not ok:
        sys.exit("failed: " + what)


P = r"d\.img:/> "
t = Terminal()
t.expect(P)
t.command("cd /etc")
t.expect(r"d\.img:/etc> ")
t.command("cat hostname")
t.expect(r"\r\nbox\r\n")
t.expect(r"d\.img:/etc> ")
# completion: a command, names, an option, the host's names, quoting
t.send("ca\thostn\t\n")
t.expect(r"\r\nbox\r\n")
t.expect(r"d\.img:/etc> ")
t.send("cat ho\t\t")
t.expect(r"hostname\s+hosts")
time.sleep(0.3)
t.send("\x03")
t.expect(r"d\.img:/etc> ")
t.send("ls --group\t -d /e\t\n")
t.expect(r"/etc/\r\n")
t.expect(r"d\.img:/etc> ")
t.send("cd /\n")
t.expect(P)
t.send("ls -d tw\t\n")
t.expect(r"'two words'\r\n")
t.expect(P)
t.send("ls -d 'tw\t\n")
t.expect(r"'two words'\r\n")
t.expect(P)
t.send("put r/et\thosts /ne")
t.expect(r"/ne")
t.send("\x03")
t.expect(P)
t.send("put r/et\thosts /newhosts\n")
t.expect(P)
t.command("ls -d newhosts")
t.expect(r"\r\nnewhosts\r\n")
t.expect(P)
# what was changed is in the image already
with open(image, "rb") as f:
    check("on the disk at the prompt", b"newhosts" in f.read())
# a line that goes on
t.send("echo 'a\n")
t.expect(r"\r\n> ")
t.send("b'\n")
t.expect(r"\r\na\r\nb\r\n")
t.expect(P)
# a failure, a syntax error: it goes on
t.command("cat /nothere")
t.expect(r"No such file or directory\r\n")
t.expect(P)
t.command("ls >")
t.expect(r"missing behind")
t.expect(P)
# ^C: the command ends, not the shell
t.command("!sleep 30")
time.sleep(0.5)
begin = time.time()
t.send("\x03")
t.expect(P)
check("^C ended the program", time.time() - begin < 5)
t.command("truncate -s 8G /huge")
t.expect(P)
t.command("sum -a sha256 /huge")
time.sleep(0.5)
begin = time.time()
t.send("\x03")
t.expect(P)
check("^C ended the command", time.time() - begin < 2)
t.command("find / -name huge -delete")
t.expect(P)
t.send("put - /from\n")
time.sleep(0.3)
t.send("\x03")
t.expect(P)
t.command("put - /typed")
time.sleep(0.3)
t.send("line one\n\x04")
t.expect(P)
t.command("cat /typed")
t.expect(r"\r\nline one\r\n")
t.expect(P)
t.command("ls /from")
t.expect(r"No such file")
t.expect(P)
# the arrow goes back
t.send("\x1b[A\x1b[A\n")
t.expect(r"\r\nline one\r\n")
t.expect(P)
t.command("cat /nothere")
t.expect(P)
time.sleep(0.3)  # the terminal is made ready for keys after the prompt
t.send("\x04")
check("the last status, at ^D", t.status("^D") == 1)
lines = open(history).read().split("\n")
check("history", "cat hostname" in lines and "put - /typed" in lines)
check("history's mode", os.stat(history).st_mode & 0o777 == 0o600)
check("one line each", "echo 'a b'" in lines)

# the history is read, and bounded
with open(history, "w") as f:
    for i in range(2500):
        f.write("echo number %d\n" % i)
t = Terminal("-r")
t.expect(r"d\.img:/ \(read-only\)> ")
check("cut", len(open(history).read().split("\n")) == 1001)
t.send("\x1b[A\n")
t.expect(r"\r\nnumber 2499\r\n")
t.expect(r"\(read-only\)> ")
t.command("mkdir /x")
t.expect(r"is open for reading only\r\n")
t.expect(r"\(read-only\)> ")
t.command("exit 3")
check("exit 3", t.status("exit") == 3)

# none is kept
os.remove(history)
t = Terminal(FSU_HISTFILE="")
t.expect(P)
t.command("echo secret")
t.expect(r"\r\nsecret\r\n")
t.expect(P)
os.kill(t.pid, signal.SIGHUP)
check("SIGHUP", t.status("SIGHUP") == 129)
check("no history", not os.path.exists(history))
