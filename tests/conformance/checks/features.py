"""`features`: the document, and that it is true: what it lists is recognized."""

import json

from capabilities import NUMBER
from driver import expect, must, must_fail
from suite import number, put, story, tell

DOCUMENT, LINUX = "features.md", "features-linux.md"


def features(t):
    return json.loads(must(t.runtime("features")).out)


def fact(section, name, sentence, body, since="1.1"):
    tell(section, f"features.{name}", sentence, lambda t: body(features(t), t), since=since)


KNOWN = {"ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations", "potentiallyUnsafeConfigAnnotations"}
KNOWN_LINUX = {"namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "mountExtensions",
               "netDevices", "memoryPolicy"}


def versions(f, _):
    low, high = number(f["ociVersionMin"]), number(f["ociVersionMax"])
    expect(low <= high, f"{f['ociVersionMin']} to {f['ociVersionMax']}")


def accepted(version):
    def body(f, t):
        must(t.container(put("ociVersion", f[version])).run())
    return body


def subset(path, known):
    def body(f, _):
        value = f
        for part in path.split("."):
            value = value[part]
        expect(value and set(value) <= set(known), f"{sorted(set(value) - set(known))}")
    return body


HOOKS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
NAMESPACES = ("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time")
ACTIONS = """SCMP_ACT_ALLOW SCMP_ACT_ERRNO SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD SCMP_ACT_LOG SCMP_ACT_NOTIFY
SCMP_ACT_TRACE SCMP_ACT_TRAP""".split()
OPERATORS = [f"SCMP_CMP_{o}" for o in "EQ GE GT LE LT MASKED_EQ NE".split()]

fact(DOCUMENT, "json", "the document is JSON on standard output", lambda f, t: None)
fact(DOCUMENT + "#specification-version", "versions", "the least version is not above the greatest", versions)
fact(DOCUMENT + "#specification-version", "min-accepted", "ociVersionMin is accepted in config.json", accepted("ociVersionMin"))
fact(DOCUMENT + "#specification-version", "max-accepted", "ociVersionMax is accepted in config.json", accepted("ociVersionMax"))
fact(DOCUMENT + "#specification-version", "nothing-else", "nothing is in it that the specification does not define",
     lambda f, t: expect(set(f) <= KNOWN and set(f.get("linux") or {}) <= KNOWN_LINUX,
                         f"{set(f) - KNOWN} {set(f.get('linux') or {}) - KNOWN_LINUX}"))
fact(DOCUMENT + "#hooks", "hooks", "hooks are names of hooks", subset("hooks", HOOKS))
fact(DOCUMENT + "#hooks", "hooks-all", "all six hooks are supported", lambda f, t: expect(set(f["hooks"]) == set(HOOKS), f["hooks"]))
fact(LINUX + "#namespaces", "namespaces", "namespaces are names of namespaces", subset("linux.namespaces", NAMESPACES))
fact(LINUX + "#capabilities", "capabilities", "capabilities are names of capabilities", subset("linux.capabilities", NUMBER))
fact(LINUX + "#capabilities", "capabilities-all", "every capability of the kernel is recognized",
     lambda f, t: expect(set(NUMBER) <= set(f["linux"]["capabilities"]), f"{set(NUMBER) - set(f['linux']['capabilities'])}"))
fact(LINUX + "#seccomp", "actions", "seccomp actions are names of actions", subset("linux.seccomp.actions", ACTIONS))
fact(LINUX + "#seccomp", "operators", "seccomp operators are names of operators", subset("linux.seccomp.operators", OPERATORS))
fact(LINUX + "#cgroup", "cgroup", "cgroup tells of v1, v2 and systemd with true or false",
     lambda f, t: expect(all(isinstance(f["linux"]["cgroup"][k], bool) for k in ("v1", "v2", "systemd")), f["linux"]["cgroup"]))
for _name, _since in (("apparmor", "1.1"), ("selinux", "1.1"), ("intelRdt", "1.1"), ("netDevices", "1.3")):
    def _enabled(f, _, name=_name):
        told = f["linux"].get(name) or {}
        expect(isinstance(told.get("enabled", False), bool), told)
    fact(f"{LINUX}#{_name.lower()}", _name.lower(), f"{_name}, if it is there, tells with true or false what is implemented",
         _enabled, _since)
fact(DOCUMENT + "#annotations", "annotations", "annotations are a map of strings",
     lambda f, t: expect(all(isinstance(v, str) for v in (f.get("annotations") or {}).values()), f.get("annotations")))


def recognized(field, make):
    """Each listed value, given in one container where that can be, is not refused as unknown."""
    def body(f, t):
        for value in make(f):
            done = t.container(value).run()
            expect(done.ok, f"{field}: {done}")
    return body


def seccomp(**more):
    return put("linux.seccomp", {"defaultAction": "SCMP_ACT_ALLOW", **more})


fact(DOCUMENT + "#mount-options", "mount-options-recognized", "every listed mount option is recognized",
     recognized("mountOptions", lambda f: [
         lambda b, o=o: b.spec["mounts"].append({"destination": "/data", "type": "bind", "source": b.directory("dir"),
                                                 "options": ["rbind", o]})
         for o in f["mountOptions"] if o not in ("bind", "rbind", "remount", "tmpcopyup", "idmap", "ridmap", "copy-symlink",
                                                 "dest-nofollow", "src-nofollow", "in-id", "mand", "nomand")]))
fact(LINUX + "#namespaces", "namespaces-recognized", "every listed namespace is recognized",
     recognized("namespaces", lambda f: [
         put("linux.namespaces", [{"type": n} for n in f["linux"]["namespaces"] if n != "user"])]))
fact(LINUX + "#capabilities", "capabilities-recognized", "every listed capability is recognized in the bounding set",
     recognized("capabilities", lambda f: [
         put("process.capabilities", {"bounding": [c for c in f["linux"]["capabilities"] if c != "CAP_SYS_RESOURCE"]})]))
fact(LINUX + "#seccomp", "actions-recognized", "every listed action is recognized",
     recognized("actions", lambda f: [seccomp(syscalls=[{"names": ["acct"], "action": a}])
                                      for a in f["linux"]["seccomp"]["actions"] if a != "SCMP_ACT_NOTIFY"]))
fact(LINUX + "#seccomp", "operators-recognized", "every listed operator is recognized",
     recognized("operators", lambda f: [seccomp(syscalls=[
         {"names": ["acct"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "valueTwo": 1, "op": o}]}])
         for o in f["linux"]["seccomp"]["operators"]]))
# libseccomp does not put architectures of both byte orders into one filter, and this machine's own is always there.
BIG_ENDIAN = {f"SCMP_ARCH_{a}" for a in "MIPS MIPS64 MIPS64N32 PPC PPC64 S390 S390X PARISC PARISC64 M68K SHEB".split()}
fact(LINUX + "#seccomp", "archs-recognized", "every listed architecture is recognized",
     recognized("archs", lambda f: [seccomp(architectures=[a])
                                    for a in f["linux"]["seccomp"]["archs"] if a not in BIG_ENDIAN]))
fact(LINUX + "#seccomp", "flags-recognized", "every supported flag is recognized",
     recognized("flags", lambda f: [seccomp(flags=[a], syscalls=[{"names": ["acct"], "action": "SCMP_ACT_ERRNO"}])
                                    for a in f["linux"]["seccomp"].get("supportedFlags") or []
                                    if a != "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]))


@story(DOCUMENT, "features.no-arguments", "features with an argument too many is an error", since="1.1")
def _(t):
    must_fail(t.runtime("features", "planet"))
