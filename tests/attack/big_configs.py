#!/usr/bin/env python3
"""Configurations that are too large, too deep or too long: big_configs.py CONFIG DIRECTORY"""
import copy
import json
import os
import sys

with open(sys.argv[1]) as file:
    base = json.load(file)
out = sys.argv[2]
os.makedirs(out)


def write(name, change):
    config = copy.deepcopy(base)
    change(config)
    with open(f"{out}/{name}", "w") as file:
        json.dump(config, file)


def mappings(count):
    return [{"containerID": i, "hostID": 100000 + i, "size": 1} for i in range(count)]


def map_users(config, count):
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = mappings(count)


write("uid-mappings-70000", lambda c: map_users(c, 70000))
write("uid-mappings-341", lambda c: map_users(c, 341))
write("ok-args-64k", lambda c: c["process"].update(args=["true"] + ["x" * 65536]))
write("args-one-too-long", lambda c: c["process"].update(args=["true", "x" * (1 << 18)]))
write("env-10m", lambda c: c["process"].update(env=["A=" + "x" * 1000] * 10000))
write("cwd-4096", lambda c: c["process"].update(cwd="/" + "d" * 4096))
write("cwd-deep", lambda c: c["process"].update(cwd="/d" * 3000))
write("mount-4096", lambda c: c["mounts"].append({"destination": "/" + "m" * 4096, "type": "tmpfs", "source": "t"}))
write("mounts-20000", lambda c: c["mounts"].extend(
    {"destination": f"/m{i}", "type": "bind", "source": "/nowhere", "options": ["bind"]} for i in range(20000)))
write("option-64k", lambda c: c["mounts"].append(
    {"destination": "/m", "type": "tmpfs", "source": "t", "options": ["x" * 65536 + "=1"]}))
write("hostname-64k", lambda c: c.update(hostname="h" * 65536))
write("sysctl-64k", lambda c: c["linux"].update(sysctl={"kernel." + "x" * 65536: "1"}))
write("ok-caps-10000", lambda c: c["process"]["capabilities"].update(bounding=["CAP_NOT_THERE"] * 10000))
write("seccomp-args", lambda c: c["linux"].update(seccomp={
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO",
                  "args": [{"index": 99, "value": 1, "op": "SCMP_CMP_EQ"}]}]}))
write("rlimit-unknown", lambda c: c["process"].update(rlimits=[{"type": "RLIMIT_" + "X" * 5000, "soft": 1, "hard": 1}]))
with open(f"{out}/deep", "w") as file:
    file.write('{"annotations":' * 100000)
with open(f"{out}/deep-array", "w") as file:
    file.write('{"mounts":' + "[" * 1000000)
with open(f"{out}/not-utf8", "wb") as file:
    file.write(b'{"ociVersion":"1.0.0","hostname":"\xff\xfe"}')
with open(f"{out}/twice", "w") as file:
    file.write('{"ociVersion":"1.0.0","ociVersion":"1.0.0"}')
with open(f"{out}/empty", "w") as file:
    pass
