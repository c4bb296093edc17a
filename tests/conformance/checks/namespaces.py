"""Namespaces: new, inherited and joined ones; id maps; clocks; sysctls; the root's propagation; masked paths."""

import os
import subprocess

from driver import expect, must, read
from suite import (ask, at, but, directory, drop, error, file, holds, in_bundle, inside, lines, mount, mounted,
                   namespaces, put, refused, see, story, tell)

NS, MAPS, TIME, SYSCTL = (f"config-linux.md#{n}" for n in ("namespaces", "user-namespace-mappings",
                                                             "offset-for-time-namespace", "sysctl"))
PROPAGATION, MASKED, READONLY, PERSONALITY = (f"config-linux.md#{n}" for n in (
    "rootfs-mount-propagation", "masked-paths", "readonly-paths", "personality"))
RIGHT = "done right"

ALL = ("pid", "network", "ipc", "uts", "mount")
LINK = {"pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "mount": "mnt", "user": "user", "cgroup": "cgroup",
        "time": "time"}
MAP = [{"containerID": 0, "hostID": 100000, "size": 65536}]
USERS = [put("linux.uidMappings", MAP), put("linux.gidMappings", MAP)]


def own(kind):
    return os.readlink(f"/proc/self/ns/{LINK[kind]}")


def without(kind):
    return namespaces(*[k for k in ALL if k != kind])


inside(checks=[see(NS, f"ns.{k}.new", f"a {k} namespace without path is a new one", at("ns", LINK[k]), but(own(k)))
               for k in ALL]
       + [see(NS, f"ns.{k}.inherited", f"a {k} namespace that is not listed is the runtime's", at("ns", LINK[k]), own(k))
          for k in ("user", "cgroup", "time")])
for _kind in ("pid", "network", "ipc", "uts"):
    _drop = [drop("hostname")] if _kind == "uts" else []
    # mqueue belongs to the ipc namespace, and /proc to the process namespace.
    inside(without(_kind), *_drop, checks=[
        see(NS, f"ns.{_kind}.inherited", f"a {_kind} namespace that is not listed is the runtime's", at("ns", LINK[_kind]),
            own(_kind))])
inside(namespaces(*ALL, "cgroup"), checks=[
    see(NS, "ns.cgroup.new", "a cgroup namespace without path is a new one", at("ns", "cgroup"), but(own("cgroup"))),
    see(NS, "ns.cgroup.root", "its root is the container's own group", lines("cgroup"),
        lambda v: any(line.split(":", 2)[2] == "/" for line in v))])
inside(namespaces(*ALL, "time"), checks=[
    see(NS, "ns.time.new", "a time namespace without path is a new one", at("ns", "time"), but(own("time")), since="1.1",
        needs="time_namespace")])
inside(namespaces(*ALL, "user"), *USERS, checks=[
    see(NS, "ns.user.new", "a user namespace without path is a new one", at("ns", "user"), but(own("user")))])
refused(NS, "ns.twice", "the same type twice is an error", namespaces(*ALL, "pid"))
refused(NS, "ns.unknown", "an unknown type is an error", namespaces(*ALL, "planet"))
refused(NS, "ns.no-type", "type is required", lambda b: b.spec["linux"]["namespaces"].append({}))
refused(NS, "ns.path.missing", "a path that does not exist is an error",
        namespaces("pid", "ipc", "uts", "mount", network="/nowhere/ns"))
refused(NS, "ns.path.wrong-type", "a path to a namespace of another type is an error",
        namespaces("pid", "ipc", "uts", "mount", network="/proc/self/ns/ipc"))
refused(NS, "ns.path.no-namespace", "a path to a file that is no namespace is an error",
        namespaces("pid", "ipc", "uts", "mount", network="/etc/hostname"))
refused(NS, "ns.path.relative", "a path must be absolute",
        namespaces("pid", "ipc", "uts", "mount", network="proc/self/ns/net"))


def joined(kind, *mutations):
    """A container that joins another's namespace by path, and by the path of an inherited one."""
    def body(t):
        first = t.held(namespaces(*ALL, *([kind] if kind not in ALL else [])), *mutations).up()
        path = f"/proc/{first.state()['pid']}/ns/{LINK[kind]}"
        rest = [k for k in ALL if k != kind]
        second = t.held(*([drop("hostname")] if kind == "uts" else []), *mutations, namespaces(*rest, **{kind: path})).up()
        expect(second.answer()["ns"][LINK[kind]] == os.readlink(path), f"it is in {second.answer()['ns'][LINK[kind]]}")
        if kind == "pid":
            expect(second.answer()["pid"] > 1, "it is the first process there")
    return body


