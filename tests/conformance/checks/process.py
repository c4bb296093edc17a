"""The container's process: user, capabilities, limits, environment, directory, and what it must not inherit."""

import ctypes
import os

import machine
from capabilities import NUMBER
from driver import expect, must, must_fail
from suite import (ask, args, at, directory, drop, fields, file, holds, inside, link, namespaces, put, refused, see,
                   story, tell)

PROCESS, POSIX, LINUX, USER = (f"config.md#{n}" for n in ("process", "posix-process", "linux-process", "user"))
HABIT, RIGHT = "command line", "done right"

def numbers(*names):
    return sorted(NUMBER[f"CAP_{n}"] for n in names)


def session_keyring():
    """The suite's own: keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING)."""
    return ctypes.CDLL(None).syscall(250, 0, -3, 0)


# ---- a plain process ----

inside(checks=[
    see(PROCESS, "args.argv", "args are the program's arguments, the program among them", at("args"),
        ["/bin/probe", "report"]),
    see(PROCESS, "env.exact", "the environment is what env says", at("env"), holds("HELLO=planet")),
    see(RIGHT, "env.no-callers", "nothing of the caller's environment comes through", at("env"),
        lambda env: all(e.split("=")[0] in ("PATH", "HELLO", "HOME", "container") for e in env)),
    see(HABIT, "env.home", "HOME is set where env does not say it", at("env"),
        lambda env: any(e.startswith("HOME=/") for e in env)),
    see(PROCESS, "cwd.root", "the working directory is cwd", at("cwd"), "/"),
    see(USER, "user.root", "uid and gid 0", at("uids"), [0] * 4),
    see(USER, "user.no-callers-groups", "no group of the caller comes through", at("groups"),
        lambda groups: set(groups) <= {0}),
    see("config.md#hostname", "hostname.set", "the host name is what hostname says", at("hostname"), "conformance"),
    see(LINUX, "nnp.default-off", "without noNewPrivileges, no_new_privs is not set", at("no_new_privs"), 0),
    see("config-linux.md#seccomp", "seccomp.none", "without seccomp there is no filter", at("status"),
        holds("Seccomp:\t0")),
    see(RIGHT, "first-process.pid", "the process is number 1 of its namespace", at("pid"), 1),
    see(RIGHT, "first-process.session", "the process leads a session of its own", at("sid"), 1),
    see(RIGHT, "first-process.no-blocked-signals", "no signal is blocked", at("blocked"), []),
    see(RIGHT, "first-process.no-ignored-signals", "no signal is ignored", at("ignored"), []),
    see(RIGHT, "first-process.no-death-signal", "no parent-death signal is left set", at("pdeathsig"), 0),
    see(RIGHT, "first-process.no-subreaper", "it is no subreaper by accident", at("subreaper"), 0),
    see(RIGHT, "first-process.dumpable", "the program is dumpable, its /proc files belong to it", at("dumpable"), 1),
    see(RIGHT, "descriptors.only-three", "only standard input, output and error are open", at("fds"),
        lambda fds: set(fds) == {"0", "1", "2"}),
    see(RIGHT, "keyring.own", "the session keyring is the container's own", at("keyring"),
        lambda v: v > 0 and v != session_keyring()),
    see(RIGHT, "terminal.none", "without terminal nothing of the caller's terminal is there", at("terminal", "dev_tty"),
        lambda v: v != "ok"),
    see(RIGHT, "securebits.none", "no securebits are left set", at("securebits"), 0),
    see(PROCESS, "umask.default", "without umask the mask is 0022", at("umask"), 0o022),
])

for name, sentence, mutation, want in [
    ("absolute", "an absolute program is run", args("/bin/probe", "report"), "/bin/probe"),
    ("path", "a name is searched in env's PATH", args("probe", "report"), "probe"),
    ("relative", "a path with a slash is meant from cwd", args("bin/probe", "report"), "bin/probe"),
]:
    inside(mutation, checks=[see(PROCESS, f"args.{name}", sentence, at("args"), lambda v, w=want: v[0] == w)])
