"""What this machine can give to anyone. Found by asking the kernel, never by the runtime's name: a check that needs what
is not here is listed as such, with the reason, whatever runtime is tested."""

import functools
import os
import shutil
import subprocess

from driver import CGROUP, read


def _capability(number):
    for line in read("/proc/self/status").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def _cgroup_file(controller, name):
    """A file as it exists in a group below the root (the root lacks most of them)."""
    place = f"{CGROUP}/{controller}/.planet-conformance-probe-{os.getpid()}"
    try:
        os.mkdir(place)
    except OSError:
        return False
    try:
        return os.path.exists(f"{place}/{name}")
    finally:
        os.rmdir(place)


def _weight_device():
    """The file may be there and the disk's scheduler not take a weight: so it is tried."""
    place = f"{CGROUP}/blkio/.planet-conformance-probe-{os.getpid()}"
    if not os.path.isdir(f"{CGROUP}/blkio") or not block_device():
        return False
    os.mkdir(place)
    try:
        for name in ("blkio.weight_device", "blkio.bfq.weight_device"):
            if os.path.exists(f"{place}/{name}"):
                with open(f"{place}/{name}", "w", encoding="ascii") as f:
                    f.write("%d:%d 300" % block_device())
                return True
        return False
    except OSError:
        return False
    finally:
        os.rmdir(place)


def _v1(controller):
    return os.path.exists(f"{CGROUP}/{controller}/cgroup.procs")


def _v2(controller):
    """On a pure v2 machine. On a hybrid one runtimes leave the unified hierarchy alone."""
    return controller in read(f"{CGROUP}/cgroup.controllers").split()


def _anywhere(controller):
    return _v1(controller) or controller in (read(f"{CGROUP}/unified/cgroup.controllers")
                                             + read(f"{CGROUP}/cgroup.controllers")).split()


def _memory_swap():
    return _cgroup_file("memory", "memory.memsw.limit_in_bytes") or _v2("memory")


@functools.lru_cache(maxsize=None)
def _criu():
    return bool(shutil.which("criu")) and subprocess.run(["criu", "check"], capture_output=True, check=False).returncode == 0


def _resctrl():
    return any(" - resctrl " in line for line in read("/proc/self/mountinfo").splitlines())


# need -> (how to find out, why not)
NEEDS = {
    "root": (lambda: os.geteuid() == 0, "the suite must run as root"),
    "sys_resource": (lambda: _capability(24), "no CAP_SYS_RESOURCE here: nobody can raise a limit or lower an oom score"),
    "no_sys_resource": (lambda: not _capability(24), "this machine has every capability"),
    "numa": (lambda: os.path.exists("/proc/self/numa_maps"), "no CONFIG_NUMA"),
    "two_cpus": (lambda: (os.cpu_count() or 1) > 1, "one processor only"),
    "cpu": (lambda: _v1("cpu") or _v2("cpu"), "no cpu controller"),
    "cpu_v1": (lambda: _v1("cpu"), "no cpu controller of v1"),
    "cpu_burst": (lambda: _cgroup_file("cpu", "cpu.cfs_burst_us") or _v2("cpu"), "the kernel has no cpu burst"),
    "cpu_idle": (lambda: _cgroup_file("cpu", "cpu.idle"), "the kernel has no cpu.idle for groups"),
    "cpu_realtime": (lambda: _cgroup_file("cpu", "cpu.rt_runtime_us"), "no CONFIG_RT_GROUP_SCHED"),
    "cpuset": (lambda: _v1("cpuset") or _v2("cpuset"), "no cpuset controller"),
    "memory": (lambda: _v1("memory") or _v2("memory"), "no memory controller"),
    "memory_v1": (lambda: _v1("memory"), "no memory controller of v1"),
    "memory_swap": (_memory_swap, "swap is not counted here"),
    "pids": (lambda: _v1("pids") or _v2("pids"), "no pids controller"),
    "freezer": (lambda: _v1("freezer") or not os.path.isdir(f"{CGROUP}/unified"), "no freezer controller"),
    "devices": (lambda: _v1("devices") or not os.path.isdir(f"{CGROUP}/unified"), "no devices controller"),
    "loop_control": (lambda: os.path.exists("/dev/loop-control"), "no device to try: /dev/loop-control"),
    "blkio": (lambda: _v1("blkio") or _v2("io"), "no block I/O controller"),
    "blkio_weight": (lambda: _cgroup_file("blkio", "blkio.weight") or _cgroup_file("blkio", "blkio.bfq.weight"),
                     "no block I/O weights: neither CFQ nor BFQ groups"),
    "blkio_leaf_weight": (lambda: _cgroup_file("blkio", "blkio.leaf_weight"), "no leaf weights of block I/O (CFQ)"),
    "blkio_weight_device": (_weight_device, "no block I/O weights of single devices: the disk has no such scheduler"),
    "hugetlb_anywhere": (lambda: _anywhere("hugetlb"), "no hugetlb controller"),
    "hugetlb": (lambda: _v1("hugetlb") or _v2("hugetlb"), "no hugetlb controller"),
    "net_cls": (lambda: _v1("net_cls"), "no net_cls controller"),
    "net_prio": (lambda: _v1("net_prio"), "no net_prio controller"),
    "rdma": (lambda: _v1("rdma") or _v2("rdma"), "no rdma controller"),
    "cgroup2": (lambda: _v2("memory"), "no controller on the unified hierarchy: v2's files cannot be written"),
    "no_cgroup2": (lambda: not _v2("memory"), "the unified hierarchy has controllers"),
    "resctrl": (_resctrl, "no resctrl file system"),
    "no_resctrl": (lambda: not _resctrl(), "a resctrl file system is mounted"),
    "apparmor": (lambda: read("/sys/module/apparmor/parameters/enabled").startswith("Y"), "the kernel has no AppArmor"),
    "no_apparmor": (lambda: not read("/sys/module/apparmor/parameters/enabled").startswith("Y"), "AppArmor is on"),
    "selinux": (lambda: os.path.exists("/sys/fs/selinux/enforce"), "the kernel has no SELinux"),
    "no_selinux": (lambda: not os.path.exists("/sys/fs/selinux/enforce"), "SELinux is on"),
    "systemd": (lambda: os.path.isdir("/run/systemd/system"), "systemd does not run here"),
    "time_namespace": (lambda: os.path.exists("/proc/self/ns/time"), "the kernel has no time namespaces"),
    "user_namespace": (lambda: os.path.exists("/proc/self/ns/user"), "the kernel has no user namespaces"),
    "block_device": (lambda: block_device() is not None, "no block device"),
    "criu": (_criu, "criu is not here or does not work on this kernel"),
    "no_criu": (lambda: not _criu(), "criu works here"),
}


def block_device():
    """Major and minor of a whole disk."""
    for name in sorted(os.listdir("/sys/block")):
        numbers = read(f"/sys/block/{name}/dev").strip()
        if numbers and not name.startswith(("loop", "ram", "zram")):
            return tuple(int(n) for n in numbers.split(":"))
    return None


@functools.lru_cache(maxsize=None)
def lacks(need):
    """None when the machine has it, else the reason as a sentence."""
    found, reason = NEEDS[need]
    return None if found() else reason
