#!/usr/bin/env python3
"""`planet pull` of a Debian image from a registry on loopback, beside docker and podman and what nobody can avoid.

All in one run, in another order each round; what was pulled is removed between, and not timed. `decompress` is gzip's own time for
the layer, `write files` tar's for the plain archive: the larger of the two is what a pull is held against.

    bench/pull.py [--rounds N] [--json FILE] [--no-engines]
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import time

import run

IMAGES = run.BUILD / "images"


class Registry:
    """Debian's docker-registry on a free port of loopback, with the image pushed to it."""

    def __init__(self, top, archive):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = top / "registry.yml"
        config.write_text(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {top}/registry}}}}\n"
                          f"http: {{addr: 127.0.0.1:{port}}}\n")
        self.server = subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        self.image = f"127.0.0.1:{port}/debian:1"
        for _ in range(100):
            with socket.socket() as peer:
                if peer.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        subprocess.run(["skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci-archive:{archive}",
                        f"docker://{self.image}"], check=True)

    def stop(self):
        self.server.terminate()
        self.server.wait()


def layer_of(archive, top):
    """The image's one layer, compressed and plain."""
    layout = top / "layout"
    layout.mkdir()
    subprocess.run(["tar", "-xf", archive, "-C", layout], check=True)
    packed = max((layout / "blobs" / "sha256").iterdir(), key=lambda blob: blob.stat().st_size)
    plain = top / "layer.tar"
    with plain.open("wb") as out:
        subprocess.run(["gzip", "-dc", packed], stdout=out, check=True)
    return packed, plain


def shell(command):
    return ["sh", "-c", command]


def candidates(top, image, packed, plain, engines):
    """Each: what is timed, and what takes it back."""
    planet = [run.install(run.BUILD / "planet", top), "--root", top / "planet", "--runroot", top / "run" / "planet"]
    files = top / "files"
    found = {
        "decompress": (["gzip", "-dc", packed], ["true"]),
        "write files": (shell(f"mkdir {files} && tar -xf {plain} -C {files}"), ["rm", "-rf", files]),
        "planet pull": ([*planet, "pull", "-q", image], [*planet, "rmi", image]),
    }
    docker = None
    if engines:
        docker = run.Docker(top)
        words = ["docker", "-H", docker.socket]
        small = top / "small.tar"  # not the layer: docker would have it already
        subprocess.run(["tar", "-cf", small, "-T", "/dev/null"], check=True)
        if docker.ready(small):
            found["docker pull"] = ([*words, "pull", "-q", image], [*words, "rmi", image])
        if shutil.which("podman"):
            podman = ["podman", "--root", top / "podman", "--runroot", top / "run" / "podman"]
            found["podman pull"] = ([*podman, "pull", "-q", "--tls-verify=false", image], [*podman, "rmi", image])
    return found, docker


def measure(found, rounds):
    times = {name: [] for name in found}
    for number in range(rounds + 1):  # the first is to warm up
        for name, (command, back) in random.sample(list(found.items()), len(found)):
            begin = time.perf_counter()
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            if number > 0:
                times[name].append((time.perf_counter() - begin) * 1e3)
            run.quiet(back, check=True)
            os.sync()  # nobody pays for the writes of another
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json")
    parser.add_argument("--no-engines", dest="engines", action="store_false", help="leave docker and podman out")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("pull: run it as root")
    subprocess.run([run.HERE.parent / "tests" / "images" / "images.sh", IMAGES], check=True)
    run.own_namespaces()
    top = run.make_top("pull")
    registry = docker = None
    try:
        packed, plain = layer_of(IMAGES / "debian.tar", top)
        registry = Registry(top, IMAGES / "debian.tar")
        found, docker = candidates(top, registry.image, packed, plain, options.engines)
        table = run.report(measure(found, options.rounds), "planet pull")
    finally:
        if docker:
            docker.stop()
        if registry:
            registry.stop()
        run.quiet(["podman", "--root", top / "podman", "--runroot", top / "run" / "podman", "system", "reset", "-f"], check=False)
        run.remove_top(top)
    least = max(table[name]["median_ms"] for name in ("decompress", "write files"))
    print(f"planet pull: {table['planet pull']['median_ms'] / least:.2f} of the larger of decompressing and writing")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
