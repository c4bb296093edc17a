"""Control groups: where, which limits, updates, and what must not be hit beside."""

import json
import os
import time
from subprocess import DEVNULL

from driver import CGROUP, expect, must, must_fail, read, wait_until
from machine import block_device, lacks
from states import paused, running
from suite import ask, at, cgroup, drop, holds, inside, mount, namespaces, put, refused, see, story, tell

PATH, MEMORY, CPU, PIDS, BLOCK, HUGE, NETWORK, RDMA, UNIFIED, RDT, GROUPS = (f"config-linux.md#{n}" for n in (
    "cgroups-path", "memory", "cpu", "pids", "block-io", "huge-page-limits", "network", "rdma", "unified", "intelrdt",
    "control-groups"))
HABIT, RIGHT = "command line", "done right"
MIB = 1 << 20


def resources(**more):
    return lambda b: b.spec["linux"]["resources"].update(more)


def v1(scene, *files):
    """The first of these files (controller, name) that there is: v1's, or v2's."""
    return next((v for v in (scene.container.cgroup(*f) for f in files) if v is not None), None)


def value(*files):
    return lambda scene: v1(scene, *files)


# ---- where ----

@story(PATH, "cgroup.absolute", "an absolute cgroupsPath is meant from the mount point of the hierarchy", needs="pids")
def _(t):
    c = running(t)
    expect(c.cgroup("pids", "cgroup.procs") is not None, "the group is not where cgroupsPath says")
    expect(str(c.state()["pid"]) in c.cgroup("pids", "cgroup.procs").split(), "the process is not in it")


@story(PATH, "cgroup.every-controller", "the process is in the same place of every hierarchy that limits something")
def _(t):
    c = t.held(resources(memory={"limit": 64 * MIB}, cpu={"shares": 512}, pids={"limit": 50})).up()
    path = c.bundle.spec["linux"]["cgroupsPath"]
    mine = {line.split(":", 2)[1]: line.split(":", 2)[2] for line in read(f"/proc/{c.state()['pid']}/cgroup").splitlines()}
    for controller in ("memory", "cpu", "pids", "devices"):
        expect(mine.get(controller, mine.get("")) == path, f"{controller}: {mine.get(controller)}")


@story(PATH, "cgroup.relative", "the same relative cgroupsPath leads to the same place each time")
def _(t):
    places = []
    for _ in range(2):
        c = t.held(put("linux.cgroupsPath", f"{t.runtime.token}-relative")).up()
        places.append(sorted(line.split(":", 1)[1] for line in read(f"/proc/{c.state()['pid']}/cgroup").splitlines()
                             if t.runtime.token in line))
        must(c.delete("--force"))
    expect(places[0] and places[0] == places[1], f"{places}")


@story(PATH, "cgroup.default", "without cgroupsPath the runtime chooses a place of the container's own")
def _(t):
    one, two = (t.held(drop("linux.cgroupsPath")).up() for _ in range(2))
    places = [{line.split(":", 2)[2] for line in read(f"/proc/{c.state()['pid']}/cgroup").splitlines()
               if line.split(":", 2)[1] in ("pids", "devices")} for c in (one, two)]
    expect(places[0].isdisjoint(places[1]), f"{places}")
    expect("/" not in places[0], "in the root group")


refused(RIGHT, "cgroup.escape", "a cgroupsPath that goes up is refused, or stays below the mount point",
        put("linux.cgroupsPath", "/../../planet-nowhere/\0"))


@story(PATH, "cgroup.dotdot", "a cgroupsPath with .. stays below the mount point")
def _(t):
    c = t.held(put("linux.cgroupsPath", f"/../..{t.runtime.cgroup_parent}/up"))
    c.create()
    expect(not os.path.exists(f"/sys{t.runtime.cgroup_parent}") and not os.path.exists(f"/{t.runtime.token}"), "it left")


