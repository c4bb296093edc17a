#!/usr/bin/env python3
"""A store that is full, and what a container costs while it is there.

Beside docker: `exec` of true. Alone: `ps -a` among many containers, `run --rm` among many containers and images against an
empty store, the keeper's memory. All of one kind interleaved in one run, so that a busy moment hits both sides of a ratio.

    bench/scale.py [--containers 1000] [--images 200] [--rounds N] [--json FILE] [--no-engines]
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

import run

IMAGE_PY = run.HERE.parent / "tests" / "attack" / "image.py"


def fill(planet, top, containers, images):
    """Images that differ in their configuration, and containers that have ended."""
    layer = top / "layer"
    layer.mkdir()
    for number in range(images):
        archive = top / "image.tar"
        run.quiet([sys.executable, IMAGE_PY, archive, f"example.org/many:{number}", layer,
                   json.dumps({"Labels": {"number": str(number)}})], check=True)
        run.quiet([*planet, "load", "-q", "-i", archive], check=True)
    for number in range(containers):
        run.quiet([*planet, "run", "--name", f"ended-{number}", "busybox", "true"], check=True)


def keeper_of(planet, name):
    """The memory that only the keeper of the container has, in KiB: what it has written. Its code is the file's."""
    run.quiet([*planet, "run", "-d", "--name", name, "busybox", "sleep", "1000"], check=True)
    identity = subprocess.check_output([*planet, "ps", "-q", "--no-trunc"], text=True).split()[0]
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text()
            if words.startswith("planet: keeper of ") and identity.startswith(words[18:].strip("\0")):
                rollup = (folder / "smaps_rollup").read_text()
                return int(re.search(r"^Private_Dirty:\s+(\d+) kB", rollup, re.MULTILINE)[1])
        except OSError:
            continue  # it has ended
    sys.exit("scale: the container has no keeper")


def candidates(top, options):
    planet = [run.install(run.BUILD / "planet", top)]
    empty = [*planet, "--root", top / "empty", "--runroot", top / "run" / "empty"]
    full = [*planet, "--root", top / "full", "--runroot", top / "run" / "full"]
    run.quiet([*empty, "run", "--rm", "busybox", "true"], check=True)
    fill(full, top, options.containers, options.images)
    memory = keeper_of(full, "kept")
    found = {
        "run --rm, an empty store": [*empty, "run", "--rm", "busybox", "true"],
        "run --rm, a full one": [*full, "run", "--rm", "busybox", "true"],
        "ps -a, a full one": [*full, "ps", "-a"],
        "exec true": [*full, "exec", "kept", "true"],
    }
    docker = None
    if options.engines:
        rootfs = run.make_rootfs(top)
        tar = top / "rootfs.tar"
        subprocess.run(["tar", "-cf", tar, "-C", rootfs, "."], check=True)
        docker = run.Docker(top)
        words = ["docker", "-H", docker.socket]
        if docker.ready(tar):
            run.quiet([*words, "run", "-d", "--network", "none", "--name", "kept", "bench", "/bin/busybox", "sleep", "1000"],
                      check=True)
            found["docker exec true"] = [*words, "exec", "kept", "/bin/true"]
    return found, docker, full, memory


def tidy(planet, docker, top):
    if planet:
        run.quiet([*planet, "rm", "-f", "kept"])
    if docker:
        run.quiet(["docker", "-H", docker.socket, "rm", "-f", "kept"])
        docker.stop()
    run.remove_top(top)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--containers", type=int, default=1000)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--json")
    parser.add_argument("--no-engines", dest="engines", action="store_false", help="leave docker out")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("scale: run it as root")
    run.own_namespaces()
    top = run.make_top("scale")
    docker = planet = None
    try:
        found, docker, planet, memory = candidates(top, options)
        table = run.report(run.measure(found, options.rounds), "run --rm, an empty store")
    finally:
        tidy(planet, docker, top)
    print(f"{options.containers} containers, {options.images} images; a keeper has {memory} KiB of its own")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"keeper_kib": memory, **table}, indent=2) + "\n")


if __name__ == "__main__":
    main()
