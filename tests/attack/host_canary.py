#!/usr/bin/env python3
"""A tree that no container may touch.

    host_canary.py make DIR       fills DIR with one file of each kind that attacks were after
    host_canary.py show DIR       one line for each entry: everything about it that a touch would change
"""
import hashlib
import os
import socket
import stat
import struct
import sys


def make(top):
    os.makedirs(f"{top}/etc")
    os.makedirs(f"{top}/deep/er", mode=0o750)
    for name in ("secret", "ptmx", "etc/passwd", "etc/resolv.conf", "deep/er/file"):
        with open(f"{top}/{name}", "w") as file:
            file.write(f"canary {name}\n")
    os.chmod(f"{top}/secret", 0o600)
    os.link(f"{top}/secret", f"{top}/second-name")
    os.symlink("secret", f"{top}/link")
    os.mkfifo(f"{top}/fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{top}/socket")
    with open(f"{top}/setuid", "w") as file:
        file.write("x")
    os.chown(f"{top}/setuid", 1234, 5678)
    os.chmod(f"{top}/setuid", 0o4755)
    os.setxattr(f"{top}/deep", "trusted.canary", b"1")
    # CAP_NET_RAW, permitted and effective: VFS_CAP_REVISION_2 of capabilities(7).
    os.setxattr(f"{top}/setuid", "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0))


def describe(path):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    content = ""
    if kind == stat.S_IFREG:
        with open(path, "rb") as file:
            content = hashlib.sha256(file.read()).hexdigest()
    elif kind == stat.S_IFLNK:
        content = os.readlink(path)
    names = sorted(os.listxattr(path, follow_symlinks=False))
    attributes = [(name, os.getxattr(path, name, follow_symlinks=False).hex()) for name in names]
    return (path, oct(status.st_mode), status.st_uid, status.st_gid, status.st_size, status.st_nlink,
            status.st_mtime_ns, status.st_ctime_ns, status.st_ino, attributes, content)


def show(top):
    print(*describe(top))
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(folders + files):
            print(*describe(os.path.join(folder, name)))


if __name__ == "__main__":
    {"make": make, "show": show}[sys.argv[1]](sys.argv[2])
