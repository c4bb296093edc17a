"""Drives a runtime by its command line: bundles, containers, consoles. Knows nothing of checks.

Everything lives below one work directory (a tmpfs), all container ids begin with one token, and all control groups are
below one name, so that what a container leaves behind can be told from everything else on the machine.
"""

import copy
import json
import os
import shutil
import signal
import socket
import subprocess
import time

PATIENCE = 5.0  # seconds for one command; a runtime that needs more hangs
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
CGROUP = "/sys/fs/cgroup"


class Failure(Exception):
    """A check that did not hold; the text is what was found instead."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def shorten(text, most=300):
    text = " ".join(str(text).split())
    return text if len(text) <= most else text[:most] + "..."


class Done:
    """A command that ended: exit status (negative: killed by that signal; None: it hung), output, error output."""

    def __init__(self, words, status, out, err):
        self.words, self.status, self.out, self.err = words, status, out, err

    @property
    def ok(self):
        return self.status == 0

    def __str__(self):
        status = "hung" if self.status is None else f"status {self.status}"
        return f"`{' '.join(self.words)}`: {status}, {shorten(self.err or self.out)!r}"


def must(done):
    """The command succeeded."""
    expect(done.ok, f"{done} instead of success")
    return done


def must_fail(done):
    """The command said no: not by hanging, not by crashing, and with a word on why."""
    expect(done.status is not None, f"{done}")
    expect(done.status != 0, f"{done} instead of an error")
    expect(done.status > 0, f"{done}: crashed instead of an error")
    return done


class Runtime:
    def __init__(self, path, work, token):
        self.path, self.work, self.token = path, work, token
        self.state_root = f"{work}/state"
        self.cgroup_parent = f"/{token}"
        self.count = 0
        self.commands = {}
        self.processes = []
        version = subprocess.run([path, "--version"], capture_output=True, text=True, env=ENVIRONMENT, check=False)
        lines = version.stdout.splitlines() or [os.path.basename(path)]
        self.version = lines[0]
        self.name = lines[0].split()[0]
        claims = [line.split(":", 1)[1].strip() for line in lines if line.startswith("spec:")]
        self.claims = claims[0] if claims else "1.0.0"

    def next_id(self):
        self.count += 1
        return f"{self.token}-{self.count}"

    def has(self, command):
        """Whether there is such a command at all: else a refusal would pass for want of the command."""
        def help_of(name):
            if name not in self.commands:
                asked = subprocess.run([self.path, name, "--help"], capture_output=True, env=ENVIRONMENT, check=False,
                                       stdin=subprocess.DEVNULL)
                self.commands[name] = (asked.returncode, asked.stdout)
            return self.commands[name]
        return help_of(command)[0] == 0 and help_of(command) != help_of("no-such-command")

    def popen(self, command, *words, before=(), root=None, descriptors=(), activated=False, **options):
        """`descriptors`: files that are to be open at 3, 4, ...; `activated`: with LISTEN_PID, as systemd would."""
        expect(self.has(command), f"the runtime has no `{command}`")
        argv = [self.path, "--root", root or self.state_root, *before, command, *words]
        if activated:
            argv = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *argv]
        if descriptors:
            options.update(close_fds=False, preexec_fn=lambda: place(descriptors))
        options.setdefault("env", ENVIRONMENT)
        options.setdefault("start_new_session", True)
        if "stdin" in options:
            self.processes.append(subprocess.Popen(argv, **options))
            return self.processes[-1]
        # A null device of the suite's own: some runtimes give the caller's to the container's user.
        with open(f"{self.work}/null", "r+b", buffering=0) as null:
            self.processes.append(subprocess.Popen(argv, stdin=null, **options))
            return self.processes[-1]

    def end_processes(self):
        """Ends what a check that failed left running."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.processes.clear()

    def __call__(self, command, *words, stdin=None, patience=PATIENCE, out=None, **options):
        """Runs one command to its end. Its streams are files, not pipes: a container that goes on holds them open."""
        self.count += 1
        where = f"{self.work}/out/{self.count}"
        out = out or f"{where}.out"
        with open(out, "wb") as o, open(f"{where}.err", "wb") as e:
            if stdin is not None:
                with open(f"{where}.in", "w+b") as i:
                    i.write(stdin.encode())
                    i.seek(0)
                    process = self.popen(command, *words, stdin=i, stdout=o, stderr=e, **options)
            else:
                process = self.popen(command, *words, stdout=o, stderr=e, **options)
        try:
            status = process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = None
        return Done([os.path.basename(self.path), command, *words], status, read(out), read(f"{where}.err"))


