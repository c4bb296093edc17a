#!/usr/bin/env python3
"""A program under a real pseudoterminal: what is typed, what is seen, its size and its modes.

    pty_session.py SCENARIO[:ARGUMENT...] COMMAND...   runs one scenario; exit status 0 if all was as it should be
"""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time


class Session:
    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.seen = ""
        self.status = None

    def size(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def modes(self):
        return termios.tcgetattr(self.fd)

    def send(self, text):
        os.write(self.fd, text.encode())

    def expect(self, text, seconds=15):
        end = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"never saw {text!r} in {self.seen!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"the end came before {text!r}: {self.seen!r}")
            self.seen += data.decode(errors="replace")
        self.seen = self.seen.split(text, 1)[1]

    def wait(self):
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


def job_control(command):
    session = Session(command)
    before = session.modes()
    session.send("tty; echo ready-$((1+1))\n")
    session.expect("/dev/pts/0")
    session.expect("ready-2")
    assert not session.modes()[3] & termios.ECHO, "the caller's terminal is raw while the container has it"
    session.send("sleep 1000\n")
    time.sleep(0.5)
    session.send("\x1a")  # ^Z
    session.expect("Stopped")
    session.send("jobs; fg\n")
    session.expect("sleep 1000")
    time.sleep(0.3)
    session.send("\x03")  # ^C
    session.send("echo back-$((2+2))\n")
    session.expect("back-4")
    session.size(33, 77)
    time.sleep(0.3)
    session.send("stty size\n")
    session.expect("33 77")
    session.send("exit 6\n")
    time.sleep(0.5)
    after = session.modes()
    assert after[:4] == before[:4], "the terminal's modes are restored"
    assert session.wait() == 6


def killed_from_outside(command):
    session = Session(command)
    before = session.modes()
    session.send("echo ready-$((1+1))\n")
    session.expect("ready-2")
    os.kill(session.pid, signal.SIGTERM)  # goes to the shell, which as process 1 does not care
    session.send("kill -9 -1; exec false\n")
    time.sleep(1)
    assert session.modes()[:4] == before[:4], "the terminal's modes are restored"
    assert session.wait() == 1


def first_size(command):
    """The size that the terminal has before the command starts."""
    session = Session(["sh", "-c", 'stty rows 41 cols 99; exec "$@"', "sh", *command])
    session.expect("41 99")
    assert session.wait() == 5


def ends_with(session, before, status):
    ended = session.wait()
    assert ended == int(status), f"status {ended}"
    assert session.modes()[:4] == before[:4], "the terminal's modes are restored"


def ends(command, status):
    """It does not even start."""
    session = Session(command)
    before = session.modes()
    ends_with(session, before, status)


def wait_until_raw(session):
    session.expect("ready")
    end = time.monotonic() + 10
    while session.modes()[3] & termios.ICANON:
        assert time.monotonic() < end, "the caller's terminal never became raw"
        time.sleep(0.01)


def signal_to_planet(command, name, status):
    session = Session(command)
    before = session.modes()
    wait_until_raw(session)
    os.kill(session.pid, getattr(signal, "SIG" + name))
    ends_with(session, before, status)


def other_command(command, status, other):
    session = Session(command)
    before = session.modes()
    wait_until_raw(session)
    subprocess.run(other.split(), check=True, stdout=subprocess.DEVNULL)
    ends_with(session, before, status)


def hang_up(command):
    session = Session(command)
    session.send("echo re''ady\n")
    session.expect("ready")  # from here on the shell hears signals
    os.close(session.fd)
    assert session.wait() == 129


def hang_up_on_the_deaf(command):
    """Process 1 does not listen to SIGHUP: the end of its terminal is what it sees."""
    session = Session(command)
    wait_until_raw(session)
    os.close(session.fd)
    assert session.wait() == 3


def killed(command):
    """Nobody can restore the modes then."""
    session = Session(command)
    session.send("echo re''ady\n")
    session.expect("ready")  # the terminal is raw before the container runs
    os.kill(session.pid, signal.SIGKILL)
    assert session.wait() == -signal.SIGKILL


def command_of(command, *words):
    """Another command of the same program and directories: what stands before the first word of this one."""
    return command[:command.index("run")] + list(words)


def detach_and_attach(command):
    name = command[command.index("--name") + 1]
    session = Session(command)
    before = session.modes()
    session.send("x=kept; echo ready-$((1+1))\n")
    session.expect("ready-2")
    session.send("\x10\x11")
    assert session.wait() == 0
    assert session.modes()[:4] == before[:4], "the terminal's modes are restored"
    again = Session(command_of(command, "attach", name))
    again.size(31, 91)
    time.sleep(0.3)
    again.send("stty size; echo $x-$((2+2))\n")
    again.expect("31 91")
    again.expect("kept-4")
    again.send("\x10\x11")
    assert again.wait() == 0
    third = Session(command_of(command, "start", "-ai", name))
    third.send("exit 5\n")
    assert third.wait() == 5
    fourth = Session(command_of(command, "start", "-ai", name))
    fourth.send("echo new-$((3+3))$x; exit 4\n")
    fourth.expect("new-6")
    assert fourth.wait() == 4


def other_keys(command, keys):
    session = Session(command)
    session.send("echo ready-$((1+1))\n")
    session.expect("ready-2")
    session.send("\x10\x11echo still-$((1+1))\n")
    session.expect("still-2")
    session.send("\x01x")
    assert session.wait() == 0


SCENARIOS = {"detach_and_attach": detach_and_attach, "other_keys": other_keys,
             "job_control": job_control, "killed_from_outside": killed_from_outside, "first_size": first_size,
             "ends": ends, "signal": signal_to_planet, "command": other_command, "hang_up": hang_up,
             "hang_up_on_the_deaf": hang_up_on_the_deaf, "killed": killed}

if __name__ == "__main__":
    scenario, *arguments = sys.argv[1].split(":")
    SCENARIOS[scenario](sys.argv[2:], *arguments)
