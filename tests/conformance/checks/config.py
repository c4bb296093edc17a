"""config.json as a file: versions, unknown and wrong properties, sizes, and what an id of the specification means."""

import os

from driver import expect, must, must_fail
from suite import drop, put, refused, story, tell

VERSION, EXTEND, VALID, BUNDLE = ("config.md#specification-version", "config.md#extensibility", "config.md#valid-values",
                                  "bundle.md")
RIGHT = "done right"


def accepted(*mutations):
    return lambda t: must(t.container(*mutations).run())


for _version in ("1.0.0", "1.0.1", "1.0.2", "1.0.2-dev", "1.1.0", "1.2.0", "1.2.1", "1.3.0"):
    tell(VERSION, f"version.{_version}", f"ociVersion {_version} is accepted: compatible within the major version",
         accepted(put("ociVersion", _version)))
for _version in ("1.9.0", "1.99.7+build"):
    tell(RIGHT, f"version.{_version}", f"an unknown minor version {_version} is accepted",
         accepted(put("ociVersion", _version)))
for _name, _version in {"next-major": "2.0.0", "words": "planet", "empty": "", "number": 1, "two-parts": "1.0"}.items():
    refused(VERSION, f"version.{_name}", f"ociVersion {_version!r} is an error", put("ociVersion", _version))
refused(VERSION, "version.missing", "ociVersion is required", drop("ociVersion"))

# ---- unknown properties ----

for _where in ("planet", "process.planet", "root.planet", "linux.planet", "linux.resources.planet", "linux.resources.memory.planet",
               "process.user.planet", "hooks.planet"):
    tell(EXTEND, f"unknown.{_where}", f"an unknown property ({_where}) is ignored", accepted(put(_where, {"a": [1, "x", None]})))
tell(EXTEND, "unknown.in-mount", "an unknown property of a mount is ignored",
     accepted(lambda b: b.spec["mounts"][0].update(planet="x")))
tell(EXTEND, "unknown.windows", "a section of another platform is ignored on Linux",
     accepted(put("solaris", {"milestone": "x"})))
tell("config.md#annotations", "annotations.unknown", "unknown annotations are ignored",
     accepted(put("annotations", {"org.opencontainers.planet": "x", "run.planet/other": "y"})))
tell("config.md#annotations", "annotations.empty", "an empty map of annotations is accepted", accepted(put("annotations", {})))
refused("config.md#annotations", "annotations.not-strings", "values of annotations must be strings",
        put("annotations", {"a": 5}))

# ---- the file ----


def text(content):
    def mutate(b):
        b.spec = content
    return mutate


for _name, _content in {"empty": "", "not-json": "{planet", "list": "[]", "null": "null", "truncated": '{"ociVersion": "1.0.0", ',
                        "two-values": "{} {}", "binary": "\x00\x01\x02"}.items():
    refused(BUNDLE, f"file.{_name}", f"a config.json that is {_name} is an error", text(_content))
refused(RIGHT, "file.deep", "a config.json that is 100000 levels deep is an error, not a crash",
        text('{"a":' * 100000 + "1" + "}" * 100000))
tell(RIGHT, "file.large", "a config.json of 1 MB is read", accepted(put("annotations", {f"a{n}": "x" * 1000 for n in range(1000)})))
tell(RIGHT, "file.bom-free-utf8", "UTF-8 in values is kept", accepted(put("process.env", ["PATH=/bin", "X=\u00e4\u20ac\U0001f30d"])))


@story(BUNDLE, "file.missing", "a bundle without config.json is an error")
def _(t):
    c = t.container()
    os.unlink(f"{c.bundle.path}/config.json")
    must_fail(c.run())


@story(RIGHT, "file.directory", "a config.json that is a directory is an error")
def _(t):
    c = t.container()
    os.unlink(f"{c.bundle.path}/config.json")
    os.mkdir(f"{c.bundle.path}/config.json")
    must_fail(c.run())


@story(RIGHT, "file.link", "a config.json that is a link is followed")
def _(t):
    c = t.container()
    os.rename(f"{c.bundle.path}/config.json", f"{c.bundle.path}/other.json")
    os.symlink("other.json", f"{c.bundle.path}/config.json")
    must(c.run())


# ---- wrong types: each property with a value of another type ----

WRONG = {
    "process": [], "process.args": "sh", "process.env": "A=1", "process.cwd": 5, "process.user": "root", "process.user.uid": "0",
    "process.user.additionalGids": "5", "process.user.umask": "022", "process.terminal": "yes", "process.rlimits": {},
    "process.capabilities": ["CAP_CHOWN"], "process.capabilities.bounding": "CAP_CHOWN", "process.noNewPrivileges": "true",
    "process.oomScoreAdj": "10", "process.consoleSize": 5, "root": "rootfs", "root.path": 5, "root.readonly": "true",
    "hostname": 5, "mounts": {}, "hooks": [], "hooks.createRuntime": {}, "linux": [], "linux.namespaces": {},
    "linux.uidMappings": {}, "linux.devices": {}, "linux.cgroupsPath": 5, "linux.resources": [], "linux.resources.devices": {},
    "linux.resources.memory": 5, "linux.resources.memory.limit": "5", "linux.resources.cpu": [], "linux.resources.cpu.shares": "5",
    "linux.resources.cpu.cpus": 0, "linux.resources.pids": 5, "linux.resources.pids.limit": "5", "linux.sysctl": [],
    "linux.sysctl.x": 5, "linux.seccomp": [], "linux.maskedPaths": "/proc/kcore", "linux.readonlyPaths": {},
    "linux.rootfsPropagation": 5, "linux.mountLabel": 5,
}
for _path, _value in WRONG.items():
    def _set(b, path=_path, value=_value):
        *parents, last = path.split(".")
        here = b.spec
        for part in parents:
            here = here.setdefault(part, {})
        here[last] = value
    refused(VALID, f"type.{_path}", f"{_path} of a wrong type is an error", _set)
for _path, _value in {"process.user.uid": 1.5, "process.user.gid": -5, "linux.resources.memory.limit": 1e30,
                      "linux.resources.cpu.shares": -1, "linux.resources.pids.limit": 1 << 70,
                      "process.rlimits": [{"type": "RLIMIT_CORE", "soft": -1, "hard": 5}]}.items():
    refused(VALID, f"range.{_path}", f"{_path} out of its range is an error", put(_path, _value))


@story(RIGHT, "large.arguments", "arguments that the kernel does not take are an error, not a hang")
def _(t):
    must_fail(t.container(put("process.args", ["/bin/probe", "report", "x" * 200000])).run())


@story(RIGHT, "large.environment", "500 KB of environment come through")
def _(t):
    must(t.container(put("process.env", ["PATH=/bin"] + [f"V{n}=" + "x" * 1000 for n in range(500)])).run())


@story(RIGHT, "nul.argument", "an argument with a NUL byte is refused, not cut")
def _(t):
    done = t.container(put("process.args", ["/bin/probe", "report", "a\0b"])).run()
    expect(not done.ok, "accepted")


@story(RIGHT, "env.no-equal-sign", "a variable without an equal sign is refused or passed on, not lost")
def _(t):
    done = t.container(put("process.env", ["PATH=/bin", "PLANET"])).run()
    expect(not done.ok or '"PLANET"' in done.out, "it was lost")
