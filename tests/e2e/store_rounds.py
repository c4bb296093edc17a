#!/usr/bin/env python3
"""kill -9 at random moments of what changes the store, and what is true afterwards.

    store_rounds.py PLANET ROUNDS [SEED]

Each round kills a pull, load, import, commit, rm, rmi or prune at a random moment: the command line alone, or its whole process
group. Then the store checks whole, nothing of the command is left running, the same command finishes, and what it was to
do is done. Every few rounds everything is removed: the disk then holds what it held in the beginning. Pulls come from
Debian's docker-registry on loopback. The seed repeats the choices; the timing is the machine's own.
"""
import collections
import io
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time

ROUNDS_A_SWEEP = 25
CALL_SECONDS = 120


class Wrong(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Wrong(text)


def tar_of(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


class Registry:
    def __init__(self, top):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.host = f"127.0.0.1:{port}"
        config = top / "registry.yml"
        config.write_text(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {top}/registry}}}}\n"
                          f"http: {{addr: {self.host}}}\n")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                check(time.monotonic() < end and self.process.poll() is None, "docker-registry does not start")
                time.sleep(0.05)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Store:
    def __init__(self, planet, top, chance):
        self.top, self.root, self.chance = top, top / "root", chance
        self.base = [planet, "--root", str(self.root), "--runroot", str(top / "run")]
        self.count = collections.Counter()
        self.registry = Registry(top)
        self.image = f"{self.registry.host}/team/a:1"

    def call(self, *words):
        return subprocess.run([*self.base, *words], capture_output=True, text=True, timeout=CALL_SECONDS, stdin=subprocess.DEVNULL)

    def must(self, *words):
        done = self.call(*words)
        check(done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def set_up(self):
        """The images: one in the registry with three layers, and an archive of another."""
        noise = random.Random(7)
        tree = {f"random{i}": noise.randbytes(700_000) for i in range(3)} | {f"d/{i}": b"x" * i for i in range(300)}
        (self.top / "tree.tar").write_bytes(tar_of(tree))
        self.must("import", "-c", "CMD [\"x\"]", str(self.top / "tree.tar"), self.image)
        for number in range(2):
            self.make("layer", {f"more{number}": noise.randbytes(600_000)}, self.image)
            self.must("commit", "layer", self.image)
            self.must("rm", "layer")
        self.must("push", "-q", self.image)
        self.must("save", "--format", "oci-archive", "-o", str(self.top / "b.tar"), self.image)
        self.must("system", "prune", "-af")
        self.must("pull", "-q", self.image)  # it leaves the file by which pulls wait for one another

    def make(self, name, files, image):
        """A container that has never run, with files of its own."""
        self.must("create", "--name", name, image, "x")
        subprocess.run([*self.base, "cp", "-", f"{name}:/"], input=tar_of(files), check=True, timeout=CALL_SECONDS,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # What can be killed: (what must be there before, the command, whether it is done).

    def has_image(self, name):
        return self.call("image", "inspect", name).returncode == 0

    def has_container(self, name):
        return name in self.must("ps", "-a", "--format", "{{.Names}}").split()

    def need(self, image):
        if not self.has_image(image):
            self.must("pull", "-q", image)

    def need_container(self, name):
        self.need(self.image)
        if not self.has_container(name):
            self.make(name, {f"f/{i}": os.urandom(40_000) for i in range(30)}, self.image)

    def actions(self):
        without = lambda *names: lambda: [self.call("rmi", "-f", name) for name in names]
        return {
            "pull": (without(self.image), ["pull", "-q", self.image], lambda: self.has_image(self.image)),
            "load": (without(self.image), ["load", "-q", "-i", str(self.top / "b.tar")], lambda: self.has_image(self.image)),
            "import": (without("i:1"), ["import", str(self.top / "tree.tar"), "i:1"], lambda: self.has_image("i:1")),
            "commit": (lambda: self.need_container("big"), ["commit", "big", "c:1"], lambda: self.has_image("c:1")),
            "rm": (lambda: self.need_container("scratch"), ["rm", "scratch"], lambda: not self.has_container("scratch")),
            "rmi": (lambda: self.need(self.image), ["rmi", "-f", self.image], lambda: not self.has_image(self.image)),
            "image prune": (lambda: self.need(self.image), ["image", "prune", "-af"], lambda: True),
            "system prune": (lambda: self.need_container("scratch"), ["system", "prune", "-af"],
                             lambda: not self.has_container("scratch") and not self.has_image(self.image)),
        }

    def own_processes(self):
        """The command lines that work on this store."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.root).encode() in path.read_bytes():
                    found.append(path.parent.name)
            except OSError:
                pass
        return found

    def wait_for_the_dying(self, what):
        end = time.monotonic() + 10
        while self.own_processes():
            check(time.monotonic() < end, f"{what}: still running: {self.own_processes()}")
            time.sleep(0.005)

    def kill_one(self, what, before, words, done, took):
        before()
        child = subprocess.Popen([*self.base, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 stdin=subprocess.DEVNULL, start_new_session=True)
        time.sleep(self.chance.random() * took * 1.1)
        # Not waited for yet, its number is nobody else's.
        if self.chance.random() < 0.5:
            os.kill(child.pid, signal.SIGKILL)
        else:
            os.killpg(child.pid, signal.SIGKILL)
        if child.wait() == -signal.SIGKILL:
            self.count[what] += 1
        self.wait_for_the_dying(what)
        self.must("system", "check", "-q")
        again = self.call(*words)
        check(again.returncode == 0 or done(), f"{what} again: {again.returncode}\n{again.stdout}{again.stderr}")
        check(done(), f"{what} again: it is not done")

    def everything(self):
        """Each file of the root with its size, and what the disk holds of them."""
        files, blocks = {}, 0
        for folder, _, names in os.walk(self.root):
            for name in names:
                status = os.lstat(os.path.join(folder, name))
                files[os.path.relpath(os.path.join(folder, name), self.root)] = status.st_size
                blocks += status.st_blocks
        return files, blocks * 512

    def sweep(self):
        for name in self.must("ps", "-aq").split():
            self.must("rm", "-f", name)
        self.must("system", "prune", "-af")
        check(not os.listdir(self.root / "staging"), f"left in staging: {os.listdir(self.root / 'staging')}")
        return self.everything()


def run(store, rounds):
    store.set_up()
    clean = store.sweep()
    actions = store.actions()
    took = {}
    for what, (before, words, done) in actions.items():
        before()
        start = time.monotonic()
        store.must(*words)
        took[what] = time.monotonic() - start
        check(done(), f"{what} does not do its work")
    for number in range(rounds):
        what = store.chance.choice(list(actions))
        before, words, done = actions[what]
        store.kill_one(what, before, words, done, took[what])
        if (number + 1) % ROUNDS_A_SWEEP == 0 or number + 1 == rounds:
            now = store.sweep()
            check(now == clean, f"round {number + 1}: the disk holds {now}, and {clean} in the beginning")
    killed = ", ".join(f"{what} {count}" for what, count in sorted(store.count.items()))
    print(f"{rounds} rounds, {sum(store.count.values())} killed in the middle ({killed}); empty, the store takes {clean[1]} bytes as before")


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    seed = int(sys.argv[3]) if len(sys.argv) == 4 else random.randrange(1 << 32)
    top = pathlib.Path(tempfile.mkdtemp(prefix="planet-store-", dir="/var/tmp"))
    store = None
    try:
        store = Store(os.path.abspath(sys.argv[1]), top, random.Random(seed))
        run(store, int(sys.argv[2]))
    except (Wrong, subprocess.SubprocessError) as wrong:
        sys.exit(f"seed {seed}: {wrong}")
    finally:
        if store:
            store.registry.stop()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    main()
