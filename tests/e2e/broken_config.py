#!/usr/bin/env python3
"""Breaks every field of a complete config.json in turn: broken_config.py RUNTIME COMPLETE.json DIRECTORY types|values.

For each the runtime must exit with a failure of its own (no signal), say one sentence that names the field, and start
nothing. `types` puts values of every wrong type and size in each place, and takes required fields away; `values` has the
right type and says what the specification forbids. Prints what went wrong and a count; exit status 1 if anything did.
"""

import copy
import json
import os
import subprocess
import sys

MAPS = ("annotations", "sysctl", "rdma", "unified", "timeOffsets", "netDevices")
HUGE = 1 << 70

REQUIRED = [
    "ociVersion", "root.path", "mounts[0].destination", "process.cwd", "process.rlimits[0].type", "process.rlimits[0].hard",
    "process.rlimits[0].soft", "process.consoleSize.height", "process.scheduler.policy", "process.ioPriority.class",
    "hooks.poststop[0].path", "linux.namespaces[0].type", "linux.uidMappings[0].size", "linux.devices[0].type",
    "linux.devices[0].path", "linux.devices[0].major", "linux.resources.devices[0].allow",
    "linux.resources.blockIO.weightDevice[0].major", "linux.resources.blockIO.throttleReadBpsDevice[0].rate",
    "linux.resources.hugepageLimits[0].pageSize", "linux.resources.network.priorities[0].name",
    "linux.seccomp.defaultAction", "linux.seccomp.syscalls[0].names", "linux.seccomp.syscalls[0].action",
    "linux.seccomp.syscalls[0].args[0].op", "linux.personality.domain", "linux.memoryPolicy.mode",
]

# Where, what, and what the sentence begins with when that is another field.
VALUES = [
    ("ociVersion", "2.0.0"), ("ociVersion", "new"), ("root", None), ("root.path", ""),
    ("process.args", []), ("process.args", [""]), ("process.cwd", "tmp"), ("process.env", ["NOTHING"]),
    ("process.user.uid", 4294967295), ("process.user.umask", 512), ("process.user.additionalGids", [4294967295]),
    ("process.consoleSize.height", 65536), ("process.oomScoreAdj", 1001),
    ("process.capabilities.effective", ["CAP_BPF"]),
    ("process.rlimits[0].type", "RLIMIT_WHAT"), ("process.rlimits[0].soft", 9999), ("process.rlimits[1].type", "RLIMIT_NOFILE"),
    ("process.scheduler.policy", "SCHED_WHAT"), ("process.scheduler.nice", 20), ("process.scheduler.flags", ["X"]),
    ("process.ioPriority.class", "BEST"), ("process.ioPriority.priority", 8), ("process.execCPUAffinity.initial", "3-1"),
    ("mounts[0].source", ""), ("mounts[1].options", ["tmpcopyup"]), ("mounts[0].uidMappings", [], "mounts[0] has only one"),
    ("hooks.prestart[0].path", "hook"), ("hooks.poststop[0].timeout", 0),
    ("hostname", "x" * 65), ("annotations", {"": "x"}),
    ("linux.namespaces[7].type", "mount"), ("linux.namespaces[0].type", "what"),
    ("linux.namespaces[0].path", "ns/pid"), ("linux.uidMappings", []), ("linux.uidMappings[0].size", 0),
    ("linux.uidMappings", [{"containerID": i, "hostID": i, "size": 1} for i in range(70000)]),
    ("linux.gidMappings", [{"containerID": 0, "hostID": 0, "size": 9}, {"containerID": 5, "hostID": 50, "size": 9}]),
    ("linux.timeOffsets", {"realtime": {"secs": 1}}), ("linux.timeOffsets.monotonic.nanosecs", 10 ** 9, "linux.timeOffsets"),
    ("linux.devices[0].type", "q"), ("linux.devices[0].path", "dev/x"), ("linux.devices[0].major", 4096),
    ("linux.netDevices", {"eth/0": {}}), ("linux.cgroupsPath", "../../init.scope"),
    ("linux.maskedPaths", ["proc"]), ("linux.readonlyPaths", ["sys"]), ("linux.rootfsPropagation", "what"),
    ("linux.sysctl", {"kernel.core_pattern": "|/x"}), ("linux.sysctl", {"kernel/core_pattern": "|/x"}),
    ("linux.sysctl", {"net.ipv4.ip_forward\n": "1"}),
    ("linux.resources.memory.limit", -2), ("linux.resources.memory.swap", 1), ("linux.resources.memory.swappiness", 101),
    ("linux.resources.cpu.quota", 5), ("linux.resources.cpu.period", 5), ("linux.resources.cpu.burst", 1 << 62),
    ("linux.resources.cpu.cpus", "x"), ("linux.resources.cpu.idle", 2), ("linux.resources.pids.limit", -2),
    ("linux.resources.blockIO.weight", 5), ("linux.resources.blockIO.weightDevice", [{"major": 8, "minor": 0}]),
    ("linux.resources.devices[0].type", "u"), ("linux.resources.devices[0].access", "x"),
    ("linux.resources.hugepageLimits[0].pageSize", "../2MB"), ("linux.resources.rdma", {"mlx": {}}),
    ("linux.resources.unified", {"../memory.max": "1"}), ("linux.resources.network.priorities[0].name", "a b"),
    ("linux.seccomp.defaultAction", "ALLOW"), ("linux.seccomp.defaultErrnoRet", 5000),
    ("linux.seccomp.architectures", ["SCMP_ARCH_PDP11"]), ("linux.seccomp.flags", ["X"]),
    ("linux.seccomp.listenerPath", "", "linux.seccomp.listener"), ("linux.seccomp.syscalls[0].names", []),
    ("linux.seccomp.syscalls[0].action", "DENY"), ("linux.seccomp.syscalls[0].args[0].index", 6),
    ("linux.seccomp.syscalls[0].args[0].op", "=="),
    ("linux.intelRdt.closID", "../x"), ("linux.intelRdt.memBwSchema", "0=20"), ("linux.memoryPolicy.mode", "BIND"),
    ("linux.memoryPolicy.nodes", ""), ("linux.memoryPolicy.flags", ["X"]), ("linux.personality.domain", "BSD"),
    ("linux.personality.flags", ["X"]),
]


