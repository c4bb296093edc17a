#!/usr/bin/env python3
"""The conformance suite: tests/conformance/run.py RUNTIME. How a check is written: suite.py, its first lines.

What it makes lives in mount, process, network, UTS and IPC namespaces of its own (so nothing that a runtime leaves behind
outlives the run) and in control groups below one name. `make conformance RUNTIME=/usr/sbin/runc` builds the probe first.
"""

import argparse
import collections
import fnmatch
import importlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import reaper  # noqa: E402
import suite  # noqa: E402
from driver import Runtime  # noqa: E402
from leaks import Watch, sweep  # noqa: E402

GROUPS = ("lifecycle", "state", "config", "process", "mounts", "namespaces", "devices", "cgroups", "seccomp", "hooks",
          "networks", "execs", "terminals", "commands", "logs", "features")


def arguments():
    parser = argparse.ArgumentParser(description="Does this OCI runtime keep the specification, and runc's habits?")
    parser.add_argument("runtime", nargs="?", default=f"{HERE}/../../build/planet-runtime", help="path of the runtime's program")
    parser.add_argument("--json", metavar="FILE", help="write the results for tools, too")
    parser.add_argument("--only", action="append", metavar="PATTERN", default=[], help="only checks of such a name")
    parser.add_argument("--group", action="append", metavar="GROUP", default=[], help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--list", action="store_true", help="list the checks, run none")
    parser.add_argument("--quiet", action="store_true", help="only what did not pass, and the summary")
    parser.add_argument("--v1-only", action="store_true",
                        help="hide an empty cgroup2 at /sys/fs/cgroup/unified from the runtime (crun refuses hybrid)")
    parser.add_argument("--probe", default=f"{HERE}/../../build/release/tests/conformance/conformance_probe")
    parser.add_argument("--busybox", default=shutil.which("busybox"), help="a static busybox")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    return parser.parse_args()


def enter_namespaces():
    """Again, in namespaces of the suite's own; this process only passes the exit status on."""
    token = f"planet-conformance-{os.getpid()}"
    command = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc", "--net", "--uts",
               "--ipc", "--kill-child", sys.executable, __file__, "--inside", token, *sys.argv[1:]]
    status = subprocess.run(command, check=False).returncode
    work = f"{tempfile.gettempdir()}/{token}"
    if os.path.isdir(work):  # the run died: its mounts went with its namespace, the rest is taken away here
        sweep(token)
        os.rmdir(work)
        print(f"the run ended early, with status {status}", file=sys.stderr)
        return status or 1
    return status