inside(put("process.env", ["PATH=/nowhere:/tools"]), directory("rootfs/tools"),
       lambda b: os.link(f"{b.work}/bin/probe", f"{b.root}/tools/other"), args("other", "report"),
       checks=[see(PROCESS, "args.second-of-path", "every directory of PATH is searched", at("exe"), "/tools/other")])
inside(args("/bin/probe", "report", "", "a b", "\u00e9", "--", "$HOME", "*", "\n"), checks=[
    see(PROCESS, "args.verbatim", "arguments come through byte for byte", at("args"),
        ["/bin/probe", "report", "", "a b", "\u00c3\u00a9", "--", "$HOME", "*", "\n"])])
inside(args("/bin/probe", "report", *["x" * 1000] * 400), checks=[
    see(PROCESS, "args.many", "400 KB of arguments come through", lambda s: len(s.report["args"]), 402)])

for name, sentence, mutation in [
    ("empty", "at least one argument is required", put("process.args", [])),
    ("missing", "args are required to run", drop("process.args")),
    ("not-there", "a program that does not exist is an error", args("/nowhere/program")),
    ("not-in-path", "a name that is not in PATH is an error", args("planet-nowhere")),
    ("directory", "a directory is no program", args("/data")),
]:
    refused(PROCESS, f"args.{name}", sentence, mutation)
refused(PROCESS, "args.not-executable", "a file without execute permission is an error", file("rootfs/data/plain", "x"),
        args("/data/plain"))
refused(PROCESS, "args.interpreter-missing", "a script whose interpreter is missing is an error",
        file("rootfs/data/script", "#!/nowhere\n", 0o755), args("/data/script"))

inside(put("process.env", ["A=1", "EMPTY=", "SPACE=a b", "EQUAL==x=", "PATH=/bin"]), checks=[
    see(PROCESS, "env.values", "values may be empty or have spaces and equal signs", at("env"),
        lambda env: {"A=1", "EMPTY=", "SPACE=a b", "EQUAL==x="} <= set(env))])
inside(put("process.env", ["PATH=/bin", "HOME=/data"]), checks=[
    see(PROCESS, "env.home-kept", "a HOME that env says is kept", at("env"), holds("HOME=/data"))])
inside(drop("process.env"), checks=[see(PROCESS, "env.absent", "env may be left out", at("pid"), 1)])
inside(put("process.env", ["PATH=/bin", "A=first", "A=second"]), checks=[
    see(HABIT, "env.last-wins", "of two settings of one variable the last holds",
        lambda s: [e for e in s.report["env"] if e.startswith("A=")][-1], "A=second")])

inside(put("process.cwd", "/data"), checks=[see(PROCESS, "cwd.set", "cwd is the working directory", at("cwd"), "/data")])
inside(put("process.cwd", "/data/made/deep"), checks=[
    see(HABIT, "cwd.made", "a cwd that does not exist is made", at("cwd"), "/data/made/deep")])
inside(put("process.cwd", "/data/link"), link("rootfs/data/link", "/tmp"), checks=[
    see(PROCESS, "cwd.link", "a cwd that is a link leads inside the root", at("cwd"), "/tmp")])
inside(put("process.cwd", "/data"), put("process.user", {"uid": 1000, "gid": 1000}), checks=[
    see(PROCESS, "cwd.as-user", "cwd is reached for an ordinary user too", at("cwd"), "/data")])
refused(PROCESS, "cwd.relative", "cwd must be an absolute path", put("process.cwd", "data"))
refused(PROCESS, "cwd.file", "a cwd that is a file is an error", put("process.cwd", "/bin/probe"))
refused(PROCESS, "cwd.missing", "cwd is required", drop("process.cwd"))
refused(RIGHT, "cwd.not-a-descriptor", "a cwd through a descriptor of the runtime is refused or leads inside",
        put("process.cwd", "/proc/self/fd/7"))

# ---- user ----