def wrong_for(value):
    """Values of every type that is wrong where `value` stands."""
    if isinstance(value, bool):
        return [7, "true", [], {}]
    if isinstance(value, str):
        return [7, True, [], {}, "a\0b"]
    if isinstance(value, list):
        return [7, True, "x", {}]
    if isinstance(value, dict):
        return [7, True, "x", []]
    return [True, "7", [], {}, 1.5, HUGE, -HUGE]


def places(value, path="", is_map=False):
    """(container, key, path) of every value inside."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in items:
        if isinstance(value, list):
            here = f"{path}[{key}]"
        elif is_map:
            here = f'{path}["{key}"]'
        else:
            here = f"{path}.{key}" if path else key
        yield value, key, here
        yield from places(inside, here, key in MAPS)


def find(document, path):
    parts = path.replace("[", ".[").split(".")
    for part in parts[:-1]:
        document = document[int(part[1:-1]) if part[0] == "[" else part]
    last = parts[-1]
    return document, int(last[1:-1]) if last[0] == "[" else last


def type_cases(complete):
    document = copy.deepcopy(complete)
    for container, key, path in list(places(document)):
        original = container[key]
        for wrong in wrong_for(original):
            container[key] = wrong
            yield path, path, repr(wrong)[:40], document
        container[key] = original
    for path in REQUIRED:
        container, key = find(document, path)
        original = container.pop(key)
        yield path, path + " is missing", "nothing", document
        container[key] = original


def value_cases(complete):
    for path, wrong, *begins in VALUES:
        document = copy.deepcopy(complete)
        container, key = find(document, path)
        container[key] = wrong
        yield path, begins[0] if begins else path, repr(wrong)[:40], document


def judge(runtime, bundle, begins):
    """What is wrong with the runtime's answer; None if nothing is."""
    done = subprocess.run([runtime, "run", "--bundle", bundle, "broken"], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=20, check=False)
    said = done.stderr.decode(errors="replace")
    if done.returncode <= 0 or done.returncode > 127:
        return f"exit status {done.returncode}: {said[:300]}"
    if done.stdout:
        return f"it wrote {done.stdout[:100]!r}"
    if said.count("\n") != 1 or len(said) > 1000:
        return f"not one sentence: {said[:300]!r}"
    if f": {begins}" not in said:
        return f"the field is not named: {said.strip()[:300]}"
    return None


def main():
    runtime, complete, bundle, kind = sys.argv[1:5]
    with open(complete, encoding="utf-8") as file:
        complete = json.load(file)
    os.makedirs(f"{bundle}/rootfs", exist_ok=True)
    count = bad = 0
    for path, begins, what, document in (type_cases if kind == "types" else value_cases)(complete):
        with open(f"{bundle}/config.json", "w", encoding="utf-8") as file:
            json.dump(document, file)
        count += 1
        problem = judge(runtime, bundle, begins)
        if problem:
            bad += 1
            print(f"{path} = {what}: {problem}")
    print(f"{count} broken configurations, {bad} answers wrong")
    return 1 if bad or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