@story(GROUPS, "cgroup.frozen", "a group that exists and is frozen is refused: it must not hang", needs="freezer")
def _(t):
    c = t.held()
    place = f"{CGROUP}/freezer{c.bundle.spec['linux']['cgroupsPath']}"
    frozen, off, on = (f"{place}/freezer.state", "FROZEN", "THAWED")
    if not os.path.isdir(f"{CGROUP}/freezer"):
        place = f"{CGROUP}{c.bundle.spec['linux']['cgroupsPath']}"
        frozen, off, on = (f"{place}/cgroup.freeze", "1", "0")
    os.makedirs(place)
    with open(frozen, "w", encoding="ascii") as f:
        f.write(off)
    try:
        done = c.create(patience=6)
        must_fail(done)
    finally:
        if os.path.exists(frozen):
            with open(frozen, "w", encoding="ascii") as f:
                f.write(on)
        try:
            os.rmdir(place)
        except OSError:  # gone, or something is in it: the leak check says what
            pass


@story(RIGHT, "cgroup.not-empty", "a group that exists and has processes is refused or warned of", needs="pids")
def _(t):
    first = running(t)
    second = t.held(put("linux.cgroupsPath", first.bundle.spec["linux"]["cgroupsPath"]))
    done = second.create()
    expect(not done.ok or done.err.strip(), "accepted without a word")


@story(RIGHT, "cgroup.not-empty-others", "whoever was in the group survives the end of who came later", needs="pids")
def _(t):
    first = running(t)
    second = t.held(put("linux.cgroupsPath", first.bundle.spec["linux"]["cgroupsPath"]))
    if not second.create().ok:
        return  # refused: nobody came
    must(second.delete("--force"))
    expect(first.status() == "running", f"{first.status()}")


@story(RIGHT, "cgroup.shared-delete", "removing a container does not kill others in a group above", needs="pids")
def _(t):
    outer = running(t)
    inner = t.held(put("linux.cgroupsPath", outer.bundle.spec["linux"]["cgroupsPath"] + "/inner")).up()
    inner.answer()
    must(inner.delete("--force"))
    expect(outer.status() == "running", f"{outer.status()}")


@story("config-linux.md#cgroup-ownership", "cgroup.owner", "the groups of v1 keep root as their owner", needs="memory_v1")
def _(t):
    maps = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    c = t.held(namespaces("pid", "network", "ipc", "uts", "mount", "user", "cgroup"), put("linux.uidMappings", maps),
               put("linux.gidMappings", maps)).up()
    place = f"{CGROUP}/memory{c.bundle.spec['linux']['cgroupsPath']}"
    expect(os.stat(place).st_uid == 0 and os.stat(f"{place}/cgroup.procs").st_uid == 0, "delegated")


# ---- the mount ----

MOUNT = "config.md#mounts"
inside(mount("/sys/fs/cgroup", "cgroup", options="nosuid noexec nodev relatime ro".split()),
       ask("list=/sys/fs/cgroup", "mkdir=/sys/fs/cgroup/pids/x", "mkdir=/sys/fs/cgroup/x", "read=/sys/fs/cgroup/pids/cgroup.procs",
           "stat=/sys/fs/cgroup/pids/cgroup.procs"), checks=[
    see(MOUNT, "cgroup-mount.there", "type cgroup mounts the hierarchies", at("list=/sys/fs/cgroup"), holds("pids"),
        needs="no_cgroup2"),
    see(MOUNT, "cgroup-mount.read-only", "ro makes them read-only", at("mkdir=/sys/fs/cgroup/pids/x"),
        lambda v: v != "ok", needs="no_cgroup2"),
    see(MOUNT, "cgroup-mount.own-only", "only the container's own group is seen",
        at("read=/sys/fs/cgroup/pids/cgroup.procs"), lambda v: v.split() == ["1"], needs="no_cgroup2")])
inside(namespaces("pid", "network", "ipc", "uts", "mount", "cgroup"),
       mount("/sys/fs/cgroup", "cgroup", options="nosuid noexec nodev relatime ro".split()),
       ask("read=/sys/fs/cgroup/pids/cgroup.procs"), checks=[
    see(MOUNT, "cgroup-mount.in-namespace", "with a cgroup namespace too",
        at("read=/sys/fs/cgroup/pids/cgroup.procs"), lambda v: v.split() == ["1"], needs="no_cgroup2")])