inside(put("process.user", {"uid": 1000, "gid": 1001, "additionalGids": [5, 6, 70000]}), checks=[
    see(USER, "user.uid", "all four user ids are uid", at("uids"), [1000] * 4),
    see(USER, "user.gid", "all four group ids are gid", at("gids"), [1001] * 4),
    see(USER, "user.groups", "additionalGids are the supplementary groups", lambda s: set(s.report["groups"]) - {1001},
        {5, 6, 70000}),
    see(LINUX, "caps.user-without-ambient", "an ordinary user without ambient capabilities has none in effect",
        at("caps", "effective"), []),
])
for mask in (0, 0o077, 0o027):
    inside(put("process.user.umask", mask), checks=[
        see(USER, f"user.umask.{mask:04o}", f"umask {mask:04o} is set", at("umask"), mask)])
inside(put("process.user", {"uid": 4294967294, "gid": 4294967294}), checks=[
    see(USER, "user.highest", "the highest id is an id", at("uids"), [4294967294] * 4)])
refused(USER, "user.minus-one", "uid 4294967295 is no id: the kernel takes it for 'leave alone'",
        put("process.user", {"uid": 4294967295, "gid": 0}))
refused(USER, "user.negative", "a negative id is an error", put("process.user", {"uid": -1, "gid": 0}))
refused(USER, "user.text", "an id that is a text is an error", put("process.user", {"uid": "root", "gid": 0}))

# ---- capabilities ----

inside(put("process.capabilities", {"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_MKNOD"],
                                    "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN"],
                                    "inheritable": ["CAP_KILL"], "ambient": []}), checks=[
    see(LINUX, "caps.bounding", "the bounding set is what bounding says", at("caps", "bounding"),
        numbers("CHOWN", "KILL", "MKNOD")),
    see(LINUX, "caps.inheritable", "the inheritable set is what inheritable says", at("caps", "inheritable"),
        numbers("KILL")),
    see(LINUX, "caps.no-ambient", "an empty ambient set is empty", at("caps", "ambient"), []),
])
_SETS = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL", "CAP_CHOWN"],
         "effective": ["CAP_KILL", "CAP_CHOWN"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}
inside(put("process.capabilities", _SETS), put("process.user", {"uid": 1000, "gid": 1000}), checks=[
    see(LINUX, "caps.ambient", "the ambient set is what ambient says", at("caps", "ambient"), numbers("KILL")),
    see(LINUX, "caps.ambient-takes-effect", "ambient capabilities are in effect for an ordinary user",
        at("caps", "effective"), numbers("KILL")),
    see(LINUX, "caps.permitted-by-ambient", "and permitted", at("caps", "permitted"), numbers("KILL")),
])
inside(put("process.capabilities", {}), checks=[
    see(LINUX, "caps.empty", "an empty object means no capability at all", at("caps"),
        {k: [] for k in ("effective", "permitted", "inheritable", "bounding", "ambient")})])
inside(drop("process.capabilities"), checks=[
    see(HABIT, "caps.absent", "without the property no capability is left", at("caps", "effective"), [])])
inside(put("process.capabilities", {k: ["CAP_CHOWN"] for k in ("bounding", "effective", "permitted")}), checks=[
    see(LINUX, "caps.root-is-limited", "root has what the bounding set lets through and no more",
        at("caps", "effective"), numbers("CHOWN"))])


def named(mutation, word):
    """Refused by name, or run with a warning that names it: not dropped in silence."""
    def body(t):
        done = t.container(mutation).run()
        expect(word in done.err, f"{done}: a word on {word} was wanted")
    return body


for kind in ("bounding", "effective", "permitted", "inheritable", "ambient"):
    tell(LINUX, f"caps.unknown-in-{kind}", f"an unknown capability in {kind} is logged as a warning (or refused by name)",
         named(put(f"process.capabilities.{kind}", ["CAP_PLANET"]), "CAP_PLANET"))
NOT_OURS = ["CAP_CHOWN", "CAP_SYS_RESOURCE"]
for kind, sets in (("bounding", ["bounding"]), ("all", ["bounding", "effective", "permitted"])):
    tell(LINUX, f"caps.not-ours-in-{kind}", f"a capability that the runtime cannot grant is logged as a warning ({kind})",
         named(put("process.capabilities", {k: NOT_OURS for k in sets}), "CAP_SYS_RESOURCE"), needs="no_sys_resource")
