"""terminal: true, with and without a console socket; size, owner, /dev/console."""

import fcntl
import json
import os
import pty
import struct
import termios
import time

from driver import PATIENCE, expect, must, must_fail
from suite import add, ask, directory, drop, link, namespaces, put, story

PROCESS, DEFAULT, HABIT, RIGHT = "config.md#process", "config-linux.md#default-devices", "command line", "done right"
TIOCGPTN = 0x80045430  # of <asm-generic/ioctls.h>
TERMINAL = put("process.terminal", True)


def on_console(t, *mutations, command="create"):
    """A held container on a terminal that came through a console socket, and the probe's report."""
    console = t.console()
    c = t.held(TERMINAL, *mutations)
    flags = ("--console-socket", console.path)
    if command == "create":
        must(c.create(*flags))
        console.accept()
        must(c.start())
    else:
        must(c.run(*flags, "--detach"))
        console.accept()
    return c, console, console.read_json()


@story(PROCESS, "terminal.streams", "with terminal the three streams are one terminal")
def _(t):
    _, _, report = on_console(t)
    terminal = report["terminal"]
    expect([terminal[f"tty{n}"] for n in range(3)] == [1, 1, 1], f"{terminal}")
    expect(terminal["fd0"]["rdev"] == terminal["fd1"]["rdev"] == terminal["fd2"]["rdev"], "different terminals")


@story(PROCESS, "terminal.controlling", "it is the controlling terminal")
def _(t):
    _, _, report = on_console(t)
    expect(report["terminal"]["dev_tty"] == "ok", f"/dev/tty: {report['terminal']['dev_tty']}")
    expect(report["terminal"]["foreground"] == report["pgid"], "the process is not in the foreground")


@story(DEFAULT, "terminal.console", "/dev/console is that terminal")
def _(t):
    _, _, report = on_console(t, ask("stat=/dev/console", "open=rw:/dev/console"))
    found = report["stat=/dev/console"]
    expect(found.get("type") == "char" and found["rdev"] == report["terminal"]["fd0"]["rdev"], f"{found}")
    expect(report["open=rw:/dev/console"] == "ok", f"{report['open=rw:/dev/console']}")


@story(RIGHT, "terminal.own-devpts", "the terminal is of the container's devpts: its name works inside")
def _(t):
    _, _, report = on_console(t, ask("link=/proc/self/fd/0", "stat=/dev/pts/0"))
    expect(report["link=/proc/self/fd/0"] == "/dev/pts/0", f"{report['link=/proc/self/fd/0']}")
    expect(report["stat=/dev/pts/0"].get("rdev") == report["terminal"]["fd0"]["rdev"], "another terminal")


@story(PROCESS, "terminal.size", "consoleSize is the terminal's size")
def _(t):
    _, _, report = on_console(t, put("process.consoleSize", {"height": 33, "width": 123}))
    terminal = report["terminal"]
    expect((terminal["rows"], terminal["columns"]) == (33, 123), f"{terminal['rows']} x {terminal['columns']}")


@story(PROCESS, "terminal.size-ignored", "without terminal consoleSize is ignored")
def _(t):
    must(t.container(put("process.consoleSize", {"height": 33, "width": 123})).run())


@story(RIGHT, "terminal.owner", "the terminal belongs to the user of the process")
def _(t):
    _, _, report = on_console(t, put("process.user", {"uid": 1000, "gid": 1000}))
    expect(report["terminal"]["fd0"]["uid"] == 1000, f"it belongs to {report['terminal']['fd0']['uid']}")


@story(RIGHT, "terminal.owner-mapped", "in a user namespace too")
def _(t):
    maps = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    _, _, report = on_console(t, namespaces("pid", "network", "ipc", "uts", "mount", "user"), put("linux.uidMappings", maps),
                              put("linux.gidMappings", maps))
    expect(report["terminal"]["fd0"]["uid"] == 0 and report["terminal"]["tty0"] == 1, f"{report['terminal']['fd0']}")


@story(HABIT, "terminal.descriptors", "no descriptor but the three is left")
def _(t):
    _, _, report = on_console(t)
    expect(sorted(report["fds"]) == ["0", "1", "2"], f"{report['fds']}")


@story(HABIT, "terminal.one-descriptor", "exactly one descriptor comes through the console socket, a terminal's master")
def _(t):
    _, console, _ = on_console(t)
    expect(console.received == 1, f"{console.received}")
    fcntl.ioctl(console.master, termios.TIOCGWINSZ, b"\0" * 8)
    number = struct.unpack("i", fcntl.ioctl(console.master, TIOCGPTN, b"\0" * 4))[0]
    expect(number >= 0, f"{number}")


@story(HABIT, "terminal.input", "what is written to the master arrives inside")
def _(t):
    console = t.console()
    c = t.container(TERMINAL, put("process.args", ["/bin/busybox", "sh", "-c", "read x; echo got=$x"]))
    must(c.create("--console-socket", console.path))
    console.accept()
    must(c.start())
    os.write(console.master, b"planet\n")
    text = b""
    while b"got=planet" not in text:
        text += os.read(console.master, 1000)
    c.wait_status("stopped")


