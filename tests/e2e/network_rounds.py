#!/usr/bin/env python3
"""Many containers on one network, and kill -9 at random moments while they come and go.

    network_rounds.py PLANET [--containers N] [--rounds M] [--seed S]      (root)

First a crowd: N containers start at once, and from one of them every other is found by name and answers by TCP and UDP, over
IPv4 and IPv6. Then M rounds: several containers with published ports start, stop, restart or go at once, one of those who take
part is killed (a command line, a keeper, a resolver, a container's first process), and what is left has to be true: who runs is
reached by its port and by its name, and the ports of who has gone are another's at once. After each round nothing of the
network may be left but what is written down of it. The host is a network namespace of the test's own. The
seed repeats the choices; the kernel's timing is its own.
"""
import argparse
import collections
import concurrent.futures
import glob
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import time

from kill_rounds import Planet, Wrong, check, kill, mounts_here, wait_for

AT_ONCE = 25  # command lines
ROUNDS_A_SWEEP = 25
OWN_TIME = 2.1  # seconds after which what has no record is swept, and its mtime's resolution
PEER = pathlib.Path(__file__).resolve().parent / "net_peer.py"
PYTHON = ["-v", f"{PEER}:/peer:ro", "-v", "/usr:/usr:ro", "-v", "/lib:/lib:ro", "-v", "/lib64:/lib64:ro"]
HTTP = ["sh", "-c", "trap 'exit 0' TERM; hostname >index.html; httpd -p '[::]:80'; while :; do sleep 1 & wait $!; done"]
PRUNE = ["network", "prune", "-f", "--filter", "label=nobody's"]  # takes off this host what is not in use, and keeps the networks
PER_CONTAINER = {"ports", "sources4", "sources6", "published4", "published6", "published_all4", "published_all6"}


