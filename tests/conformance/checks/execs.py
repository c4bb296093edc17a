"""exec: a further process in a container that runs, with runc's flags."""

import json
import os
import time
from subprocess import DEVNULL

from driver import expect, must, must_fail, read, wait_until
from states import created, running
from suite import namespaces, put, story, tell

HABIT, RIGHT = "command line", "done right"


def asked(*flags, find, mutations=(), why=None, questions=(), **options):
    """exec with flags into a held container; `find` looks at the report of the process inside."""
    def body(t):
        c = t.held(*mutations).up()
        first = c.answer()
        report = c.ask(*questions, flags=flags, verb="report", **options)
        found = find(report, first)
        expect(found is True, f"found {found}")
    return body


def same(report, wanted):
    return True if report == wanted else report


def contains(words, *wanted):
    return True if set(wanted) <= set(words) else words


CAPS = put("process.capabilities", {k: ["CAP_KILL"] for k in ("bounding", "effective", "permitted")})
TABLE = [
    ("namespaces", "joins all namespaces of the container", [], lambda r, f: same(r["ns"], f["ns"]), ()),
    ("root", "has the container's root", [], lambda r, f: same(r["exe"], "/bin/probe"), ()),
    ("in-cgroup", "is in the container's group", [], lambda r, f: same(r["cgroup"], f["cgroup"]), ()),
    ("cwd-default", "starts in the cwd of config.json", [], lambda r, f: same(r["cwd"], "/data"),
     (put("process.cwd", "/data"),)),
    ("cwd", "--cwd is the working directory", ["--cwd", "/tmp"], lambda r, f: same(r["cwd"], "/tmp"), ()),
    ("env-default", "has the environment of config.json", [], lambda r, f: contains(r["env"], "HELLO=planet"), ()),
    ("env", "--env adds a variable", ["--env", "A=1"], lambda r, f: contains(r["env"], "A=1", "HELLO=planet"), ()),
    ("env-short", "-e twice adds two", ["-e", "A=1", "-e", "B=2"], lambda r, f: contains(r["env"], "A=1", "B=2"), ()),
    ("env-override", "--env replaces one of config.json", ["--env", "HELLO=you"],
     lambda r, f: same([e for e in r["env"] if e.startswith("HELLO=")][-1], "HELLO=you"), ()),
    ("user-default", "has the user of config.json", [], lambda r, f: same(r["uids"], [1000] * 4),
     (put("process.user", {"uid": 1000, "gid": 1000}),)),
    ("user", "--user UID sets the user", ["--user", "1001"], lambda r, f: same(r["uids"], [1001] * 4), ()),
    ("user-group", "--user UID:GID sets both", ["--user", "1001:1002"],
     lambda r, f: same([r["uids"][0], r["gids"][0]], [1001, 1002]), ()),
    ("groups", "--additional-gids adds groups", ["--user", "1001:1002", "--additional-gids", "7", "--additional-gids", "8"],
     lambda r, f: contains(r["groups"], 7, 8), ()),
    ("caps-default", "has the bounding set of config.json", [], lambda r, f: same(r["caps"]["bounding"], [5]), (CAPS,)),
    ("caps", "--cap adds a capability", ["--cap", "CAP_NET_RAW"], lambda r, f: contains(r["caps"]["effective"], 5, 13), (CAPS,)),
    ("nnp", "--no-new-privs sets it", ["--no-new-privs"], lambda r, f: same(r["no_new_privs"], 1), ()),
    ("nnp-default", "no_new_privs of config.json holds", [], lambda r, f: same(r["no_new_privs"], 1),
     (put("process.noNewPrivileges", True),)),
    ("limits", "limits of config.json hold", [], lambda r, f: same(r["rlimits"]["NOFILE"], [100, 200]),
     (put("process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]),)),
    ("oom", "the oom score of config.json holds", [], lambda r, f: same(r["oom_score_adj"], "77\n"),
     (put("process.oomScoreAdj", 77),)),
    ("descriptors", "has no descriptors but its three", [], lambda r, f: same(sorted(r["fds"]), ["0", "1", "2"]), ()),
    ("users", "enters a user namespace as its root", [], lambda r, f: same([r["uids"][0], r["ns"]], [0, f["ns"]]),
     (namespaces("pid", "network", "ipc", "uts", "mount", "user"),
      put("linux.uidMappings", [{"containerID": 0, "hostID": 100000, "size": 65536}]),
      put("linux.gidMappings", [{"containerID": 0, "hostID": 100000, "size": 65536}]))),
    ("cgroup-namespace", "enters the cgroup namespace", [], lambda r, f: same(r["ns"]["cgroup"], f["ns"]["cgroup"]),
     (namespaces("pid", "network", "ipc", "uts", "mount", "cgroup"),)),
    ("no-terminal", "has no terminal without --tty", [], lambda r, f: same(r["terminal"]["tty0"], 0), ()),
    ("no-death-signal", "no parent-death signal is left set", [], lambda r, f: same(r["pdeathsig"], 0), ()),
    ("no-blocked-signals", "no signal is blocked or ignored", [], lambda r, f: same(r["blocked"] + r["ignored"], []), ()),
    ("personality", "the personality of config.json holds", [], lambda r, f: same(r["personality"], f["personality"]),
     (put("linux.personality", {"domain": "LINUX"}),)),
]
for _name, _sentence, _flags, _find, _mutations in TABLE:
    tell(HABIT, f"exec.{_name}", f"exec: {_sentence}", asked(*_flags, find=_find, mutations=_mutations))

# ---- the status ----

for _name, _words, _want in [("zero", ("/bin/true",), 0), ("own", ("/bin/probe", "ask", "exit=42"), 42),
                             ("signal", ("/bin/busybox", "sh", "-c", "kill -9 $$"), 137)]:
    @story(HABIT, f"exec.status.{_name}", f"exec ends with {_want}: the process's own status")
    def _(t, words=_words, want=_want):
        c = running(t)
        os.symlink("busybox", f"{c.bundle.root}/bin/true")
        done = c.exec(*words)
        expect(done.status == want, f"{done}")

for _name, _words, _flags in [("not-there", ("/nowhere",), ()), ("bad-cwd", ("/bin/probe",), ("--cwd", "/bin/probe")),
                              ("bad-user", ("/bin/probe",), ("--user", "planet"))]:
    @story(RIGHT, f"exec.status.{_name}", f"exec ends with 255 on an error that is not the process's ({_name})")
    def _(t, words=_words, flags=_flags):
        done = running(t).exec(*words, flags=flags)
        expect(done.status in (255, 127, 126) if words == ("/nowhere",) else done.status == 255, f"{done}")
        expect(done.err.strip(), "without a word")

for _name, _user, _allowed in [("negative", "-1", None), ("empty-group", "1:", 1), ("words", "1 2", None), ("hex", "0x1", None),
                               ("too-large", "4294967296", None), ("exponent", "1e1", None), ("plus", "+1", 1)]:
    @story(RIGHT, f"exec.user.{_name}", f"--user {_user!r} is refused, not taken for another user")
    def _(t, user=_user, allowed=_allowed):
        done = running(t).exec("/bin/probe", "report", flags=("--user", user))
        if done.ok:
            expect(json.loads(done.out)["uids"][0] == allowed, f"it ran as {json.loads(done.out)['uids'][0]}")


@story(HABIT, "exec.no-command", "exec without a program is an error")
def _(t):
    must_fail(t.runtime("exec", running(t).id))


@story(HABIT, "exec.streams", "exec passes standard input, output and error through")
def _(t):
    c = running(t)
    done = must(c.exec("/bin/busybox", "sh", "-c", "cat; echo err >&2", stdin="in\n"))
    expect(done.out == "in\n" and done.err == "err\n", f"{done.out!r} {done.err!r}")


@story(HABIT, "exec.dash-dash", "options after the program are the program's")
def _(t):
    done = must(running(t).exec("/bin/probe", "report", "--cwd", "-e"))
    expect(json.loads(done.out)["args"][2:] == ["--cwd", "-e"], done.out)


@story(HABIT, "exec.process-file", "--process FILE is the whole process")
def _(t):
    c = running(t)
    path = c.bundle.file("process.json", json.dumps({
        "args": ["/bin/probe", "report"], "cwd": "/tmp", "env": ["ONLY=1"], "user": {"uid": 5, "gid": 6, "additionalGids": [7]},
        "capabilities": {k: ["CAP_CHOWN"] for k in ("bounding", "effective", "permitted")}, "noNewPrivileges": True,
        "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}]}))
    report = json.loads(must(c.runtime("exec", "--process", path, c.id)).out)
    expect(report["cwd"] == "/tmp" and report["uids"] == [5] * 4 and report["gids"] == [6] * 4, "directory or user")
    expect("ONLY=1" in report["env"] and "HELLO=planet" not in report["env"], f"environment {report['env']}")
    expect(report["no_new_privs"] == 1 and report["rlimits"]["NOFILE"] == [50, 60],
           f"no_new_privs {report['no_new_privs']}, limits {report['rlimits']['NOFILE']}")
    expect(report["caps"]["bounding"] == [0] and 7 in report["groups"], "capabilities or groups")


for _name, _text in {"not-json": "{planet", "no-args": '{"cwd": "/", "user": {"uid": 0, "gid": 0}}',
                     "relative-cwd": '{"args": ["/bin/probe"], "cwd": "tmp", "user": {"uid": 0, "gid": 0}}'}.items():
    @story(HABIT, f"exec.process-file.{_name}", f"--process FILE with {_name.replace('-', ' ')} is an error")
    def _(t, text=_text):
        c = running(t)
        must_fail(c.runtime("exec", "--process", c.bundle.file("process.json", text), c.id))


@story(HABIT, "exec.detach", "--detach returns while the process runs; --pid-file has its number")
def _(t):
    c = running(t)
    path = f"{c.bundle.path}/exec.pid"
    must(c.exec("/bin/probe", "ask", "hold", flags=("--detach", "--pid-file", path)))
    pid = int(read(path))
    expect("probe" in read(f"/proc/{pid}/cmdline"), f"process {pid} is {read(f'/proc/{pid}/cmdline')!r}")
    expect(os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink(f"/proc/{c.state()['pid']}/ns/mnt"), "not inside")
    os.kill(pid, 9)


@story(RIGHT, "exec.pid-file-relative", "a relative --pid-file is meant from the caller's directory")
def _(t):
    c = running(t)
    must(c.exec("/bin/busybox", "echo", flags=("--pid-file", "relative.pid"), cwd=c.bundle.path))
    expect(read(f"{c.bundle.path}/relative.pid").strip().isdigit(), "no number there")


@story(HABIT, "exec.preserve-fds", "--preserve-fds N passes descriptors 3 to 2+N")
def _(t):
    c = running(t)
    report = c.ask("fd=3", flags=("--preserve-fds", "1"), descriptors=[c.bundle.file("three", "text of three")])
    expect(report["fd=3"] == "text of three", f"{report['fd=3']}")


@story(HABIT, "exec.created", "exec works in a container that was created and not started")
def _(t):
    expect(created(t).ask(verb="report")["hostname"] == "conformance", "elsewhere")


@story(HABIT, "exec.cgroup", "--cgroup puts the process in a group below the container's")
def _(t):
    c = running(t)
    path = c.bundle.spec["linux"]["cgroupsPath"]
    for place in [f"/sys/fs/cgroup{path}"] + [f"/sys/fs/cgroup/{n}{path}" for n in os.listdir("/sys/fs/cgroup")]:
        if os.path.exists(f"{place}/cgroup.procs"):
            os.mkdir(f"{place}/inner")
        for name in ("cpuset.cpus", "cpuset.mems"):  # v1 takes no process before these are set
            if os.path.exists(f"{place}/inner/{name}"):
                with open(f"{place}/inner/{name}", "w", encoding="ascii") as f:
                    f.write(read(f"{place}/{name}"))
    report = c.ask(flags=("--cgroup", "inner"), verb="report")
    expect(f"{path}/inner" in report["cgroup"], report["cgroup"])


@story(RIGHT, "exec.cgroup-missing", "--cgroup of a group that is not there is an error")
def _(t):
    must_fail(running(t).exec("/bin/probe", "ask", flags=("--cgroup", "nowhere")))


@story(RIGHT, "exec.many", "twenty processes at once are put inside")
def _(t):
    c = running(t)
    processes = [t.runtime.popen("exec", c.id, "/bin/probe", "ask", stdout=DEVNULL, stderr=DEVNULL) for _ in range(20)]
    statuses = [p.wait(20) for p in processes]
    expect(statuses == [0] * 20, f"{statuses}")


@story(RIGHT, "exec.ends-with-the-container", "exec returns when the container is killed")
def _(t):
    c = running(t)
    process = t.runtime.popen("exec", c.id, "/bin/busybox", "sleep", "1000", stdout=DEVNULL, stderr=DEVNULL)
    wait_until(lambda: "sleep" in str([read(f"/proc/{p}/cmdline") for p in os.listdir("/proc") if p.isdigit()]), "sleep")
    must(c.kill())
    begin = time.monotonic()
    status = process.wait(5)
    expect(status != 0, f"status {status} after {time.monotonic() - begin:.1f} s")


@story(RIGHT, "exec.signal-is-passed-on", "SIGTERM to exec is passed on to the process inside")
def _(t):
    c = running(t)
    log = f"{c.bundle.path}/exec.out"
    with open(log, "wb") as f:
        process = t.runtime.popen("exec", c.id, "/bin/probe", "ask", "hold", stdout=f)
    wait_until(lambda: read(log), "the process inside")
    process.terminate()
    expect(process.wait(5) == 0, f"status {process.returncode}")