def untidy_path(bundle):
    path = bundle.spec["linux"]["cgroupsPath"]
    bundle.spec["linux"]["cgroupsPath"] = path.replace("/", "//") + "/"


inside(namespaces("pid", "network", "ipc", "uts", "mount", "cgroup"), untidy_path,
       mount("/sys/fs/cgroup", "cgroup", options="nosuid noexec nodev relatime ro".split()),
       ask("read=/sys/fs/cgroup/pids/cgroup.procs"), checks=[
    see(MOUNT, "cgroup-mount.untidy-path", "also where cgroupsPath has a slash too many",
        at("read=/sys/fs/cgroup/pids/cgroup.procs"), lambda v: v.split() == ["1"], needs="no_cgroup2")])

# ---- limits ----

inside(resources(memory={"limit": 64 * MIB, "reservation": 32 * MIB, "swappiness": 10}), live=True, checks=[
    see(MEMORY, "memory.limit", "limit bounds memory", value(("memory", "memory.limit_in_bytes"), ("memory", "memory.max")),
        str(64 * MIB), needs="memory"),
    see(MEMORY, "memory.reservation", "reservation is the soft limit",
        value(("memory", "memory.soft_limit_in_bytes"), ("memory", "memory.low")), str(32 * MIB), needs="memory"),
    see(MEMORY, "memory.swappiness", "swappiness is set", value(("memory", "memory.swappiness")), "10", needs="memory_v1")])
inside(resources(memory={"limit": 64 * MIB, "swap": 96 * MIB}), live=True, checks=[
    see(MEMORY, "memory.swap", "swap bounds memory and swap together",
        lambda s: int(v1(s, ("memory", "memory.memsw.limit_in_bytes"))
                      or int(s.container.cgroup("memory", "memory.swap.max")) + 64 * MIB), 96 * MIB, needs="memory_swap")])
inside(resources(memory={"limit": 64 * MIB, "swap": -1}), live=True, checks=[
    see(MEMORY, "memory.swap-unlimited", "swap -1 is unlimited", value(("memory", "memory.memsw.limit_in_bytes"),
                                                                       ("memory", "memory.swap.max")),
        lambda v: v == "max" or int(v) > 1 << 50, needs="memory_swap")])
inside(resources(memory={"limit": -1}), live=True, checks=[
    see(MEMORY, "memory.unlimited", "-1 is unlimited", value(("memory", "memory.limit_in_bytes"), ("memory", "memory.max")),
        lambda v: v == "max" or int(v) > 1 << 50, needs="memory")])
inside(resources(memory={"disableOOMKiller": True}), live=True, checks=[
    see(MEMORY, "memory.oom-off", "disableOOMKiller turns the killer off", value(("memory", "memory.oom_control")),
        holds("oom_kill_disable 1"), needs="memory_v1")])
inside(resources(memory={"disableOOMKiller": False, "useHierarchy": True}), live=True, checks=[
    see(MEMORY, "memory.oom-on", "disableOOMKiller false leaves it on", value(("memory", "memory.oom_control")),
        holds("oom_kill_disable 0"), needs="memory_v1"),
    see(MEMORY, "memory.hierarchy", "useHierarchy is in force", value(("memory", "memory.use_hierarchy")), "1",
        needs="memory_v1")])
inside(resources(memory={"limit": 16 * MIB, "swap": 16 * MIB}), ask("use=64"), checks=[
    see(MEMORY, "memory.enforced", "what uses more than the limit is killed", at("use=64"), {"signal": 9},
        needs=("memory", "memory_swap"))])
refused(MEMORY, "memory.swap-below-limit", "swap below limit cannot be: error",
        resources(memory={"limit": 64 * MIB, "swap": 32 * MIB}), needs="memory_swap")
refused(MEMORY, "memory.swappiness-range", "a swappiness above what the kernel takes is an error",
        resources(memory={"swappiness": 1000}), needs="memory_v1")
