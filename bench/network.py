#!/usr/bin/env python3
"""Container networks beside docker's: how much goes through them, and how fast names are found.

Each engine has a host of its own, a network namespace with a neighbour in another, so that none pays for the other's rules; the
floor is a bridge between two namespaces that nobody filters. All of one kind interleaved in one run, so that a busy moment hits
both sides of a ratio: medians. Streams are of iperf3, by TCP; a container asks for names, one by one and 32 at a time.

    bench/network.py [--rounds N] [--seconds S] [--json FILE] [--no-engines]
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

import run

PORT = "5201"
NETWORK = "stars"
HOST, NEIGHBOUR = "192.0.2.1", "192.0.2.2"
STREAMS = ("container to container", "neighbour to published port", "host to published port, loopback", "container to neighbour")
QUERIES = ("queries/s, one by one", "queries/s, 32 at a time", "median us, one by one")


def output(*words):
    return subprocess.check_output([str(word) for word in words], stdin=subprocess.DEVNULL, text=True)


class Namespace:
    def __init__(self):
        self.process = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{self.process.pid}/ns/net") == own:
            time.sleep(0.01)
        self.run("ip", "link", "set", "lo", "up")

    def words(self, *words):
        return ["nsenter", "-t", str(self.process.pid), "-n", *words]

    def run(self, *words):
        return output(*self.words(*words))

    def end(self):
        self.process.kill()
        self.process.wait()


def stream(place, address, seconds):
    """Gbit/s that the server at the address has received from there."""
    report = json.loads(output(*place("iperf3", "-J", "-c", address, "-p", PORT, "-t", str(seconds))))
    return report["end"]["sum_received"]["bits_per_second"] / 1e9


class Server:
    """iperf3 in a namespace."""

    def __init__(self, namespace):
        self.process = subprocess.Popen(namespace.words("iperf3", "-s", "-p", PORT), stdout=subprocess.DEVNULL)

    def end(self):
        self.process.terminate()
        self.process.wait()


class Host:
    """A network namespace with a neighbour."""

    def __init__(self):
        self.inside, self.neighbour = Namespace(), Namespace()
        self.inside.run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns",
                        str(self.neighbour.process.pid))
        for namespace, address in ((self.inside, HOST), (self.neighbour, NEIGHBOUR)):
            namespace.run("ip", "address", "add", f"{address}/24", "dev", "wire")
            namespace.run("ip", "link", "set", "wire", "up")
        self.server = Server(self.neighbour)

    def end(self):
        self.server.end()
        self.inside.end()
        self.neighbour.end()


class Engine:
    """planet or docker, whose command lines are the same here: a server whose port is published, and a client."""

    def __init__(self, host, words):
        self.host, self.engine = host, host.inside.words(*words)
        output(*self.engine, "network", "create", NETWORK)
        output(*self.engine, "run", "-d", "--name", "server", "--network", NETWORK, "-p", f"0.0.0.0:{PORT}:{PORT}", "bench",
               "iperf3", "-s", "-p", PORT)
        output(*self.engine, "run", "-d", "--name", "client", "--network", NETWORK, "bench", "sleep", "100000")
        self.server = output(*self.engine, "inspect", "-f", f"{{{{.NetworkSettings.Networks.{NETWORK}.IPAddress}}}}",
                             "server").strip()
        self.pid = output(*self.engine, "inspect", "-f", "{{.State.Pid}}", "client").strip()

    def client(self, *words):
        return [*self.engine, "exec", "client", *words]

    def streams(self, seconds):
        neighbour = self.host.neighbour.words
        return dict(zip(STREAMS, (lambda: stream(self.client, self.server, seconds),
                                  lambda: stream(neighbour, HOST, seconds),
                                  lambda: stream(self.host.inside.words, "127.0.0.1", seconds),
                                  lambda: stream(self.client, NEIGHBOUR, seconds))))

    def ask(self, load, seconds):
        """By the names of QUERIES. The program is the host's; who answers is the container's resolver."""
        lines = output("nsenter", "-t", self.pid, "-n", load, "ask", str(seconds), "server").splitlines()
        found = [re.search(r"([\d.]+) queries/s, median +([\d.]+) us", line) for line in lines]
        return dict(zip(QUERIES, (float(found[0][1]), float(found[1][1]), float(found[0][2]))))

    def end(self):
        run.quiet([*self.engine, "rm", "-f", "server", "client"])
        run.quiet([*self.engine, "network", "rm", NETWORK])


class Floor:
    """Two namespaces on a bridge."""

    def __init__(self, host):
        self.host, self.ends = host, [Namespace(), Namespace()]
        host.inside.run("ip", "link", "add", "floor", "type", "bridge")
        host.inside.run("ip", "link", "set", "floor", "up")
        for number, namespace in enumerate(self.ends, 1):
            host.inside.run("ip", "link", "add", f"end{number}", "type", "veth", "peer", "name", "eth0", "netns",
                            str(namespace.process.pid))
            host.inside.run("ip", "link", "set", f"end{number}", "master", "floor", "up")
            namespace.run("ip", "address", "add", f"198.51.100.{number}/24", "dev", "eth0")
            namespace.run("ip", "link", "set", "eth0", "up")
        self.server = Server(self.ends[0])

    def streams(self, seconds):
        return {STREAMS[0]: lambda: stream(self.ends[1].words, "198.51.100.1", seconds),
                STREAMS[1]: lambda: stream(self.host.inside.words, NEIGHBOUR, seconds)}

    def end(self):
        self.server.end()
        for namespace in self.ends:
            namespace.end()


def make_rootfs(top):
    """busybox, and iperf3 with its libraries."""
    rootfs = run.make_rootfs(top)
    (rootfs / "tmp").mkdir()
    (rootfs / "bin" / "sleep").symlink_to("busybox")
    program = shutil.which("iperf3") or sys.exit("network: iperf3 is missing; apt-get install iperf3")
    shutil.copy(program, rootfs / "bin" / "iperf3")
    for library in re.findall(r"(/\S+) \(0x", output("ldd", program)):
        target = rootfs / library[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    return rootfs


def compile_load(top):
    libraries = [run.BUILD / f"release/src/{name}/lib{name}.a" for name in ("network", "oci", "sys", "base")]
    subprocess.run(["g++", "-O2", "-std=c++23", "-iquote", run.HERE.parent / "src", "-o", top / "dns_load",
                    run.HERE / "dns_load.cpp", *libraries], check=True)
    return top / "dns_load"


class Docker(run.Docker):
    """In a host of its own."""

    def __init__(self, top, namespace):
        self.socket = f"unix://{top}/docker.sock"
        self.daemon = subprocess.Popen(
            namespace.words("dockerd", "--data-root", f"{top}/docker", "--exec-root", f"{top}/run/docker", "-H", self.socket,
                            "--pidfile", f"{top}/docker.pid"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def candidates(top, options, ends):
    """By name. What has to be ended is added to `ends` as soon as it is there."""
    def kept(made):
        ends.append(made.end if hasattr(made, "end") else made.stop)
        return made
    tar = top / "rootfs.tar"
    subprocess.run(["tar", "-cf", tar, "-C", make_rootfs(top), "."], check=True)
    planet = [run.install(run.BUILD / "planet", top), "--root", top / "planet", "--runroot", top / "run" / "planet"]
    output(*planet, "import", "-c", "ENV PATH=/bin", tar, "bench")
    found = {"floor": kept(Floor(kept(Host()))), "planet": kept(Engine(kept(Host()), planet))}
    if options.engines:
        host = kept(Host())
        docker = kept(Docker(top, host.inside))
        if docker.ready(tar):
            found["docker"] = kept(Engine(host, ["docker", "-H", docker.socket]))
    return found


def measure(found, options, load):
    values = {}
    for label in STREAMS:
        for _ in range(options.rounds):
            for name, one in found.items():
                if label in (streams := one.streams(options.seconds)):
                    values.setdefault(label, {}).setdefault(name, []).append(streams[label]())
    for _ in range(options.rounds):
        for name, one in found.items():
            if name != "floor":
                for label, value in one.ask(load, options.seconds).items():
                    values.setdefault(label, {}).setdefault(name, []).append(value)
    return values


def report(values):
    """Prints, and returns, the medians. A ratio above 1 is planet's advantage."""
    print(f"{'':36} {'floor':>10} {'planet':>10} {'docker':>10} {'ratio':>7}")
    table = {}
    for label, sides in values.items():
        medians = table[label] = {name: statistics.median(some) for name, some in sides.items()}
        if "docker" in medians:
            ratio = medians["planet"] / medians["docker"]
            medians["ratio"] = 1 / ratio if " us" in label else ratio
        cells = [f"{medians[name]:10.2f}" if name in medians else f"{'-':>10}" for name in ("floor", "planet", "docker")]
        print(f"{label + ('' if label in QUERIES else ', Gbit/s'):36} {' '.join(cells)} {medians.get('ratio', 0):7.2f}")
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--no-engines", dest="engines", action="store_false", help="leave docker out")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("network: run it as root")
    run.own_namespaces()
    top, ends = run.make_top("bench"), []
    try:
        table = report(measure(candidates(top, options, ends), options, compile_load(top)))
    finally:
        for end in reversed(ends):
            end()
        run.remove_top(top)
    if options.json:
        options.json.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
