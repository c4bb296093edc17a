#!/usr/bin/env python3
"""kill -9 at random moments, and what is true afterwards.

    kill_rounds.py PLANET ROUNDS [SEED]

Each round starts something, kills one of those who take part (the command line, the keeper, the container's first
process) at a random moment, and then checks: `ps` answers and tells the truth, `rm -f` cleans, no process is left.
Every few rounds, when what was only begun may be swept, nothing at all may be left: no directory, name, range, state,
control group, mount, process, or descriptor. The seed repeats the choices; the kernel's timing is its own.
"""
import collections
import glob
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROUNDS_A_SWEEP = 25
OWN_TIME = 1.1  # seconds after which what has no record is swept, and its mtime's resolution
LOOP = ["sh", "-c", 'trap "exit 0" TERM; while :; do echo x; sleep 0.02; done']


class Wrong(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Wrong(text)


def wait_for(condition, text, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, text)
        time.sleep(0.005)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def first_child(pid):
    """The first child of a process, once it has one; None if it ends without."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        try:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return None
        if children:
            return int(children[0])
        if state == "Z":
            return None
    return None


def is_alive(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX"


class Planet:
    def __init__(self, program, top):
        self.root, self.runroot = top / "root", top / "run"
        self.words = [program, "--root", str(self.root), "--runroot", str(self.runroot)]

    def run(self, *words):
        return subprocess.run([*self.words, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def must(self, *words):
        done = self.run(*words)
        check(done.returncode == 0, f"planet {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def start(self, *words):
        return subprocess.Popen([*self.words, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def state(self, container):
        try:
            return json.loads((self.runroot / "containers" / container).read_text())
        except (OSError, ValueError):
            return None

    def listed(self):
        text = self.must("ps", "-a", "--no-trunc", "--format", "json")
        return [json.loads(line) for line in text.splitlines()]

    def directories(self):
        return {name for name in os.listdir(self.root / "containers")}

    def processes(self):
        """Command lines and keepers of this store."""
        found = []
        for directory in glob.glob("/proc/[0-9]*"):
            if int(directory[6:]) == os.getpid():
                continue
            try:
                words = pathlib.Path(directory, "cmdline").read_bytes()
                comm = pathlib.Path(directory, "comm").read_text().strip()
            except OSError:
                continue
            # A keeper does not show the command line that it comes from: its files tell whose it is.
            if str(self.root).encode() in words or words.startswith(b"planet: keeper of ") and self.has_open(directory):
                found.append(f"{directory[6:]} {comm}")
        return found

    def has_open(self, directory):
        for link in glob.glob(f"{directory}/fd/*"):
            try:
                if os.readlink(link).startswith(str(self.root)):
                    return True
            except OSError:
                pass
        return False

    def open_files(self):
        found = []
        for link in glob.glob("/proc/[0-9]*/fd/*"):
            try:
                if os.readlink(link).startswith(str(self.root.parent)):
                    found.append(link)
            except OSError:
                pass
        return found


def groups_of(container=""):
    pattern = f"planet/{container}*"
    return glob.glob(f"/sys/fs/cgroup/{pattern}/") + glob.glob(f"/sys/fs/cgroup/*/{pattern}/")


def members(container):
    pids = set()
    for group in groups_of(container):
        try:
            pids.update(int(pid) for pid in pathlib.Path(group, "cgroup.procs").read_text().split())
        except OSError:
            pass
    return pids


class Rounds:
    def __init__(self, planet, rng):
        self.planet, self.rng = planet, rng
        self.name = ""

    def moment(self, most):
        time.sleep(self.rng.random() * most)

    def flags(self):
        return ["--name", self.name, *(["--rm"] if self.rng.random() < 0.5 else [])]

    def running(self):
        """A detached container's id, its keeper and its first process."""
        container = self.planet.must("run", "-d", *self.flags(), "busybox", *LOOP)
        state = self.planet.state(container)
        check(state is not None, "a container that runs has a state")
        return container, {"keeper": state["keeper"], "init": state["pid"]}

    # Each returns when the kill is done and the command line that it started has ended.
    def command_line_at_start(self):
        command = self.planet.start("run", *self.flags(), "busybox", *LOOP)
        self.moment(0.04)
        kill(command.pid)
        command.wait()

    def detaching_command_line(self):
        command = self.planet.start("run", "-d", *self.flags(), "busybox", *LOOP)
        self.moment(0.03)
        kill(command.pid)
        command.wait()

    def keeper_at_start(self):
        command = self.planet.start("run", "-d", *self.flags(), "busybox", *LOOP)
        keeper = first_child(command.pid)
        self.moment(0.02)
        if keeper:
            kill(keeper)
        command.wait()

    def init_at_start(self):
        command = self.planet.start("run", "-d", *self.flags(), "busybox", *LOOP)
        keeper = first_child(command.pid)
        init = first_child(keeper) if keeper else None
        self.moment(0.01)
        if init:
            kill(init)
        command.wait()

    def keeper(self):
        _, who = self.running()
        self.moment(0.03)
        kill(who["keeper"])

    def init(self):
        _, who = self.running()
        self.moment(0.03)
        kill(who["init"])

    def keeper_and_init(self):
        _, who = self.running()
        self.moment(0.03)
        kill(who["keeper"])
        kill(who["init"])

    def during(self, *words):
        _, who = self.running()
        command = self.planet.start(*words)
        self.moment(0.03)
        kill({**who, "command": command.pid}[self.rng.choice(["command", "command", "keeper", "init"])])
        command.wait()

    def during_stop(self):
        self.during("stop", "-t", "1", self.name)

    def during_kill(self):
        self.during("kill", self.name)

    def during_rm(self):
        self.during("rm", "-f", self.name)

    def during_exec(self):
        container, who = self.running()
        command = self.planet.start("exec", self.name, "sleep", "987654")
        self.moment(0.03)
        kill(command.pid)
        command.wait()
        sleeping = lambda: any(b"987654" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                               for pid in members(container) if is_alive(pid))
        wait_for(lambda: not sleeping(), "the process of a killed exec lives on")
        check(is_alive(who["init"]), "a killed exec ended the container")

    KINDS = [command_line_at_start, detaching_command_line, keeper_at_start, init_at_start, keeper, init,
             keeper_and_init, during_stop, during_kill, during_rm, during_exec]

    def play(self, kind):
        kind(self)
        seen = self.planet.directories()
        self.check_truth()
        self.clean()
        for container in seen:
            left = groups_of(container)
            # What is being made has no record yet, and is swept when nobody can be at it any more.
            check(not left or container in self.planet.directories(), f"control groups are left: {left}")
        wait_for(lambda: not self.planet.processes(), f"processes are left: {self.planet.processes()}")

    def check_truth(self):
        # Whoever was killed has gone, and its container's end is known, within a moment.
        wait_for(lambda: all(one["State"] != "created" for one in self.planet.listed()), "a container stays created")
        for one in self.planet.listed():
            container = one["ID"]
            if one["State"] == "running":
                state = self.planet.state(container)
                # It may have ended since: then the next look says so.
                true = state and is_alive(state["pid"])
                check(true or all(o["ID"] != container or o["State"] != "running" for o in self.planet.listed()),
                      f"ps says {container} runs, and it does not")
            else:
                wait_for(lambda c=container: not any(is_alive(pid) for pid in members(c)),
                         f"ps says {container} has ended, and {members(container)} live")

    def clean(self):
        for one in self.planet.listed():
            done = self.planet.run("rm", "-f", one["ID"])
            gone = "no such container" in done.stderr  # --rm: its keeper was quicker
            check(done.returncode == 0 or gone, f"rm -f ended with {done.returncode}: {done.stderr.strip()}")
        wait_for(lambda: not self.planet.listed(), "ps still lists what rm -f removed")


def sweep(planet, mounts):
    time.sleep(OWN_TIME + 1)
    planet.listed()
    for where in (planet.root / "containers", planet.root / "names", planet.root / "ranges",
                  planet.root / "staging", planet.runroot / "containers"):
        left = os.listdir(where) if where.exists() else []
        check(not left, f"left in {where}: {left}")
    check(not groups_of(), f"control groups are left: {groups_of()}")
    check(not planet.processes(), f"processes are left: {planet.processes()}")
    check(not planet.open_files(), f"descriptors are left: {planet.open_files()}")
    now = mounts_here()
    check(now == mounts, f"mounts are left: {set(now.splitlines()) - set(mounts.splitlines())}")


def mounts_here():
    return pathlib.Path("/proc/self/mountinfo").read_text()


def main():
    program, rounds = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    rng = random.Random(seed)
    top = pathlib.Path(tempfile.mkdtemp(prefix="planet-kills-", dir="/var/tmp"))
    planet = Planet(os.path.realpath(program), top)
    print(f"seed {seed}", flush=True)
    planet.must("run", "--rm", "--network", "none", "busybox", "true")
    mounts, links = mounts_here(), socket.if_nameindex()
    counts, play = collections.Counter(), Rounds(planet, rng)
    begin = time.monotonic()
    for number in range(1, rounds + 1):
        kind = rng.choice(Rounds.KINDS)
        play.name = f"round{number}"
        try:
            play.play(kind)
            if number % ROUNDS_A_SWEEP == 0 or number == rounds:
                sweep(planet, mounts)
        except Wrong as wrong:
            sys.exit(f"round {number}, {kind.__name__}, seed {seed}: {wrong}\n(what is left is in {top})")
        counts[kind.__name__] += 1
    planet.must("network", "prune", "-f")
    if socket.if_nameindex() != links:
        sys.exit(f"links are left: {socket.if_nameindex()}, of before {links}")
    for kind, count in counts.most_common():
        print(f"{count:5} {kind.replace('_', ' ')}")
    print(f"{rounds:5} kills, {time.monotonic() - begin:.0f} s, nothing wrong and nothing left")
    subprocess.run(["rm", "-rf", top], check=True)


if __name__ == "__main__":
    main()