refused(MEMORY, "memory.too-little", "a limit too small to start with is an error", resources(memory={"limit": 4096}),
        needs="memory")

inside(resources(cpu={"shares": 512, "quota": 40000, "period": 80000}), live=True, checks=[
    see(CPU, "cpu.shares", "shares are set", value(("cpu", "cpu.shares"), ("cpu", "cpu.weight")), lambda v: v in ("512", "20", "59"),
        needs="cpu"),
    see(CPU, "cpu.quota", "the quota is set", lambda s: (v1(s, ("cpu", "cpu.cfs_quota_us"), ("cpu", "cpu.max")) or "").split()[0],
        "40000", needs="cpu"),
    see(CPU, "cpu.period", "the period is set",
        lambda s: (v1(s, ("cpu", "cpu.cfs_period_us"), ("cpu", "cpu.max")) or "").split()[-1], "80000", needs="cpu")])
inside(resources(cpu={"quota": -1}), live=True, checks=[
    see(CPU, "cpu.quota-unlimited", "quota -1 is unlimited", value(("cpu", "cpu.cfs_quota_us"), ("cpu", "cpu.max")),
        lambda v: v.split()[0] in ("-1", "max"), needs="cpu")])
inside(resources(cpu={"quota": 50000}), live=True, checks=[
    see(CPU, "cpu.quota-alone", "a quota without period holds for the default period",
        lambda s: (v1(s, ("cpu", "cpu.cfs_quota_us"), ("cpu", "cpu.max")) or "").split()[0], "50000", needs="cpu")])
inside(resources(cpu={"period": 50000}), live=True, checks=[
    see(CPU, "cpu.period-alone", "a period without quota is set",
        lambda s: (v1(s, ("cpu", "cpu.cfs_period_us"), ("cpu", "cpu.max")) or "").split()[-1], "50000", needs="cpu")])
inside(resources(cpu={"quota": 40000, "period": 80000, "burst": 20000}), live=True, checks=[
    see(CPU, "cpu.burst", "burst is set", value(("cpu", "cpu.cfs_burst_us"), ("cpu", "cpu.max.burst")), "20000",
        needs="cpu_burst", since="1.1")])
inside(resources(cpu={"idle": 1}), live=True, checks=[
    see(CPU, "cpu.idle", "idle is set", value(("cpu", "cpu.idle")), "1", needs="cpu_idle", since="1.1")])
inside(resources(cpu={"cpus": "0"}), live=True, checks=[
    see(CPU, "cpu.cpus", "cpus are set", value(("cpuset", "cpuset.cpus")), "0", needs="cpuset"),
    see(CPU, "cpu.cpus-affinity", "and the process runs only there", at("cpus"), [0], needs="cpuset")])
inside(resources(cpu={"cpus": "0-1", "mems": "0"}), live=True, checks=[
    see(CPU, "cpu.range", "cpus may be a range", value(("cpuset", "cpuset.cpus")), "0-1", needs=("cpuset", "two_cpus")),
    see(CPU, "cpu.mems", "mems are set", value(("cpuset", "cpuset.mems")), "0", needs="cpuset")])
# In a group at the top: the groups between would need a share of their own.
inside(lambda b: b.spec["linux"].update(cgroupsPath=b.spec["linux"]["cgroupsPath"].replace("/", "-").replace("-", "/", 1)),
       resources(cpu={"realtimeRuntime": 10000, "realtimePeriod": 100000}), live=True, checks=[
    see(CPU, "cpu.realtime", "realtime runtime and period are set", value(("cpu", "cpu.rt_runtime_us")), "10000",
        needs="cpu_realtime")])
refused(CPU, "cpu.no-such-cpu", "a processor that does not exist is an error", resources(cpu={"cpus": "4000"}), needs="cpuset")
refused(CPU, "cpu.bad-list", "a list that is not one is an error", resources(cpu={"cpus": "planet"}), needs="cpuset")
refused(CPU, "cpu.quota-too-small", "a quota that the kernel refuses is an error", resources(cpu={"quota": 10}), needs="cpu")
refused(CPU, "cpu.period-too-large", "a period that the kernel refuses is an error", resources(cpu={"period": 99999999}),
        needs="cpu")

