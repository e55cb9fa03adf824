# SPDX-License-Identifier: BSD-2-Clause
# kernel.py IMAGE COPY: what kernel.sh lets Linux do in the current directory.
import os, shutil, sys

def commit():
    fd = os.open(".", os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)

def write(name, text):
    with open(name, "w") as f:
        f.write(text)

os.mkdir("d")
os.mkdir("gone")
for i in range(9):
    write(f"d/f{i}", f"file {i}\n" * (i * 40))
    os.mkdir(f"gone/s{i}")
write("big", "0123456789abcdef" * 20000)
commit()
for i in range(4):
    os.rename("d/f%d" % i, "d/g%d" % i)
    write(f"new{i}", "n" * 3000 * i)
    os.chmod("d/f5", 0o600 + i)
    commit()
shutil.rmtree("gone")
os.symlink(b"\xc0\x3b\x39\x98" + b"y" * 100, "escaped")
os.link("d/f6", "link")
os.unlink("d/f7")
os.setxattr("d/f8", "user.k", b"v" * 50)
os.truncate("big", 5000)
commit()
write("reuses", "what was a directory's\n" * 600)  # freed and revoked blocks
commit()
shutil.copyfile(sys.argv[1], sys.argv[2])
