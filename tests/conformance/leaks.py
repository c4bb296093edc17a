"""What a container could leave behind. The suite lives in namespaces of its own (run.py), so that every mount, process and
link that is new is one that the runtime left; control groups are told by the suite's token."""

import os
import signal
import socket
import subprocess
import time

from driver import CGROUP, read


def _mounts():
    return {" ".join(line.split()[2:5]) for line in read("/proc/self/mountinfo").splitlines()}


def _processes():
    return {int(n) for n in os.listdir("/proc") if n.isdigit()} - {os.getpid()}


NEAR = 5  # how deep below a hierarchy's top a group of the suite can begin; others may have made trees without end


def _groups(token):
    """Every group with the token in its path."""
    found = set()
    pending = [(f"{CGROUP}/{name}".rstrip("/"), 0) for name in ["", *os.listdir(CGROUP)]]
    pending = [(place, depth) for place, depth in pending if os.path.exists(f"{place}/cgroup.procs")]
    while pending:
        top, depth = pending.pop()
        try:
            inner = [entry.path for entry in os.scandir(top) if entry.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            continue
        for place in inner:
            if token in place:
                found.add(place)
            if token in place or depth < NEAR:
                pending.append((place, depth + 1))
    return found


def sweep(token):
    """Removes the suite's control groups, the deepest first; a frozen one is thawed, a process in one is killed."""
    for place in sorted(_groups(token), key=len, reverse=True):
        for name, text in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
            if os.path.exists(f"{place}/{name}"):
                with open(f"{place}/{name}", "w", encoding="ascii") as f:
                    f.write(text)
        for pid in read(f"{place}/cgroup.procs").split():
            os.kill(int(pid), signal.SIGKILL)
        end = time.monotonic() + 2
        while os.path.isdir(place) and time.monotonic() < end:
            try:
                os.rmdir(place)
            except OSError:
                time.sleep(0.01)


def describe(pid):
    fields = dict(line.split(":", 1) for line in read(f"/proc/{pid}/status").splitlines() if ":" in line)
    name, state, parent = (fields.get(k, "?").strip() for k in ("Name", "State", "PPid"))
    return f"process {pid} ({name}, {state}, child of {parent})"


class Watch:
    def __init__(self, runtime):
        self.runtime = runtime
        self.mounts, self.links = _mounts(), dict(socket.if_nameindex())

    def _states(self):
        root = self.runtime.state_root
        return set(os.listdir(root)) if os.path.isdir(root) else set()

    def _ours(self):
        """Groups below the suite's parents; the parents themselves go at the end of the run."""
        parents = {f"{CGROUP}/{c}{self.runtime.cgroup_parent}" for c in os.listdir(CGROUP)}
        parents.add(f"{CGROUP}{self.runtime.cgroup_parent}")
        return _groups(self.runtime.token) - parents

    def _settle(self, look):
        """A process that was killed needs a moment to be gone."""
        end = time.monotonic() + 2
        while look() and time.monotonic() < end:
            time.sleep(0.02)
        return look()

    def left(self):
        """Everything that is there and should not be, as sentences; and takes it away."""
        said = []
        processes = self._settle(_processes)
        said += [describe(p) for p in sorted(processes)]
        for p in processes:
            try:
                os.kill(p, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._settle(_processes)
        for line in sorted(_mounts() - self.mounts):
            said.append(f"mount {line}")
            subprocess.run(["umount", "-l", line.split()[2]], check=False, stderr=subprocess.DEVNULL)
        for place in sorted(self._ours(), reverse=True):
            said.append(f"control group {place}")
        sweep(self.runtime.token)
        for state in self._states():
            said.append(f"state {state}")
            subprocess.run(["rm", "-rf", f"{self.runtime.state_root}/{state}"], check=False)
        for index, name in socket.if_nameindex():
            if index not in self.links:
                said.append(f"network link {name}")
                subprocess.run(["ip", "link", "del", name], check=False)
        return said