for _kind in ("network", "ipc", "uts", "pid", "cgroup"):
    tell(NS, f"ns.{_kind}.joined", f"a path places the process in that {_kind} namespace", joined(_kind))
tell(NS, "ns.user.joined", "a path places the process in that user namespace", joined("user", *USERS))
tell(NS, "ns.time.joined", "a path places the process in that time namespace", joined("time"), needs="time_namespace",
     since="1.1")


@story(RIGHT, "ns.joined-stays", "a namespace that was joined outlives the container that joined it")
def _(t):
    first = t.held().up()
    pid = first.state()["pid"]
    second = t.held(namespaces("pid", "ipc", "uts", "mount", network=f"/proc/{pid}/ns/net")).up()
    must(second.delete("--force"))
    expect(first.status() == "running", f"the first container is {first.status()}")


@story(NS, "ns.network.bound-path", "a path may be a namespace file that is bound somewhere")
def _(t):
    name = f"pc{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    t.later(lambda: subprocess.run(["umount", "/run/netns"], check=False, stderr=subprocess.DEVNULL))
    t.later(lambda: subprocess.run(["ip", "netns", "del", name], check=True))
    c = t.held(namespaces("pid", "ipc", "uts", "mount", network=f"/run/netns/{name}")).up()
    inode = os.stat(f"/run/netns/{name}").st_ino
    expect(c.answer()["ns"]["net"] == f"net:[{inode}]", c.answer()["ns"]["net"])


inside(checks=[
    see(RIGHT, "ns.network.loopback", "in a new network namespace the loopback is up", at("links"), {"lo": 1}),
    see(NS, "ns.pid.hides", "in a new process namespace nothing of the host's processes is seen", at("ppid"), 0)])

# ---- user namespace ----

inside(namespaces(*ALL, "user"), *USERS, ask("stat=/bin/probe", "stat=/proc/self", "write=/dev/shm/x|y", "stat=/dev/null",
                                             "open=rw:/dev/null", "call=101:16:1:0"), checks=[
    see(MAPS, "users.uid-map", "uid_map is what uidMappings says", lambda s: at("uid_map")(s).split(),
        ["0", "100000", "65536"]),
    see(MAPS, "users.gid-map", "gid_map is what gidMappings says", lambda s: at("gid_map")(s).split(),
        ["0", "100000", "65536"]),
    see(MAPS, "users.root-inside", "inside the process is root", at("uids"), [0] * 4),
    see(MAPS, "users.no-chown", "files of the root keep their owners: not mapped, so nobody", at("stat=/bin/probe", "uid"),
        65534),
    see(MAPS, "users.setgroups", "groups can be set there", at("setgroups"), "allow\n"),
    see("config-linux.md#default-devices", "users.devices", "the default devices can be used", at("open=rw:/dev/null"), "ok"),
    see("config-linux.md#default-filesystems", "users.mounts", "file systems are mounted for it", at("write=/dev/shm/x|y"),
        "ok"),
])
inside(namespaces(*ALL, "user"),
       put("linux.uidMappings", [{"containerID": 0, "hostID": 100000, "size": 10},
                                 {"containerID": 10, "hostID": 200000, "size": 5000}]),
       put("linux.gidMappings", [{"containerID": 0, "hostID": 300000, "size": 5000}]),
       put("process.user", {"uid": 1000, "gid": 1000, "additionalGids": [7]}), checks=[
    see(MAPS, "users.several", "several mappings are written", lambda s: len(at("uid_map")(s).splitlines()), 2),
    see("config.md#user", "users.ordinary", "ids of process.user are those inside", at("uids"), [1000] * 4),
    see("config.md#user", "users.groups", "and the groups", lambda s: 7 in at("groups")(s), True)])


@story(MAPS, "users.outside", "outside the process has the mapped id")
def _(t):
    c = t.held(namespaces(*ALL, "user"), *USERS).up()
    expect(os.stat(f"/proc/{c.state()['pid']}").st_uid == 100000, f"{os.stat('/proc/%d' % c.state()['pid']).st_uid}")


@story(RIGHT, "users.caller-null", "a null device that is the caller's standard input keeps its owner")
def _(t):
    t.held(namespaces(*ALL, "user"), *USERS).up()
    expect(os.stat(f"{t.runtime.work}/null").st_uid == 0, "it was given to the container's user")


