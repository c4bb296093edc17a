#!/usr/bin/env python3
"""`planet run --rm` beside the kernel's floor and the peers, in one run.

Runs are interleaved in a random order, so that a busy moment hits all alike; what counts is the ratio of medians.

    bench/run.py [--rounds N] [--json FILE] [--no-engines] [--here]

All engines have their stores on an ext4 as Debian's installer makes it, in memory; with --here, on this machine's /var/tmp.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parent / "build"
BRIDGE = "floor0"


def quiet(command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)


def install(program, top):
    """A copy, as peers are installed. What a linker has just written lies in the page cache by single pages, what was
    read or written at one go by large folios, and then a start has fewer faults: 0.3 to 1 ms of it, until the next boot."""
    return shutil.copy(program, top / f"{program.name}-installed")


def add_run(top):
    (top / "run").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", top / "run"], check=True)
    return top


def make_top(name):
    """A directory for stores, and in it "run", a tmpfs as /run is, for what engines have there."""
    return add_run(pathlib.Path(tempfile.mkdtemp(prefix=f"planet-{name}-", dir="/var/tmp")))


def remove_top(top):
    subprocess.run(["umount", "-l", top / "run"], check=True)
    shutil.rmtree(top, ignore_errors=True)


class Disk:
    """An ext4 with a journal, in memory. Virtual machines are often given one without, and then the kernel, to make a file,
    looks at all that were removed in the last minutes: a bench would measure how much has been benched before."""

    def __init__(self):
        self.memory = pathlib.Path(tempfile.mkdtemp(prefix="disk-", dir="/var/tmp"))
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", self.memory], check=True)
        image, self.top = self.memory / "image", self.memory / "top"  # podman takes no path of more than 50 letters
        subprocess.run(["truncate", "-s", "8G", image], check=True)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        self.top.mkdir()
        subprocess.run(["mount", "-o", "loop", image, self.top], check=True)

    def remove(self):
        for place in (self.top, self.memory):
            subprocess.run(["umount", "-l", place], check=True)
        self.memory.rmdir()


def make_bridge():
    """What the floor's interfaces are joined to; made beforehand, as engines keep theirs."""
    for words in (["add", BRIDGE, "type", "bridge"], ["set", BRIDGE, "up"]):
        subprocess.run(["ip", "link", *words], check=True)