def place(paths):
    """In a child, just before the program: opens these files at 3, 4, ... and leaves them open."""
    for number, path in enumerate(paths, 3):
        fd = os.open(path, os.O_RDONLY)
        if fd != number:
            os.dup2(fd, number)
            os.close(fd)
        os.set_inheritable(number, True)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def wait_until(condition, what, patience=PATIENCE):
    """Polls until the condition is true and returns its value."""
    end = time.monotonic() + patience
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        expect(time.monotonic() < end, f"{what}: not within {patience:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)


# ---- config.json ----

def base_spec(cgroups_path):
    """A plain container: what engines ask for, without what a check may want to add."""
    def mount(destination, kind, options, source=None):
        return {"destination": destination, "type": kind, "source": source or kind, "options": options.split()}
    capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
    return {
        "ociVersion": "1.0.0",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/bin/probe", "report"],
            "env": ["PATH=/bin", "HELLO=planet"],
            "cwd": "/",
            "capabilities": {kind: list(capabilities) for kind in ("bounding", "effective", "permitted")},
        },
        "root": {"path": "rootfs"},
        "hostname": "conformance",
        "mounts": [
            mount("/proc", "proc", "nosuid noexec nodev"),
            mount("/dev", "tmpfs", "nosuid strictatime mode=755 size=65536k"),
            mount("/dev/pts", "devpts", "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5"),
            mount("/dev/shm", "tmpfs", "nosuid noexec nodev mode=1777 size=65536k", "shm"),
            mount("/dev/mqueue", "mqueue", "nosuid noexec nodev"),
            mount("/sys", "sysfs", "nosuid noexec nodev ro"),
        ],
        "linux": {
            "cgroupsPath": cgroups_path,
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")],
        },
    }


class Bundle:
    """A bundle directory: config.json and a small root with the probe and busybox."""

    directories = "bin etc proc sys dev tmp data hook".split()

    def __init__(self, runtime, identity, mutations):
        self.path = f"{runtime.work}/bundles/{identity}"
        self.root = f"{self.path}/rootfs"
        self.work = runtime.work
        self.mounts = []
        os.mkdir(self.path)
        os.mkdir(self.root)
        for name in self.directories:
            os.mkdir(f"{self.root}/{name}")
        os.chmod(f"{self.root}/tmp", 0o1777)
        os.chmod(f"{self.root}/hook", 0o777)
        for name in ("probe", "busybox"):
            os.link(f"{runtime.work}/bin/{name}", f"{self.root}/bin/{name}")
        os.symlink("busybox", f"{self.root}/bin/sh")
        self.spec = base_spec(f"{runtime.cgroup_parent}/{identity}")
        for mutate in mutations:
            mutate(self)
        self.save()

    def save(self):
        with open(f"{self.path}/config.json", "w", encoding="utf-8") as f:
            f.write(self.spec if isinstance(self.spec, str) else json.dumps(self.spec))

    def file(self, path, content="", mode=0o644):
        """A file in the bundle (`rootfs/x` is inside the container)."""
        os.makedirs(os.path.dirname(f"{self.path}/{path}"), exist_ok=True)
        with open(f"{self.path}/{path}", "w", encoding="utf-8") as f:
            f.write(content)
        os.chmod(f"{self.path}/{path}", mode)
        return f"{self.path}/{path}"

    def directory(self, path):
        os.makedirs(f"{self.path}/{path}", exist_ok=True)
        return f"{self.path}/{path}"

    def mounted(self, path):
        """A directory of the bundle with a tmpfs on it, until the container is closed."""
        place = self.directory(path)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
        self.mounts.append(place)
        return place