for _limit, _want in ((32, "32"), (-1, "max")):
    inside(resources(pids={"limit": _limit}), live=True, checks=[
        see(PIDS, f"pids.{_limit}", f"a limit of {_limit} is set", cgroup("pids", "pids.max"), _want, needs="pids")])
inside(resources(pids={"limit": 10}), ask("spawn=20"), checks=[
    see(PIDS, "pids.enforced", "no more processes can be made", at("spawn=20"), lambda v: v < 10, needs="pids")])

_DISK = block_device() or (0, 0)


def throttle(name, rate):
    return resources(blockIO={name: [{"major": _DISK[0], "minor": _DISK[1], "rate": rate}]})


for _field, _file, _key in (("throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"),
                            ("throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"),
                            ("throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"),
                            ("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops")):
    inside(throttle(_field, 1000000), live=True, checks=[
        see(BLOCK, f"blkio.{_field}", f"{_field} is set",
            value(("blkio", _file), ("io", "io.max")), holds("1000000"), needs=("blkio", "block_device"))])
inside(resources(blockIO={"weight": 500}), live=True, checks=[
    see(BLOCK, "blkio.weight", "weight is set", value(("blkio", "blkio.weight"), ("blkio", "blkio.bfq.weight")), holds("500"),
        needs="blkio_weight")])
inside(resources(blockIO={"leafWeight": 500}), live=True, checks=[
    see(BLOCK, "blkio.leaf-weight", "leafWeight is set", value(("blkio", "blkio.leaf_weight")), "500",
        needs="blkio_leaf_weight")])
inside(resources(blockIO={"weightDevice": [{"major": _DISK[0], "minor": _DISK[1], "weight": 300}]}), live=True, checks=[
    see(BLOCK, "blkio.weight-device", "weightDevice is set", value(("blkio", "blkio.weight_device"), ("blkio", "blkio.bfq.weight_device")),
        holds("300"), needs="blkio_weight_device")])
refused(BLOCK, "blkio.no-such-device", "a device that does not exist is an error",
        resources(blockIO={"throttleReadBpsDevice": [{"major": 4000, "minor": 1, "rate": 5}]}), needs="blkio")
inside(resources(hugepageLimits=[{"pageSize": "2MB", "limit": 4 * MIB}]), live=True, checks=[
    see(HUGE, "hugetlb.limit", "a limit of huge pages is set", value(("hugetlb", "hugetlb.2MB.limit_in_bytes"),
                                                                     ("hugetlb", "hugetlb.2MB.max")), str(4 * MIB),
        needs="hugetlb")])
inside(resources(network={"classID": 1048577}), live=True, checks=[
    see(NETWORK, "network.class", "classID is set", value(("net_cls", "net_cls.classid")), "1048577", needs="net_cls")])
inside(resources(network={"priorities": [{"name": "lo", "priority": 5}]}), live=True, checks=[
    see(NETWORK, "network.priorities", "priorities are set", value(("net_prio", "net_prio.ifpriomap")), holds("lo 5"),
        needs="net_prio")])
inside(resources(rdma={"mlx5_1": {"hcaHandles": 3}}), live=True, checks=[
    see(RDMA, "rdma.limit", "limits of RDMA are set", value(("rdma", "rdma.max")), holds("hca_handle=3"), needs="rdma")])
inside(resources(unified={"memory.high": str(32 * MIB)}), live=True, checks=[
    see(UNIFIED, "unified.written", "unified is written to the file it names", value(("memory", "memory.high")), str(32 * MIB),
        needs="cgroup2")])
refused(UNIFIED, "unified.no-controller", "unified with a controller that is not there is an error",
        resources(unified={"memory.high": "1000000"}), needs="no_cgroup2")
