#!/usr/bin/env python3
"""Runs a command on a terminal that is its controlling one, and tells what is in the terminal's input afterwards.

    tiocsti.py COMMAND...
"""
import fcntl
import os
import pty
import sys
import termios
import time
import tty

pid, master = pty.fork()
if pid == 0:
    tty.setraw(0)
    child = os.fork()
    if child == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    os.waitpid(child, 0)
    # The terminal's input is what a shell would read next.
    time.sleep(0.2)
    waiting = int.from_bytes(fcntl.ioctl(0, termios.FIONREAD, b"\0" * 4), sys.byteorder)
    os.write(2, b"pushed: " + os.read(0, waiting) if waiting else b"nothing was pushed")
    os._exit(0)
seen = b""
while True:
    try:
        data = os.read(master, 65536)
    except OSError:
        data = b""
    if not data:
        break
    seen += data
os.waitpid(pid, 0)
print(seen.decode(errors="replace"))
