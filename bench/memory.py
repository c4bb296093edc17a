#!/usr/bin/env python3
"""The least memory limit with which a container still starts, for planet-runtime beside runc and crun.

What a runtime needs inside of the container's own control group, until the command has taken over, is taken from the
container: the smaller the better. A limit counts if ten starts in a row succeed with it.

    bench/memory.py [--json FILE]
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RUNTIME = HERE.parent / "build" / "planet-runtime"
PAGE = 4096
IN_A_ROW = 10


def make_bundle(top):
    bundle = top / "bundle"
    for name in ("bin", "proc", "sys", "dev"):
        (bundle / "rootfs" / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", bundle / "rootfs" / "bin" / "true")
    subprocess.run(["runc", "spec"], cwd=bundle, check=True)
    return bundle


def configure(bundle, limit):
    path = bundle / "config.json"
    config = json.loads(path.read_text())
    config["process"].update(terminal=False, args=["/bin/true"])
    config["linux"]["resources"]["memory"] = {"limit": limit, "swap": limit}
    path.write_text(json.dumps(config))


def starts(command, bundle, limit):
    configure(bundle, limit)
    for _ in range(IN_A_ROW):
        try:
            done = subprocess.run(command("run", "--bundle", bundle, "least"), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10)
        except subprocess.TimeoutExpired:
            done = None
        if done is None or done.returncode != 0:
            subprocess.run(command("delete", "--force", "least"), stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            return False
    return True


def least(command, bundle):
    low, high = 0, 64 << 20
    if not starts(command, bundle, high):
        return None
    while high - low > PAGE:
        middle = (low + high) // 2 // PAGE * PAGE
        low, high = (low, middle) if starts(command, bundle, middle) else (middle, high)
    return high


def runtimes(top):
    def crun(*words):
        return ["unshare", "-m", "sh", "-c", "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"", "sh",
                "crun", "--root", top / "crun", *words]
    return {"planet-runtime": lambda *words: [RUNTIME, "--root", top / "planet", *words],
            "runc": lambda *words: ["runc", "--root", top / "runc", *words],
            "crun": crun}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="planet-bench-") as name:
        top = pathlib.Path(name)
        bundle = make_bundle(top)
        found = {name: least(command, bundle) for name, command in runtimes(top).items()}
    for name, limit in found.items():
        print(f"{name:16} {'does not start' if limit is None else f'{limit / 1024:8.0f} KiB'}")
    if args.json:
        args.json.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