inside(put("process.capabilities", {k: NOT_OURS for k in ("bounding", "effective", "permitted")}),
       checks=[see(LINUX, "caps.not-ours-runs", "and the container runs with the others", at("caps", "effective"),
                   numbers("CHOWN"), needs="no_sys_resource")])
refused(LINUX, "caps.effective-not-permitted", "effective without permitted cannot be: error",
        put("process.capabilities", {"bounding": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"], "permitted": []}))

# ---- limits ----

for kind, soft, hard in [("AS", 1 << 33, 1 << 34), ("CORE", 0, 4096), ("CPU", 1000, 2000), ("DATA", 1 << 33, 1 << 34),
                         ("FSIZE", 1 << 30, 1 << 31), ("LOCKS", 50, 60), ("MEMLOCK", 4096, 8192), ("MSGQUEUE", 4096, 8192),
                         ("NICE", 0, 0), ("NOFILE", 100, 200), ("NPROC", 900, 1000), ("RSS", 1 << 30, 1 << 31),
                         ("RTPRIO", 0, 0), ("RTTIME", 10000, 20000), ("SIGPENDING", 50, 60), ("STACK", 1 << 22, 1 << 23)]:
    inside(put("process.rlimits", [{"type": f"RLIMIT_{kind}", "soft": soft, "hard": hard}]), checks=[
        see(POSIX, f"rlimits.{kind}", f"RLIMIT_{kind} has the soft and hard value", at("rlimits", kind), [soft, hard])])
inside(put("process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": 1 << 21, "hard": 1 << 21}]), checks=[
    see(POSIX, "rlimits.raised", "a limit can be raised above the caller's", at("rlimits", "NOFILE"), [1 << 21] * 2,
        needs="sys_resource")])
inside(put("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 18446744073709551615, "hard": 18446744073709551615}]),
       checks=[see(POSIX, "rlimits.unlimited", "the largest number is 'unlimited'", at("rlimits", "CORE"),
                   [18446744073709551615] * 2)])
inside(put("process.rlimits", []), checks=[see(POSIX, "rlimits.empty", "an empty list changes nothing", at("pid"), 1)])
refused(POSIX, "rlimits.unknown", "a limit that no kernel has is an error",
        put("process.rlimits", [{"type": "RLIMIT_PLANET", "soft": 1, "hard": 1}]))
refused(POSIX, "rlimits.lower-case", "the type is spelled as in getrlimit(2): else an error",
        put("process.rlimits", [{"type": "nofile", "soft": 1, "hard": 1}]))
refused(POSIX, "rlimits.twice", "the same type twice is an error",
        put("process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": n, "hard": n} for n in (100, 200)]))
refused(POSIX, "rlimits.soft-above-hard", "a soft limit above the hard one cannot be applied: error",
        put("process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": 200, "hard": 100}]))

# ---- the rest of the Linux process ----

inside(put("process.noNewPrivileges", True), checks=[
    see(LINUX, "nnp.on", "noNewPrivileges sets no_new_privs", at("no_new_privs"), 1)])
for score in (100, 1000):
    inside(put("process.oomScoreAdj", score), checks=[
        see(LINUX, f"oom.{score}", f"oomScoreAdj {score} is set", at("oom_score_adj"), f"{score}\n")])
inside(put("process.oomScoreAdj", -500), checks=[
    see(LINUX, "oom.lower", "oomScoreAdj below the caller's is set", at("oom_score_adj"), "-500\n", needs="sys_resource")])
inside(checks=[see(LINUX, "oom.unset", "without oomScoreAdj the caller's value stays", at("oom_score_adj"),
                   lambda v: v == open("/proc/self/oom_score_adj", encoding="ascii").read())])