def make_rootfs(top):
    rootfs = top / "rootfs"
    for name in ("bin", "proc", "sys", "dev", "etc"):
        (rootfs / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", rootfs / "bin" / "busybox")
    for name in ("sh", "true"):
        (rootfs / "bin" / name).symlink_to("busybox")
    return rootfs


def make_bundle(top, rootfs):
    bundle = top / "bundle"
    bundle.mkdir()
    quiet(["runc", "spec"], cwd=bundle, check=True)
    config = json.loads((bundle / "config.json").read_text())
    config["process"]["terminal"] = False
    config["process"]["args"] = ["/bin/true"]
    config["root"]["path"] = str(rootfs)
    (bundle / "config.json").write_text(json.dumps(config))
    return bundle


def own_namespaces():
    """Networks are made in a network namespace of the bench's own. crun refuses a hybrid layout: all that is measured
    runs without its cgroup2, which has no controllers, in a mount namespace of the bench's own."""
    if "PLANET_BENCH" not in os.environ:
        os.environ["PLANET_BENCH"] = "in namespaces of its own"
        os.execvp("unshare", ["unshare", "-m", "-n", sys.executable, *sys.argv])
    if os.path.ismount("/sys/fs/cgroup/unified"):
        subprocess.run(["umount", "/sys/fs/cgroup/unified"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class Docker:
    """A docker daemon of our own, ended by its pid."""

    def __init__(self, top):
        self.socket = f"unix://{top}/docker.sock"
        self.daemon = subprocess.Popen(
            ["dockerd", "--data-root", f"{top}/docker", "--exec-root", f"{top}/run/docker", "-H", self.socket,
             "--pidfile", f"{top}/docker.pid"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ready(self, rootfs_tar):
        for _ in range(150):
            if quiet(["docker", "-H", self.socket, "version"]).returncode == 0:
                return quiet(["docker", "-H", self.socket, "import", rootfs_tar, "bench"]).returncode == 0
            time.sleep(0.2)
        return False

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()


def candidates(top, engines):
    rootfs = make_rootfs(top)
    bundle = make_bundle(top, rootfs)
    subprocess.run(["g++", "-O2", "-static", "-std=c++20", "-o", top / "floor", HERE / "floor.cpp"], check=True)
    floor, runtime = install(top / "floor", top), install(BUILD / "planet-runtime", top)
    planet = [install(BUILD / "planet", top), "--root", top / "planet", "--runroot", top / "run" / "planet"]
    quiet([*planet, "run", "--rm", "busybox", "true"], check=True)
    make_bridge()
    no_network = ["--network", "none"]
    found = {
        "floor": [floor, rootfs, "--cgroup", "--net", BRIDGE],
        "floor, no network": [floor, rootfs, "--cgroup", "--net", "none"],
        "planet run": [*planet, "run", "--rm", "busybox", "true"],
        "planet run -p": [*planet, "run", "--rm", "-p", "8080:80", "busybox", "true"],
        "planet run, no network": [*planet, "run", "--rm", *no_network, "busybox", "true"],
        "planet run, no network, userns host": [*planet, "run", "--rm", *no_network, "--userns", "host", "busybox", "true"],
        "planet-runtime run": [runtime, "run", "--bundle", bundle, "bench"],
        "runc run": ["runc", "--root", top / "run" / "runc", "run", "--bundle", bundle, "bench"],
        "crun run": ["crun", "--root", top / "run" / "crun", "run", "--bundle", bundle, "bench"],
    }
    # As an engine does it: three commands, by one shell for all.
    life = '"$@" create --bundle "$0" bench && "$@" start bench && "$@" delete --force bench'
    for name, program in {
            "planet-runtime": [runtime], "runc": ["runc", "--root", top / "run" / "runc"],
            "crun": ["crun", "--root", top / "run" / "crun"]}.items():
        found[f"{name} create+start+delete"] = ["sh", "-c", life, bundle, *program]
    docker = None
    if engines:
        tar = top / "rootfs.tar"
        subprocess.run(["tar", "-cf", tar, "-C", rootfs, "."], check=True)
        docker = Docker(top)
        if docker.ready(tar):
            docker_run = ["docker", "-H", docker.socket, "run", "--rm"]
            found["docker run"] = [*docker_run, "bench", "/bin/true"]
            found["docker run, no network"] = [*docker_run, *no_network, "bench", "/bin/true"]
        podman = ["podman", "--runtime", "runc", "--root", top / "podman", "--runroot", top / "run" / "podman"]
        if shutil.which("podman") and quiet([*podman, "import", tar, "bench"]).returncode == 0:
            podman_run = [*podman, "run", "--rm", "--ulimit", "nofile=1024:4096", "--ulimit", "nproc=1000:1000"]
            found["podman run"] = [*podman_run, "bench", "/bin/true"]
            found["podman run, no network"] = [*podman_run, *no_network, "bench", "/bin/true"]
    return found, docker


def measure(found, rounds):
    times = {name: [] for name in found}
    for name in list(found):
        warm = quiet(found[name])
        if warm.returncode != 0:
            print(f"{name}: left out: {warm.stderr.decode(errors='replace').strip()[-200:]}", file=sys.stderr)
            del found[name], times[name]
    for _ in range(rounds):
        # In another order each time: what a run leaves for the kernel to take down is paid by the next.
        for name, command in random.sample(list(found.items()), len(found)):
            begin = time.perf_counter()
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           check=True)
            times[name].append((time.perf_counter() - begin) * 1e3)
    return times


def report(times, base):
    """Prints, and returns, the medians, alone and as ratios to that of `base`."""
    floor = statistics.median(times[base])
    print(f"{'':36} {'median ms':>10} {'best':>8} {'/ ' + base.split()[0]:>8}")
    table = {}
    for name, values in times.items():
        median = statistics.median(values)
        table[name] = {"median_ms": median, "best_ms": min(values), "ratio": median / floor}
        print(f"{name:36} {median:10.2f} {min(values):8.2f} {median / floor:8.2f}")
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json")
    parser.add_argument("--no-engines", action="store_true", help="leave docker and podman out")
    parser.add_argument("--here", action="store_true", help="stores in this machine's /var/tmp")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: run it as root")
    own_namespaces()
    disk = None if options.here else Disk()
    top = add_run(disk.top) if disk else make_top("bench")
    docker = None
    try:
        found, docker = candidates(top, not options.no_engines)
        times = measure(found, options.rounds)
    finally:
        if docker:
            docker.stop()
        subprocess.run(["podman", "--root", top / "podman", "--runroot", top / "run" / "podman", "system", "reset", "-f"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        remove_top(top)
        if disk:
            disk.remove()
    table = report(times, "floor")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