class Container:
    """One container from its bundle to its removal; methods are the runtime's commands and return Done."""

    def __init__(self, runtime, mutations=(), identity=None):
        self.runtime = runtime
        self.id = identity or runtime.next_id()
        self.bundle = Bundle(runtime, runtime.next_id(), mutations)
        self.out = f"{self.bundle.path}/out"
        self.console = None
        self.touched = False

    def command(self, command, *words, **options):
        return self.runtime(command, *words, self.id, **options)

    def create(self, *flags, **options):
        self.touched = True
        return self.command("create", "--bundle", self.bundle.path, *flags, out=self.out, **options)

    def run(self, *flags, **options):
        self.touched = True
        return self.command("run", "--bundle", self.bundle.path, *flags, out=self.out, **options)

    def start(self):
        return self.command("start")

    def up(self, *flags, **options):
        """Created and started."""
        must(self.create(*flags, **options))
        must(self.start())
        return self

    def kill(self, sig="KILL", *flags):
        return self.runtime("kill", *flags, self.id, str(sig))

    def delete(self, *flags):
        return self.command("delete", *flags)

    def exec(self, *words, flags=(), **options):
        return self.runtime("exec", *flags, self.id, *words, **options)

    def ask(self, *questions, flags=(), verb="ask", **options):
        """What a process that `exec` put inside finds."""
        done = must(self.exec("/bin/probe", verb, *questions, flags=flags, **options))
        return json.loads(done.out)

    def state(self):
        return json.loads(must(self.command("state")).out)

    def status(self):
        """The status, or None where there is no such container."""
        done = self.command("state")
        return json.loads(done.out)["status"] if done.ok else None

    def wait_status(self, wanted):
        wait_until(lambda: self.status() == wanted, f"status {wanted}")
        return self

    def answer(self, index=0):
        """The probe's line of that number, waited for."""
        def line():
            lines = read(self.out).split("\n")
            return lines[index] if len(lines) > index + 1 else None
        return json.loads(wait_until(line, "the probe's answer"))

    def cgroup(self, controller, name):
        """A file of the container's control group, v1 or v2 whichever the machine has; None where there is none."""
        path = self.bundle.spec["linux"]["cgroupsPath"]
        for place in (f"{CGROUP}/{controller}{path}/{name}", f"{CGROUP}{path}/{name}"):
            if os.path.exists(place):
                return read(place).strip()
        return None

    def close(self):
        """Removes whatever is left; what a proper `delete` would have left is found by the leak check."""
        if self.touched and self.runtime.has("delete"):
            self.delete("--force")
        if self.console:
            self.console.close()
        for inner in self.bundle.mounts:
            subprocess.run(["umount", inner], check=False)
        shutil.rmtree(self.bundle.path, ignore_errors=True)


class Console:
    """The socket of --console-socket and the terminal that came through it."""

    def __init__(self, work, name="console"):
        self.path = f"{work}/{name}.sock"
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen(4)
        self.server.settimeout(PATIENCE)
        self.master = None
        self.message = b""
        self.received = 0

    def accept(self):
        connection, _ = self.server.accept()
        connection.settimeout(PATIENCE)
        self.message, fds, _, _ = socket.recv_fds(connection, 4096, 8)
        connection.close()
        self.received = len(fds)
        expect(fds, "no descriptor came through the console socket")
        self.master = fds[0]
        for extra in fds[1:]:
            os.close(extra)
        return self.master

    def read_json(self):
        """The probe's line as it comes out of the terminal."""
        text = b""
        os.set_blocking(self.master, False)
        end = time.monotonic() + PATIENCE
        while b"}\r\n" not in text and b"}\n" not in text:
            expect(time.monotonic() < end, f"no answer on the terminal but {text[:200]!r}")
            try:
                text += os.read(self.master, 65536)
            except BlockingIOError:
                time.sleep(0.002)
            except OSError:
                break
        return json.loads(text.decode().strip().splitlines()[-1])

    def close(self):
        if self.master is not None:
            os.close(self.master)
            self.master = None
        self.server.close()  # closing twice is harmless
        if os.path.exists(self.path):
            os.unlink(self.path)


def clone(value):
    return copy.deepcopy(value)