@story(LINUX, "oom.inherited", "without oomScoreAdj a caller's value other than 0 stays")
def _(t):
    with open("/proc/self/oom_score_adj", encoding="ascii") as f:
        before = f.read()
    c = t.held()
    must(t.runtime("create", "--bundle", c.bundle.path, c.id, out=c.out,
                   preexec_fn=lambda: open("/proc/self/oom_score_adj", "w", encoding="ascii").write("321")))
    c.touched = True
    must(c.start())
    expect(c.answer()["oom_score_adj"] == "321\n", f"{before} became {c.answer()['oom_score_adj']}")


refused(LINUX, "oom.out-of-range", "oomScoreAdj 1001 cannot be set: error", put("process.oomScoreAdj", 1001))
refused(LINUX, "apparmor.not-here", "an AppArmor profile where there is no AppArmor is an error, not ignored",
        put("process.apparmorProfile", "planet-profile"), needs="no_apparmor")
inside(put("process.apparmorProfile", "unconfined"), ask("read=/proc/self/attr/apparmor/current"), checks=[
    see(LINUX, "apparmor.profile", "the profile is set", at("read=/proc/self/attr/apparmor/current"),
        "unconfined\n", needs="apparmor")])
refused(LINUX, "apparmor.not-loaded", "a profile that is not loaded is an error, by its name",
        put("process.apparmorProfile", "planet-no-such-profile"), mentions="planet-no-such-profile", needs="apparmor")
refused(LINUX, "selinux.not-here", "an SELinux label where there is no SELinux is an error, not ignored",
        put("process.selinuxLabel", "system_u:system_r:container_t:s0"), needs="no_selinux")
inside(put("process.selinuxLabel", "system_u:system_r:container_t:s0"), ask("read=/proc/self/attr/current"), checks=[
    see(LINUX, "selinux.label", "the label is set", at("read=/proc/self/attr/current"),
        lambda v: v.rstrip("\n\0") == "system_u:system_r:container_t:s0", needs="selinux")])
refused("config-linux.md#mount-label", "mount-label.not-here", "a label of mounts where there is no SELinux is an error",
        put("linux.mountLabel", "system_u:object_r:container_file_t:s0"), needs="no_selinux")

SCHEDULER, IO, AFFINITY = "config.md#linux-process scheduler", "config.md#linux-process ioPriority", \
    "config.md#linux-process execCPUAffinity"


def real_time(b):
    """With CONFIG_RT_GROUP_SCHED a group needs a share of real time, and so do those above: one at the top."""
    if not machine.lacks("cpu_realtime"):
        b.spec["linux"]["cgroupsPath"] = "/" + b.spec["linux"]["cgroupsPath"].strip("/").replace("/", "-")
        b.spec["linux"].setdefault("resources", {})["cpu"] = {"realtimeRuntime": 10000, "realtimePeriod": 100000}


POLICIES = {"SCHED_OTHER": 0, "SCHED_FIFO": 1, "SCHED_RR": 2, "SCHED_BATCH": 3, "SCHED_IDLE": 5}
for policy, extra in [("SCHED_OTHER", {"nice": 5}), ("SCHED_BATCH", {"nice": 3}), ("SCHED_IDLE", {}),
                      ("SCHED_FIFO", {"priority": 7}), ("SCHED_RR", {"priority": 9})]:
    inside(put("process.scheduler", {"policy": policy, **extra}), *([real_time] if "priority" in extra else []),
           checks=[
        see(SCHEDULER, f"scheduler.{policy}", f"{policy} with {extra or 'nothing more'} is set", at("scheduler"),
            fields(policy=POLICIES[policy], **extra), since="1.1")])
inside(put("process.scheduler", {"policy": "SCHED_OTHER", "nice": 1, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}), checks=[
    see(SCHEDULER, "scheduler.flags", "SCHED_FLAG_RESET_ON_FORK is set", at("scheduler"), fields(flags=1, nice=1),
        since="1.1")])
inside(put("process.scheduler", {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 10000000,
                                 "period": 10000000, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}), checks=[
    see(SCHEDULER, "scheduler.SCHED_DEADLINE", "a deadline policy has its three times", at("scheduler"),
        fields(policy=6, runtime=1000000, deadline=10000000, period=10000000), since="1.1")])