def prepare(options):
    """The work directory: a tmpfs at a short path (socket names are limited to 108 bytes)."""
    work = f"{tempfile.gettempdir()}/{options.inside}"
    os.makedirs(work, mode=0o755)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", work], check=True)
    for name in ("bin", "bundles", "out", "state"):
        os.mkdir(f"{work}/{name}")
    os.mknod(f"{work}/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.chmod(f"{work}/null", 0o666)
    shutil.copy(options.probe, f"{work}/bin/probe")
    shutil.copy(options.busybox, f"{work}/bin/busybox")
    if options.v1_only:
        # Not only unmounted: what is made in its place would stay in the machine's tmpfs below.
        subprocess.run(["umount", "/sys/fs/cgroup/unified"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/sys/fs/cgroup/unified"], check=True)
    return work


def load(names):
    for name in names:
        suite.group(name)
        importlib.import_module(f"checks.{name}")
    checks = [c for items in suite.GROUPS.values() for i in items for c in i.checks]
    twice = [n for n, count in collections.Counter(c.name for c in checks).items() if count > 1]
    assert not twice, f"names used twice: {twice}"
    return checks


class Known(dict):
    """expectations/NAME.txt, lines of `check: what it breaks and how`: {name of the check: sentence}. A name in full must
    not pass (`exact`); a pattern speaks of those that fail."""

    def __init__(self, runtime, checks):
        super().__init__()
        self.exact = set()
        path = f"{HERE}/expectations/{os.path.basename(runtime.name)}.txt"
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                for line in f:
                    if line.strip() and not line.startswith("#"):
                        self.take(*line.strip().split(": ", 1), [c.name for c in checks])

    def take(self, pattern, sentence, names):
        if "*" not in pattern:
            self.exact.add(pattern)
        for name in fnmatch.filter(names, pattern):
            self[name] = sentence


def nothing_left(name):
    return suite.Check("runtime.md#delete", f"{name}.nothing-left", f"after the checks of `{name}` nothing is left")


def show(result, quiet):
    if quiet and result.kind == "pass":
        return
    check = result.check
    print(f"{result.kind:6} {check.name:44} {check.section:34} {check.sentence}")
    if result.text:
        print(f"{'':6} {result.text}")


def perform(runtime, known, options):
    results = []
    for name, items in suite.GROUPS.items():
        watch = Watch(runtime)
        begin = time.monotonic()
        for result in suite.run_group(items, runtime, known, options.only):
            results.append(result)
            show(result, options.quiet)
            sys.stdout.flush()
        if not any(r.check in i.checks for r in results for i in items):
            continue
        left = watch.left()
        check = nothing_left(name)
        trouble = "; ".join(left[:8]) + (f" and {len(left) - 8} more" if len(left) > 8 else "")
        results.append(suite.result_of(check, trouble or None, runtime, known, time.monotonic() - begin))
        show(results[-1], options.quiet)
    return results


def summarize(runtime, results, seconds):
    counts = collections.Counter(r.kind for r in results)
    words = [("pass", "passed"), ("FAIL", "failed"), ("known", "known to break the specification"),
             ("older", "newer than the runtime claims to be"), ("cannot", "not possible on this machine")]
    print(f"{runtime.version}: {len(results)} checks: "
          + ", ".join(f"{counts[kind]} {word}" for kind, word in words) + f"; {seconds:.0f} s")
    reasons = collections.Counter(r.text for r in results if r.kind == "cannot")
    for reason, count in reasons.most_common():
        print(f"  not possible here: {reason} ({count})")
    return counts


def write_json(path, runtime, results, seconds):
    rows = [{"name": r.check.name, "section": r.check.section, "requirement": r.check.sentence, "result": r.kind,
             "text": r.text, "since": r.check.since, "seconds": round(r.seconds, 4)} for r in results]
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"runtime": runtime.path, "version": runtime.version, "claims": runtime.claims,
                   "seconds": round(seconds, 1), "checks": rows}, f, indent=1)


def main():
    options = arguments()
    if options.list:
        for check in load(options.group or GROUPS):
            print(f"{check.name:44} {check.section:34} {check.sentence}")
        return 0
    if os.geteuid() != 0:
        print("the conformance suite makes containers as root: run it with sudo", file=sys.stderr)
        return 2
    for path in (options.runtime, options.probe, options.busybox or "busybox"):
        if not os.access(path, os.X_OK):
            print(f"{path}: there is no such program; `make conformance` builds the probe, `make deps` brings busybox",
                  file=sys.stderr)
            return 2
    if not options.inside:
        return enter_namespaces()
    reaper.start()
    os.umask(0o022)
    work = prepare(options)
    runtime = Runtime(os.path.realpath(options.runtime), work, options.inside)
    checks = load(options.group or GROUPS) + [nothing_left(name) for name in suite.GROUPS]
    known = Known(runtime, checks)
    begin = time.monotonic()
    try:
        results = perform(runtime, known, options)
    finally:
        sweep(runtime.token)
        subprocess.run(["umount", "-l", work], check=False)
        os.rmdir(work)
    seconds = time.monotonic() - begin
    counts = summarize(runtime, results, seconds)
    if options.json:
        write_json(options.json, runtime, results, seconds)
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