@story(RIGHT, "users.private-bind-source", "a bind source that the mapped root cannot reach can be bound all the same")
def _(t):
    def private(b):
        b.file("private/dir/x", "text")
        os.chmod(f"{b.path}/private", 0o700)
    c = t.held(private, namespaces(*ALL, "user"), *USERS,
               mount("/data", "bind", in_bundle("private/dir"), ["bind", "ro"]), ask("read=/data/x")).up()
    expect(c.answer()["read=/data/x"] == "text", f"{c.answer()['read=/data/x']}")


@story(RIGHT, "users.locked-flags", "flags that a mount has on the host are kept where the user namespace locks them")
def _(t):
    def locked(b):
        where = b.mounted("locked")
        subprocess.run(["mount", "-o", "remount,nosuid,nodev,noexec", where], check=True)
    c = t.held(locked, namespaces(*ALL, "user"), *USERS, mount("/data", "bind", in_bundle("locked"), ["bind", "ro"])).up()
    line = [l for l in c.answer()["mounts"].splitlines() if l.split()[4] == "/data"]
    expect(line and {"ro", "nosuid", "nodev", "noexec"} <= set(line[0].split()[5].split(",")), f"{line}")


refused(MAPS, "users.no-map", "a user namespace of its own without mappings is an error", namespaces(*ALL, "user"))
refused(RIGHT, "users.map-without-namespace", "mappings without a user namespace are an error", *USERS)
refused(MAPS, "users.overlap", "mappings that overlap cannot be written: error", namespaces(*ALL, "user"),
        put("linux.uidMappings", MAP + [{"containerID": 5, "hostID": 900000, "size": 10}]), put("linux.gidMappings", MAP))
refused(MAPS, "users.size-zero", "a mapping of size 0 is an error", namespaces(*ALL, "user"),
        put("linux.uidMappings", [{"containerID": 0, "hostID": 1000, "size": 0}]), put("linux.gidMappings", MAP))
refused(MAPS, "users.unmapped-user", "a process.user that is not mapped is an error", namespaces(*ALL, "user"), *USERS,
        put("process.user", {"uid": 70000, "gid": 0}))

# ---- time ----

inside(namespaces(*ALL, "time"), put("linux.timeOffsets", {"monotonic": {"secs": 100000}, "boottime": {"secs": 200000}}),
       checks=[
    see(TIME, "time.monotonic", "the monotonic clock is moved by its offset", at("monotonic"), lambda v: v > 100000,
        needs="time_namespace", since="1.1"),
    see(TIME, "time.boottime", "the boot clock is moved by its offset", at("boottime"), lambda v: v > 200000,
        needs="time_namespace", since="1.1")])
refused(TIME, "time.without-namespace", "offsets without a time namespace are an error",
        put("linux.timeOffsets", {"monotonic": {"secs": 5}}), since="1.1")
refused(TIME, "time.unknown-clock", "an offset of an unknown clock is an error", namespaces(*ALL, "time"),
        put("linux.timeOffsets", {"planet": {"secs": 5}}), since="1.1")

# ---- sysctl ----

inside(put("linux.sysctl", {"net.ipv4.ip_forward": "1", "kernel.shmmax": "123456", "fs.mqueue.msg_max": "11",
                            "net.ipv4.ping_group_range": "0 100"}),
       ask("read=/proc/sys/net/ipv4/ip_forward", "read=/proc/sys/kernel/shmmax", "read=/proc/sys/fs/mqueue/msg_max",
           "read=/proc/sys/net/ipv4/ping_group_range"), checks=[
    see(SYSCTL, "sysctl.net", "net.* is set in the network namespace", at("read=/proc/sys/net/ipv4/ip_forward"), "1\n"),
    see(SYSCTL, "sysctl.ipc", "kernel.shm* is set in the ipc namespace", at("read=/proc/sys/kernel/shmmax"), "123456\n"),
    see(SYSCTL, "sysctl.mqueue", "fs.mqueue.* is set in the ipc namespace", at("read=/proc/sys/fs/mqueue/msg_max"), "11\n"),
    see(SYSCTL, "sysctl.several-words", "a value may be several words",
        lambda s: at("read=/proc/sys/net/ipv4/ping_group_range")(s).split(), ["0", "100"])])