for name, value in {"unknown-policy": {"policy": "SCHED_PLANET"}, "nice-out-of-range": {"policy": "SCHED_OTHER", "nice": 20},
                    "unknown-flag": {"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_PLANET"]},
                    "priority-with-other": {"policy": "SCHED_OTHER", "priority": 5},
                    "priority-out-of-range": {"policy": "SCHED_FIFO", "priority": 100}}.items():
    refused(SCHEDULER, f"scheduler.{name}", f"{name.replace('-', ' ')} is an error", put("process.scheduler", value),
            since="1.1")
for number, kind, priority in ((1, "RT", 3), (2, "BE", 7), (3, "IDLE", 0)):
    inside(put("process.ioPriority", {"class": f"IOPRIO_CLASS_{kind}", "priority": priority}), checks=[
        see(IO, f"ioprio.{kind}", f"the I/O class {kind} and its priority are set", at("ioprio"), [number, priority],
            since="1.1")])
refused(IO, "ioprio.unknown-class", "an unknown class is an error",
        put("process.ioPriority", {"class": "IOPRIO_CLASS_PLANET", "priority": 1}), since="1.1")
refused(IO, "ioprio.out-of-range", "a priority above 7 is an error",
        put("process.ioPriority", {"class": "IOPRIO_CLASS_BE", "priority": 8}), since="1.1")


@story(AFFINITY, "affinity.final", "a process that exec puts inside runs on execCPUAffinity.final", needs="two_cpus",
       since="1.2")
def _(t):
    c = t.held(put("process.execCPUAffinity", {"initial": "0", "final": "1"})).up()
    expect(c.ask(verb="report")["cpus"] == [1], "another set of processors")


@story(AFFINITY, "affinity.not-the-first", "execCPUAffinity does not change the container's first process",
       needs="two_cpus")
def _(t):
    c = t.held(put("process.execCPUAffinity", {"initial": "0", "final": "1"})).up()
    expect(len(c.answer()["cpus"]) == os.cpu_count(), f"processors {c.answer()['cpus']}")


refused(AFFINITY, "affinity.invalid", "a list that is not one is an error",
        put("process.execCPUAffinity", {"initial": "planet"}), since="1.2")

# ---- host name ----

inside(drop("hostname"), checks=[
    see("config.md#hostname", "hostname.unset", "without hostname a new namespace starts with the caller's name",
        at("hostname"), lambda v: v == os.uname().nodename)])
inside(put("domainname", "planet.example"), checks=[
    see("config.md#domainname", "domainname.set", "the domain name is what domainname says", at("domainname"),
        "planet.example", since="1.1")])
refused("config.md#hostname", "hostname.without-namespace",
        "a hostname without a UTS namespace of its own would rename the host: error",
        namespaces("pid", "network", "ipc", "mount"), mentions=("hostname", "uts"))
refused("config.md#domainname", "domainname.without-namespace",
        "a domainname without a UTS namespace of its own would rename the host: error", drop("hostname"),
        put("domainname", "x"), namespaces("pid", "network", "ipc", "mount"), since="1.1")
refused("config.md#hostname", "hostname.too-long", "a name that the kernel refuses is an error", put("hostname", "h" * 65))


@story(HABIT, "exit.status", "run ends with the status of the process")
def _(t):
    done = t.container(ask("exit=42")).run()
    expect(done.status == 42, str(done))


@story(HABIT, "exit.signal", "run ends with 128 + N when signal N killed the process")
def _(t):
    done = t.container(args("/bin/busybox", "sh", "-c", "kill -9 $$"),
                       lambda b: b.spec["linux"].update(namespaces=[n for n in b.spec["linux"]["namespaces"]
                                                                    if n["type"] != "pid"])).run()
    expect(done.status == 137, str(done))


@story(HABIT, "exit.not-found", "run of a program that is not there does not end with 0")
def _(t):
    must_fail(t.container(args("/nowhere")).run())