def all_of(jobs):
    """The results of the functions, of which some run at once."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return [done.result() for done in [pool.submit(job) for job in jobs]]


def elements():
    """What the packet filter has of containers, by set."""
    text = subprocess.run(["nft", "-j", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    sets = [one.get("set") or one.get("map") for one in json.loads(text)["nftables"] if "set" in one or "map" in one]
    return {one["name"]: one["elem"] for one in sets if one["name"] in PER_CONTAINER and one.get("elem")}


def links(*prefixes):
    return [name for name in os.listdir("/sys/class/net") if name.startswith(prefixes)]


def here():
    """The processes that are in the network namespace of this host, but for this one and its threads."""
    own, found = os.readlink("/proc/self/ns/net"), {}
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and int(name) != os.getpid() and os.readlink(f"/proc/{name}/ns/net") == own:
                words = pathlib.Path(f"/proc/{name}/cmdline").read_bytes()
                # Which has ended is its parent's.
                if words:
                    found[int(name)] = words.replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            pass
    return found


class Network:
    """Of one planet, in the namespace that this program is in."""

    def __init__(self, planet, name):
        self.planet, self.name = planet, name
        # Others may have containers here, too.
        self.cgroup = planet.root.parent.name
        planet.must("network", "create", "--ipv6", "--subnet", "10.77.0.0/20", "--subnet", "fd77::/64", name)

    def run(self, *words):
        """The command line that runs a container on the network."""
        return ["run", "--cgroup-parent", f"/{self.cgroup}", "--network", self.name, *words]

    def groups(self, below=""):
        return glob.glob(f"/sys/fs/cgroup/{self.cgroup}/{below}") + glob.glob(f"/sys/fs/cgroup/*/{self.cgroup}/{below}")

    def addresses(self, container):
        """Of IPv4 and of IPv6; nothing of a container that has gone."""
        done = self.planet.run("inspect", "-f", f"{{{{json .NetworkSettings.Networks.{self.name}}}}}", container)
        known = json.loads(done.stdout) if done.returncode == 0 else {}
        return known.get("IPAddress", ""), known.get("GlobalIPv6Address", "")

    def files(self):
        run = self.planet.runroot
        found = [str(one) for one in run.glob("connections/*")]
        for kind in ("leases", "names", "addresses", "owners"):
            found += [str(one) for one in run.glob(f"networks/*/{kind}/*") if not one.name.startswith("cursor")]
        return found

    def left(self):
        """What a container has on this host and in the run directory. A namespace that stayed would keep its interface here."""
        return [*links("plp"), *elements().items(), *self.files(), *here().values()]

    def check_empty(self):
        # The kernel takes interfaces away when it comes to it. Addresses that were leased by one who was killed before it had
        # written that down are taken back when they are needed.
        end = time.monotonic() + 10
        while left := [one for one in self.left() if "/leases/" not in str(one)]:
            check(time.monotonic() < end, f"left of a network: {left}")
            time.sleep(0.01)
        self.planet.must(*PRUNE)
        check(not self.left(), f"left of a network: {self.left()}")
        self.check_clear()

    def check_clear(self):
        text = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
        check(not text, f"left of the packet filter: {text}")
        check(not links("pl"), f"left: {links('pl')}")

    def remove(self):
        self.planet.must("network", "rm", self.name)
        self.check_clear()


def crowd(network, count):
    """Returns the seconds that starting, asking and removing took."""
    planet, names, times = network.planet, [f"c{number}" for number in range(count)], [time.monotonic()]
    serve = ["busybox", "/usr/bin/python3", "/peer", "serve", "80"]
    all_of(lambda name=name: planet.must(*network.run("-d", "--name", name, "--hostname", name, *PYTHON, *serve)) for name in names)
    times.append(time.monotonic())
    addresses = dict(zip(names, all_of(lambda name=name: network.addresses(name) for name in names)))
    for family in zip(*addresses.values()):
        check("" not in family and len(set(family)) == count, f"addresses that are missing or not one's own: {family}")
    for name in names:
        wait_for(lambda name=name: "ready" in planet.must("logs", name), f"{name} does not begin to serve", 60)
    asked = time.monotonic()
    lines = "".join(f"{name} {' '.join(both)}\n" for name, both in addresses.items())
    words = network.run("-i", "--rm", *PYTHON, "busybox", "/usr/bin/python3", "/peer", "all", "80")
    done = subprocess.run([*planet.words, *words], input=lines, capture_output=True, text=True, check=False)
    check(done.returncode == 0 and done.stdout == f"all of {count}\n", f"of the crowd: {done.stdout}{done.stderr}")
    times.append(times[-1] + time.monotonic() - asked)
    removing = time.monotonic()
    all_of(lambda some=names[at::AT_ONCE]: planet.must("rm", "-f", *some) for at in range(min(AT_ONCE, count)))
    times.append(times[-1] + time.monotonic() - removing)
    network.check_empty()
    return [after - before for before, after in zip(times, times[1:])]


def ask(address, port):
    """What the container behind the port is called; nothing if nobody answers."""
    try:
        with socket.create_connection((address, port), timeout=2) as one:
            one.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: one.recv(1000), b"")).split(b"\r\n\r\n")[-1].decode().strip()
    except OSError:
        return ""


class Rounds:
    FIRST_PORT = 8000

    def __init__(self, network, rng):
        self.network, self.planet, self.rng = network, network.planet, rng
        self.number, self.size = 0, 0

    def names(self):
        return [f"r{self.number}c{at}" for at in range(self.size)]

    def run_words(self, at):
        host = self.rng.choice(["127.0.0.1", "0.0.0.0"])
        keep = self.rng.choice([["--rm"], []])
        name, port = self.names()[at], f"{host}:{self.FIRST_PORT + at}:80"
        return self.network.run("-d", *keep, "--name", name, "--hostname", name, "-p", port, "-p", f"{port}/udp", "busybox", *HTTP)

    def all_run(self):
        all_of(lambda words=self.run_words(at): self.planet.must(*words) for at in range(self.size))
        # So that there are resolvers.
        for name in self.rng.sample(self.names(), 2):
            self.planet.run("exec", name, "nslookup", name)

    # The command lines of a round.
    def start(self):
        return [*(self.run_words(at) for at in range(self.size)), *self.rng.choice([[], [PRUNE]])]

    def stop(self):
        self.all_run()
        return [["stop", "-t", "1", name] for name in self.names()]

    def remove(self):
        self.all_run()
        return [["rm", "-f", name] for name in self.names()]

    def restart(self):
        self.all_run()
        return [["restart", "-t", "1", name] for name in self.names()]

    def replace(self):
        """Some go while others come to their ports."""
        self.all_run()
        gone = self.names()
        self.number += 1
        return [*(["rm", "-f", name] for name in gone), *self.start()]

    KINDS = [start, stop, remove, restart, replace]

    def kill_one(self, commands):
        """Somebody of those who are there at this moment: a command line, or another of what planet has here."""
        own = {command.pid for command in commands}
        others = [pid for pid, words in here().items() if pid not in own and words.startswith("planet: ")]
        # One that is about to be started again has none: 0, who are all of this test's group.
        inits = [state["pid"] for state in map(self.state, self.listed()) if state and state["pid"]]
        some = [one for one in (sorted(own), others, others, inits) if one]
        kill(self.rng.choice(self.rng.choice(some)))

    def listed(self):
        return [path.name for path in (self.planet.runroot / "containers").glob("*")]

    def state(self, container):
        return self.planet.state(container)

    def play(self, kind):
        self.size = self.rng.randint(2, 5)
        commands = [self.planet.start(*words) for words in kind(self)]
        time.sleep(self.rng.random() * 0.08)
        self.kill_one(commands)
        for command in commands:
            command.wait()
        self.check_truth()
        self.check_ports_are_free()
        self.clean()
        self.network.check_empty()

    def check_truth(self):
        """Who runs is reached by its ports and its name. The keeper that was killed takes its container with it."""
        wait_for(lambda: all(one["State"] != "created" for one in self.planet.listed()), "a container stays created")
        running = {one["Names"]: one for one in self.planet.listed() if one["State"] == "running"}
        addresses = {name: self.network.addresses(name) for name in running}
        # One that ends at this moment has none.
        some = [ipv4 for ipv4, _ in addresses.values() if ipv4]
        check(len(set(some)) == len(some), f"an address is two's: {addresses}")
        for name in running:
            port = self.FIRST_PORT + int(name.split("c")[1])
            wait_for(lambda p=port, n=name: ask("127.0.0.1", p) == n or not self.runs(n), f"{name} is not reached at {port}")
        if running and self.runs(min(running)):
            found = self.planet.run("exec", min(running), "sh", "-c", f"for name in {' '.join(running)}; do nslookup $name; done")
            for name, (ipv4, ipv6) in addresses.items():
                check(not self.runs(name) or not self.runs(min(running)) or f"Address: {ipv4}" in found.stdout and
                      f"Address: {ipv6}" in found.stdout, f"{name} is not found by its name: {found.stdout}{found.stderr}")

    def runs(self, name):
        return any(one["Names"] == name and one["State"] == "running" for one in self.planet.listed())

    def check_ports_are_free(self):
        """A port of one that does not run is another's at once, and stays so when what the other left is taken away."""
        taken = {one["Names"].split("c")[1] for one in self.planet.listed() if one["State"] == "running"}
        free = [at for at in range(self.size) if str(at) not in taken]
        if not free:
            return
        at, self.number = self.rng.choice(free), self.number + 1
        # Who is ending has its port until it has ended.
        words, name, port = self.run_words(at), self.names()[at], self.FIRST_PORT + at
        wait_for(lambda: self.planet.run(*words).returncode == 0, f"the next one does not get {port}")
        wait_for(lambda: ask("127.0.0.1", port) == name, f"the next one is not reached at {port}")
        # Which takes away what the killed have left.
        self.planet.listed()
        check(ask("127.0.0.1", port) == name, f"the next one is not reached at {port} any more")

    def clean(self):
        for one in self.planet.listed():
            done = self.planet.run("rm", "-f", one["ID"])
            gone = "no such container" in done.stderr  # --rm: its keeper was quicker
            check(done.returncode == 0 or gone, f"rm -f ended with {done.returncode}: {done.stderr.strip()}")
        wait_for(lambda: not self.planet.listed(), "ps still lists what rm -f removed")