refused(UNIFIED, "unified.escape", "a name in unified that is a path is an error", resources(unified={"../x": "1"}))
for _name, _what, _need in (("hugetlb", {"hugepageLimits": [{"pageSize": "2MB", "limit": 1}]}, "hugetlb_anywhere"),
                            ("net-class", {"network": {"classID": 5}}, "net_cls"),
                            ("weight", {"blockIO": {"weight": 500}}, "blkio_weight")):
    def _absent(t, what=_what, need=_need):
        if lacks(need):
            must_fail(t.container(resources(**what)).run())
    tell("runtime.md#create", f"limit-not-possible.{_name}", f"a limit ({_name}) that the machine cannot set is an error",
         _absent)
refused(RDT, "rdt.not-here", "intelRdt without a resctrl file system is an error",
        put("linux.intelRdt", {"closID": "planet", "l3CacheSchema": "L3:0=f"}), needs="no_resctrl")
refused(MEMORY, "memory.wrong-type", "a limit that is a text is an error", resources(memory={"limit": "64m"}))


# ---- update ----

def updated(*words, text=None, found):
    def body(t):
        c = t.held(resources(memory={"limit": 64 * MIB}, cpu={"shares": 512}, pids={"limit": 50})).up()
        flags = list(words)
        if text is not None:
            flags += ["--resources", c.bundle.file("update.json", json.dumps(text))]
        must(t.runtime("update", *flags, c.id))
        for controller, name, wanted in found:
            value = c.cgroup(controller, name)
            expect(value == wanted, f"{name} is {value}, wanted {wanted}")
    return body


V1 = ("memory_v1", "cpu_v1")
for _name, _words, _text, _found in [
    ("pids", ["--pids-limit", "77"], None, [("pids", "pids.max", "77")]),
    ("pids-unlimited", ["--pids-limit", "-1"], None, [("pids", "pids.max", "max")]),
    ("memory", ["--memory", str(80 * MIB)], None, [("memory", "memory.limit_in_bytes", str(80 * MIB))]),
    ("memory-reservation", ["--memory-reservation", str(20 * MIB)], None,
     [("memory", "memory.soft_limit_in_bytes", str(20 * MIB))]),
    ("cpu-share", ["--cpu-share", "256"], None, [("cpu", "cpu.shares", "256")]),
    ("cpu-quota", ["--cpu-quota", "30000"], None, [("cpu", "cpu.cfs_quota_us", "30000")]),
    ("cpu-period", ["--cpu-period", "60000"], None, [("cpu", "cpu.cfs_period_us", "60000")]),
    ("cpu-both", ["--cpu-period", "60000", "--cpu-quota", "30000"], None,
     [("cpu", "cpu.cfs_period_us", "60000"), ("cpu", "cpu.cfs_quota_us", "30000")]),
    ("cpuset", ["--cpuset-cpus", "0"], None, [("cpuset", "cpuset.cpus", "0")]),
    ("cpuset-mems", ["--cpuset-mems", "0"], None, [("cpuset", "cpuset.mems", "0")]),
    ("file", [], {"memory": {"limit": 70 * MIB}, "pids": {"limit": 60}},
     [("memory", "memory.limit_in_bytes", str(70 * MIB)), ("pids", "pids.max", "60")]),
    ("file-keeps-the-rest", [], {"pids": {"limit": 60}},
     [("memory", "memory.limit_in_bytes", str(64 * MIB)), ("cpu", "cpu.shares", "512")]),
    ("flag-keeps-the-rest", ["--pids-limit", "60"], None,
     [("memory", "memory.limit_in_bytes", str(64 * MIB)), ("cpu", "cpu.shares", "512")]),
    ("shrink", ["--memory", str(40 * MIB)], None, [("memory", "memory.limit_in_bytes", str(40 * MIB))]),
]:
    tell(HABIT, f"update.{_name}", f"update {' '.join(_words) or '--resources FILE'} is in force",
         updated(*_words, text=_text, found=_found), needs=V1 + ("pids", "cpuset"))