@story(HABIT, "terminal.run-detached", "run --detach with a console socket")
def _(t):
    _, _, report = on_console(t, command="run")
    expect(report["terminal"]["tty0"] == 1, "no terminal")


@story(HABIT, "terminal.exec", "exec --tty has a terminal of its own")
def _(t):
    c = t.held().up()
    console = t.console()
    must(c.exec("/bin/probe", "report", flags=("--tty", "--detach", "--console-socket", console.path)))
    console.accept()
    report = console.read_json()
    expect([report["terminal"][f"tty{n}"] for n in range(3)] == [1, 1, 1], f"{report['terminal']}")
    expect(report["terminal"]["dev_tty"] == "ok", "no controlling terminal")


@story(HABIT, "terminal.exec-process-size", "consoleSize of exec's process file is the size")
def _(t):
    c = t.held().up()
    console = t.console()
    path = c.bundle.file("p.json", json.dumps({"args": ["/bin/probe", "report"], "cwd": "/", "terminal": True,
                                               "consoleSize": {"height": 21, "width": 43}, "user": {"uid": 0, "gid": 0}}))
    must(c.runtime("exec", "--process", path, "--detach", "--console-socket", console.path, c.id))
    console.accept()
    report = console.read_json()
    expect((report["terminal"]["rows"], report["terminal"]["columns"]) == (21, 43), f"{report['terminal']}")


def foreground(t, mutations, flags=(), size=None):
    """run on a terminal of the caller's, as a person would; what came out of it."""
    c = t.container(TERMINAL, *mutations)
    c.touched = True
    master, slave = pty.openpty()
    if size:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    process = t.runtime.popen("run", "--bundle", c.bundle.path, *flags, c.id, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    text, end = b"", time.monotonic() + PATIENCE
    os.set_blocking(master, False)
    while time.monotonic() < end:
        try:
            piece = os.read(master, 65536)
            if not piece:
                break
            text += piece
        except BlockingIOError:
            if process.poll() is not None:
                break
            time.sleep(0.003)
        except OSError:
            break
    os.close(master)
    if process.poll() is None:
        process.kill()
    return process.wait(), text.decode(errors="replace")


@story(HABIT, "terminal.run-foreground", "run in the foreground connects the caller's terminal")
def _(t):
    status, text = foreground(t, [])
    expect(status == 0, f"status {status}: {text[:200]}")
    report = json.loads([line for line in text.splitlines() if line.startswith("{")][0])
    expect(report["terminal"]["tty0"] == 1, "no terminal")


@story(HABIT, "terminal.size-of-the-caller", "its size is that of the caller's terminal")
def _(t):
    later = put("process.args", ["/bin/busybox", "sh", "-c", "usleep 300000; exec probe report"])
    status, text = foreground(t, [later], size=(31, 97))
    expect(status == 0, f"status {status}: {text[:200]}")
    report = json.loads([line for line in text.splitlines() if line.startswith("{")][0])
    expect((report["terminal"]["rows"], report["terminal"]["columns"]) == (31, 97), f"{report['terminal']['rows']} rows")


@story(RIGHT, "terminal.stdin-is-no-terminal", "terminal: true works for run without a terminal on standard input")
def _(t):
    done = t.container(TERMINAL).run()
    expect(done.ok and '"tty0":1' in done.out, f"{done}")


@story(HABIT, "terminal.needs-a-socket", "create with terminal and without a console socket is an error")
def _(t):
    must_fail(t.container(TERMINAL).create())


@story(HABIT, "terminal.socket-without-terminal", "a console socket without terminal is an error")
def _(t):
    must_fail(t.container().create("--console-socket", t.console().path))


@story(HABIT, "terminal.socket-nobody-listens", "a console socket that is not there is an error")
def _(t):
    must_fail(t.container(TERMINAL).create("--console-socket", f"{t.runtime.work}/nowhere.sock"))


@story(RIGHT, "terminal.console-link", "/dev/console of the root that is a link out of it is not followed")
def _(t):
    console = t.console()
    c = t.held(TERMINAL, drop("mounts"), add("mounts", {"destination": "/proc", "type": "proc"},
                                             {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                                              "options": ["newinstance", "ptmxmode=0666"]}),
               directory("canary"), directory("rootfs/dev/pts"), link("rootfs/dev/console", "../../canary/file"))
    c.create("--console-socket", console.path)
    expect(os.listdir(f"{c.bundle.path}/canary") == [], f"made: {os.listdir(c.bundle.path + '/canary')}")


@story(RIGHT, "terminal.hangup", "closing the master ends a process that reads from the terminal")
def _(t):
    console = t.console()
    c = t.container(TERMINAL, put("process.args", ["/bin/busybox", "sh", "-c", "cat"]))
    must(c.create("--console-socket", console.path))
    console.accept()
    must(c.start())
    console.close()
    c.wait_status("stopped")