inside(put("linux.sysctl", {"net/ipv4/ip_forward": "1"}), ask("read=/proc/sys/net/ipv4/ip_forward"), checks=[
    see(RIGHT, "sysctl.slashes", "a name with slashes is the same", at("read=/proc/sys/net/ipv4/ip_forward"), "1\n")])
inside(put("linux.sysctl", {"kernel.domainname": "planet.example"}), checks=[
    see(SYSCTL, "sysctl.uts", "kernel.domainname is set in the UTS namespace", at("domainname"), "planet.example")])
refused(SYSCTL, "sysctl.of-the-host", "a sysctl that has no namespace would change the host: error",
        put("linux.sysctl", {"vm.swappiness": "10"}), mentions="vm.swappiness")
refused(SYSCTL, "sysctl.net-of-the-host", "net.* without a network namespace would change the host: error",
        without("network"), put("linux.sysctl", {"net.ipv4.ip_forward": "1"}))
refused(SYSCTL, "sysctl.ipc-of-the-host", "kernel.shm* without an ipc namespace would change the host: error",
        without("ipc"), put("linux.sysctl", {"kernel.shmmax": "1234"}))
refused(SYSCTL, "sysctl.unknown", "a sysctl that does not exist is an error", put("linux.sysctl", {"net.planet": "1"}))
refused(SYSCTL, "sysctl.bad-value", "a value that the kernel refuses is an error",
        put("linux.sysctl", {"net.ipv4.ip_forward": "planet"}))
refused(RIGHT, "sysctl.escape", "a name that leads elsewhere is an error",
        put("linux.sysctl", {"net/../kernel/core_pattern": "x"}))
refused(RIGHT, "sysctl.joined-host-network", "the host's own network namespace, joined by path, is the host's all the same",
        namespaces("pid", "ipc", "uts", "mount", network="/proc/self/ns/net"),
        put("linux.sysctl", {"net.ipv4.ip_forward": "1"}))

# ---- propagation of the root ----


def propagation(*tags, absent=()):
    def want(optional):
        return all(any(o.startswith(t) for o in optional) for t in tags) \
            and not any(o.startswith(a) for o in optional for a in absent)
    want.__name__ = f"{list(tags)} without {list(absent)}"
    return want


for _kind, _want in {"shared": propagation("shared:"), "private": propagation(absent=("shared:", "master:")),
                     "slave": propagation(absent=("shared:",)), "unbindable": propagation("unbindable"),
                     "rshared": propagation("shared:"), "rslave": propagation(absent=("shared:",)),
                     "rprivate": propagation(absent=("shared:", "master:"))}.items():
    inside(put("linux.rootfsPropagation", _kind), checks=[
        see(PROPAGATION, f"propagation.{_kind}", f"the root mount is {_kind}", mounted("/", "optional"), _want)])
refused(PROPAGATION, "propagation.unknown", "an unknown propagation is an error", put("linux.rootfsPropagation", "planet"))


@story(PROPAGATION, "propagation.shared-not-with-host", "a shared root does not share with the host")
def _(t):
    before = read("/proc/self/mountinfo")
    c = t.held(put("linux.rootfsPropagation", "shared"), ask("mount=tmpfs:/data"),
               put("process.capabilities", {k: ["CAP_SYS_ADMIN"] for k in ("bounding", "effective", "permitted")})).up()
    expect(c.answer()["mount=tmpfs:/data"] == "ok", f"no mount: {c.answer()['mount=tmpfs:/data']}")
    expect(read("/proc/self/mountinfo") == before, "its mount is on the host")


def shared(b):
    where = b.mounted("peer")
    subprocess.run(["mount", "--make-shared", where], check=True)
    os.mkdir(f"{where}/x")


@story(PROPAGATION, "propagation.slave-receives", "rslave on a bind: what the host mounts later appears inside")
def _(t):
    c = t.held(shared, mount("/data", "bind", in_bundle("peer"), ["rbind", "rslave"]),
               put("linux.rootfsPropagation", "rslave")).up()
    place = f"{c.bundle.path}/peer/x"
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    t.later(lambda: subprocess.run(["umount", place], check=True))
    expect(c.ask("statfs=/data/x")["statfs=/data/x"]["type"] == 0x01021994, "not seen inside")
    inner = read(f"/proc/{c.state()['pid']}/mountinfo")
    expect(" /data/x " in inner, "the mount did not come through")


# ---- masked and read-only paths, personality ----