tell(HABIT, "update.memory-and-swap", "update can raise memory and swap together, whatever the order",
     updated("--memory", str(200 * MIB), "--memory-swap", str(200 * MIB),
             found=[("memory", "memory.limit_in_bytes", str(200 * MIB)),
                    ("memory", "memory.memsw.limit_in_bytes", str(200 * MIB))]), needs=("memory_v1", "memory_swap"))


@story(HABIT, "update.stdin", "update --resources - reads standard input", needs="pids")
def _(t):
    c = running(t)
    must(t.runtime("update", "--resources", "-", c.id, stdin='{"pids": {"limit": 33}}'))
    expect(c.cgroup("pids", "pids.max") == "33", c.cgroup("pids", "pids.max"))


@story(RIGHT, "update.options-after-the-id", "options after the container's id are options", needs="pids")
def _(t):
    c = running(t)
    must(t.runtime("update", c.id, "--pids-limit", "44"))
    expect(c.cgroup("pids", "pids.max") == "44", c.cgroup("pids", "pids.max"))


@story(MEMORY, "update.check-before", "checkBeforeUpdate: a limit below what is in use is an error", needs="memory")
def _(t):
    c = running(t)
    small = '{"memory": {"limit": 65536, "checkBeforeUpdate": true}}'
    must_fail(t.runtime("update", "--resources", "-", c.id, stdin=small))
    must(t.runtime("update", "--resources", "-", c.id, stdin=small.replace("65536", str(64 << 20))))
    expect(c.status() == "running", c.status())


@story(HABIT, "update.refused-by-the-kernel", "an update that the kernel refuses is an error, and the old limit stays",
       needs="cpuset")
def _(t):
    c = t.held(resources(cpu={"cpus": "0"})).up()
    must_fail(t.runtime("update", "--cpuset-cpus", "4000", c.id))
    expect(c.cgroup("cpuset", "cpuset.cpus") == "0", c.cgroup("cpuset", "cpuset.cpus"))


@story(RIGHT, "update.invalid-json", "resources that are not JSON are an error")
def _(t):
    must_fail(t.runtime("update", "--resources", "-", running(t).id, stdin="{planet"))


@story(RIGHT, "update.invalid-number", "a number that is none is an error")
def _(t):
    must_fail(t.runtime("update", "--pids-limit", "many", running(t).id))


@story(RIGHT, "update.survives-restart-of-nothing", "state, exec and ps work after an update", needs="pids")
def _(t):
    c = running(t)
    must(t.runtime("update", "--pids-limit", "44", c.id))
    expect(c.status() == "running", c.status())
    c.ask("read=/etc/nothing")
    must(c.command("ps"))


# ---- pause ----

@story(HABIT, "pause.freezes", "pause stops every process of the container", needs="freezer")
def _(t):
    c = t.container(lambda b: b.spec["process"].update(
        args=["/bin/busybox", "sh", "-c", "while :; do echo x; usleep 2000; done"])).up()
    wait_until(lambda: read(c.out).count("x") > 3, "some output")
    must(c.command("pause"))
    t.later(lambda: c.command("resume"))
    before = read(c.out)
    time.sleep(0.05)
    expect(read(c.out) == before, "it went on")
    must(c.command("resume"))
    wait_until(lambda: len(read(c.out)) > len(before), "it goes on after resume")


@story(HABIT, "pause.state", "a paused container's status is paused", needs="freezer")
def _(t):
    expect(paused(t).status() == "paused", "not paused")


@story(RIGHT, "pause.delete-force-does-not-hang", "delete --force of a paused container ends it", needs="freezer")
def _(t):
    c = paused(t)
    must(c.delete("--force"))
    expect(c.status() is None, f"{c.status()}")


@story(RIGHT, "exec.ignore-paused", "exec --ignore-paused goes in; it runs when the container is resumed", needs="freezer")
def _(t):
    c = paused(t)
    process = t.runtime.popen("exec", "--ignore-paused", c.id, "/bin/probe", "ask", stdout=DEVNULL, stderr=DEVNULL)
    time.sleep(0.15)
    expect(process.poll() is None, f"it ended at once with {process.returncode}")
    must(c.command("resume"))
    expect(process.wait(10) == 0, f"status {process.returncode}")