def sweep(network):
    planet = network.planet
    time.sleep(OWN_TIME)
    planet.listed()
    places = [planet.root / name for name in ("containers", "names", "ranges", "staging")]
    for where in [*places, planet.runroot / "containers", planet.runroot / "keepers"]:
        left = os.listdir(where) if where.exists() else []
        check(not left, f"left in {where}: {left}")
    check(not network.groups("*/"), f"control groups are left: {network.groups('*/')}")
    check(not planet.open_files(), f"descriptors are left: {planet.open_files()}")
    # Others may mount here, too.
    left = [line for line in mounts_here().splitlines() if str(planet.root.parent) in line]
    check(not left, f"mounts are left: {left}")


def play(options, planet, rng):
    network = Network(planet, "stars")
    if options.containers:
        times = crowd(network, options.containers)
        print("{} containers: started in {:.1f} s, asked in {:.1f} s, removed in {:.1f} s".format(options.containers, *times),
              flush=True)
    counts, rounds, begin = collections.Counter(), Rounds(network, rng), time.monotonic()
    for number in range(1, options.rounds + 1):
        kind = rng.choice(Rounds.KINDS)
        rounds.number += 1
        try:
            rounds.play(kind)
            if number % ROUNDS_A_SWEEP == 0:
                sweep(network)
        except Wrong as wrong:
            raise Wrong(f"round {number}, {kind.__name__}: {wrong}") from wrong
        counts[kind.__name__] += 1
    network.remove()
    sweep(network)
    for group in network.groups():
        os.rmdir(group)
    for kind, count in counts.most_common():
        print(f"{count:5} {kind}")
    print(f"{options.rounds:5} kills, {time.monotonic() - begin:.0f} s, nothing wrong and nothing left")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--containers", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv, "--seed", str(options.seed), "--inside"])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    top = pathlib.Path(tempfile.mkdtemp(prefix="planet-rounds-", dir="/var/tmp"))
    planet = Planet(os.path.realpath(options.program), top)
    print(f"seed {options.seed}", flush=True)
    try:
        planet.must("run", "--rm", "busybox", "true")
        play(options, planet, random.Random(options.seed))
    except Wrong as wrong:
        sys.exit(f"seed {options.seed}: {wrong}\n(what is left is in {top})")
    subprocess.run(["rm", "-rf", top], check=True)


if __name__ == "__main__":
    main()