inside(put("linux.maskedPaths", ["/proc/kcore", "/proc/keys", "/sys/firmware", "/data/secret", "/nowhere/at/all", "/data/file"]),
       file("rootfs/data/secret/x", "text"), file("rootfs/data/file", "text"),
       ask("read=/proc/kcore", "read=/proc/keys", "list=/sys/firmware", "list=/data/secret", "read=/data/file",
           "write=/data/secret/y|z"), checks=[
    see(MASKED, "masked.file", "a masked file cannot be read", at("read=/data/file"), lambda v: v == "" or "errno" in v),
    see(MASKED, "masked.proc", "a masked file of /proc reads empty", at("read=/proc/keys"), lambda v: v == "" or "errno" in v),
    see(MASKED, "masked.kcore", "/proc/kcore too", at("read=/proc/kcore"), lambda v: v == "" or "errno" in v),
    see(MASKED, "masked.directory", "a masked directory is empty", at("list=/data/secret"), lambda v: v == [] or "errno" in v),
    see(RIGHT, "masked.directory-read-only", "and nothing can be put there", at("write=/data/secret/y|z"),
        lambda v: v != "ok"),
    see(MASKED, "masked.missing", "a masked path that does not exist is no error", at("pid"), 1)])
inside(put("linux.readonlyPaths", ["/proc/sys", "/data/file", "/data/keep", "/nowhere/at/all"]),
       directory("rootfs/data/keep"), file("rootfs/data/file"), ask("write=/proc/sys/kernel/shm_rmid_forced|1", "open=w:/data/file",
                                          "write=/data/keep/x|y", "read=/proc/sys/kernel/ostype"), checks=[
    see(READONLY, "readonly.proc-sys", "a read-only path of /proc cannot be written",
        at("write=/proc/sys/kernel/shm_rmid_forced|1"), error("EROFS")),
    see(READONLY, "readonly.file", "a read-only file neither", at("open=w:/data/file"), error("EROFS")),
    see(READONLY, "readonly.directory", "a directory of the root neither", at("write=/data/keep/x|y"), error("EROFS")),
    see(READONLY, "readonly.can-be-read", "it can still be read", at("read=/proc/sys/kernel/ostype"), "Linux\n"),
    see(READONLY, "readonly.missing", "a path that does not exist is no error", at("pid"), 1)])
inside(directory("rootfs/data/deep"), mount("/data/deep"), put("linux.readonlyPaths", ["/data"]),
       ask("write=/data/x|y"), checks=[
    see(READONLY, "readonly.above-a-mount", "a path with a mount below is read-only itself", at("write=/data/x|y"),
        error("EROFS"))])
for _field, _section in (("maskedPaths", MASKED), ("readonlyPaths", READONLY)):
    refused(_section, f"{_field}.relative", "values must be absolute paths", put(f"linux.{_field}", ["proc/kcore"]))
inside(put("linux.personality", {"domain": "LINUX32"}), checks=[
    see(PERSONALITY, "personality.linux32", "LINUX32 shows a 32-bit machine", at("machine"), but(os.uname().machine),
        since="1.1"),
    see(PERSONALITY, "personality.linux32-bit", "PER_LINUX32 is set", at("personality"), 8, since="1.1")])
inside(put("linux.personality", {"domain": "LINUX"}), checks=[
    see(PERSONALITY, "personality.linux", "LINUX changes nothing", at("personality"), 0)])
POLICY = "config-linux.md#memory-policy"
inside(put("linux.memoryPolicy", {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}),
       ask("read=/proc/self/numa_maps"), checks=[
    see(POLICY, "memoryPolicy.bind", "the mode, its flags and nodes are set", at("read=/proc/self/numa_maps"),
        holds(" bind=static:0 "), needs="numa", since="1.3")])
inside(put("linux.memoryPolicy", {"mode": "MPOL_LOCAL"}), ask("read=/proc/self/numa_maps"), checks=[
    see(POLICY, "memoryPolicy.local", "a mode without nodes is set", at("read=/proc/self/numa_maps"), holds(" local "),
        needs="numa", since="1.3")])
refused(POLICY, "memoryPolicy.unknown", "an unknown mode is an error", put("linux.memoryPolicy", {"mode": "MPOL_PLANET"}),
        since="1.3")
refused(POLICY, "memoryPolicy.no-such-node", "a node that is not there is an error",
        put("linux.memoryPolicy", {"mode": "MPOL_BIND", "nodes": "1023"}), needs="numa", since="1.3")
refused(PERSONALITY, "personality.unknown", "an unknown domain is an error", put("linux.personality", {"domain": "PLANET"}),
        since="1.1")
