"""The command line besides the life cycle: run, list, ps, events, spec, pid files, descriptors, notify socket."""

import json
import os
import socket
import subprocess
import time

from driver import expect, must, must_fail, read, wait_until
from states import created, running, stopped
from suite import args, ask, put, story, tell

HABIT, RIGHT = "command line", "done right"

# ---- help and version ----

for _words in (["--version"], ["-v"], ["--help"], ["-h"]):
    @story(HABIT, f"cli.{_words[0]}", f"{_words[0]} says something and ends with 0")
    def _(t, words=_words):
        done = subprocess.run([t.runtime.path, *words], capture_output=True, text=True, check=False)
        expect(done.returncode == 0 and done.stdout.strip(), f"status {done.returncode}: {done.stdout!r}")


@story(HABIT, "cli.version-lines", "--version: name and version first, then `spec: X.Y.Z`, as engines parse it")
def _(t):
    lines = subprocess.run([t.runtime.path, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()
    expect(" version " in lines[0], lines[0])
    expect(any(line.startswith("spec: ") for line in lines), f"{lines}")


@story(HABIT, "cli.unknown-command", "an unknown command is an error")
def _(t):
    done = subprocess.run([t.runtime.path, "planet"], capture_output=True, text=True, check=False)
    expect(done.returncode != 0, f"status {done.returncode}")


for _command in ("create", "start", "state", "kill", "delete", "run", "exec", "list", "ps", "pause", "resume", "update",
                 "events", "features", "spec", "checkpoint", "restore"):
    @story(HABIT, f"cli.has.{_command}", f"there is a command {_command}")
    def _(t, command=_command):
        expect(t.runtime.has(command), f"the runtime has no `{command}`")

for _command in ("state", "start", "delete", "list", "create"):
    @story(HABIT, f"cli.unknown-option.{_command}", f"{_command}: an unknown option is an error")
    def _(t, command=_command):
        must_fail(t.runtime(command, "--planet-option"))

# ---- run ----


@story(HABIT, "run.removes", "run removes the container when the process has ended")
def _(t):
    c = t.container()
    must(c.run())
    expect(c.status() is None, f"it is {c.status()}")


@story(HABIT, "run.keep", "run --keep leaves it, stopped")
def _(t):
    c = t.container()
    must(c.run("--keep"))
    expect(c.status() == "stopped", f"it is {c.status()}")


@story(HABIT, "run.detach", "run --detach returns while the process runs")
def _(t):
    c = t.held()
    must(c.run("--detach"))
    expect(c.status() == "running", c.status())
    c.answer()


@story(HABIT, "run.streams", "run passes standard input, output and error through")
def _(t):
    c = t.container(args("/bin/busybox", "sh", "-c", "cat; echo err >&2"))
    done = must(c.run(stdin="in\n"))
    expect(done.out == "in\n" and done.err == "err\n", f"{done.out!r} {done.err!r}")


@story(HABIT, "run.signals", "run passes signals on to the process")
def _(t):
    c = t.held()
    c.touched = True
    with open(c.out, "wb") as f:
        process = t.runtime.popen("run", "--bundle", c.bundle.path, c.id, stdout=f)
    c.answer()
    process.send_signal(10)
    expect(c.answer(1) == {"signal": 10}, f"{c.answer(1)}")
    process.terminate()
    expect(process.wait(5) == 0, f"status {process.returncode}")


@story(HABIT, "run.exists", "run with an id that is taken is an error")
def _(t):
    c = running(t)
    must_fail(c.run())
    expect(c.status() == "running", c.status())


# ---- pid files, descriptors, sockets ----


def pid_file(command):
    def body(t):
        c = t.held()
        path = f"{c.bundle.path}/pid"
        must(c.create("--pid-file", path) if command == "create" else c.run("--detach", "--pid-file", path))
        expect(read(path) == str(c.state()["pid"]), f"{read(path)!r}, the process is {c.state()['pid']}")
    return body


for _command in ("create", "run"):
    tell(HABIT, f"pid-file.{_command}", f"{_command} --pid-file: exactly the process's number", pid_file(_command))


@story(RIGHT, "pid-file.relative", "a relative --pid-file is meant from the caller's directory, not from the bundle")
def _(t):
    c = t.held()
    where = c.bundle.directory("caller")
    must(c.create("--pid-file", "relative.pid", cwd=where))
    expect(read(f"{where}/relative.pid").isdigit(), "no number there")


@story(RIGHT, "pid-file.impossible", "a pid file that cannot be written is an error, and no container is left")
def _(t):
    c = t.held()
    must_fail(c.create("--pid-file", "/nowhere/pid"))
    expect(c.status() is None, f"it is {c.status()}")


def with_descriptors(wanted, *flags, env=None, mutations=()):
    """run with three more descriptors open in the runtime; which of them arrive?"""
    def body(t):
        c = t.container(ask("fd=3", "fd=4", "fd=5"), *mutations)
        c.touched = True
        paths = [c.bundle.file(f"fd{n}", f"text {n}") for n in (3, 4, 5)]
        environment = {"PATH": os.environ.get("PATH", "/bin"), **(env or {})}
        done = must(c.run(*flags, descriptors=paths, activated=bool(env), env=environment))
        report = json.loads(done.out.splitlines()[0])
        found = {n for n in (3, 4, 5) if report[f"fd={n}"] == f"text {n}"}
        expect(found == wanted, f"{sorted(found)} arrived, wanted {sorted(wanted)}")
        expect(set(map(int, report["fds"])) == {0, 1, 2} | wanted, f"open: {report['fds']}")
    return body


tell(RIGHT, "descriptors.none", "without --preserve-fds none of the caller's descriptors arrives", with_descriptors(set()))
tell(HABIT, "descriptors.preserve-1", "--preserve-fds 1 passes descriptor 3", with_descriptors({3}, "--preserve-fds", "1"))
tell(HABIT, "descriptors.preserve-3", "--preserve-fds 3 passes 3, 4 and 5", with_descriptors({3, 4, 5}, "--preserve-fds", "3"))
tell(HABIT, "descriptors.listen", "LISTEN_FDS=2 passes 3 and 4", with_descriptors({3, 4}, env={"LISTEN_FDS": "2"}))
tell(HABIT, "descriptors.listen-and-preserve", "LISTEN_FDS=1 and --preserve-fds 1 pass 3 and 4",
     with_descriptors({3, 4}, "--preserve-fds", "1", env={"LISTEN_FDS": "1"}))


@story(HABIT, "descriptors.listen-env", "LISTEN_FDS, and LISTEN_PID=1, are in the process's environment")
def _(t):
    c = t.container()
    done = must(c.run(descriptors=[c.bundle.file("three", "x")], activated=True,
                      env={"PATH": "/bin:/usr/bin", "LISTEN_FDS": "1"}))
    env = json.loads(done.out)["env"]
    expect("LISTEN_FDS=1" in env and "LISTEN_PID=1" in env, f"{env}")


@story(RIGHT, "descriptors.preserve-not-open", "--preserve-fds with descriptors that are not open is an error")
def _(t):
    must_fail(t.container().run("--preserve-fds", "5"))


@story(HABIT, "notify.socket", "NOTIFY_SOCKET: what the process says reaches the caller's socket")
def _(t):
    path = f"{t.runtime.work}/notify.sock"
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(path)
    server.settimeout(5)
    t.later(lambda: (server.close(), os.unlink(path)))
    c = t.held(ask("notify=READY=1"))
    c.touched = True
    process = t.runtime.popen("run", "--bundle", c.bundle.path, c.id, stdout=open(c.out, "wb"),
                              env={"PATH": "/bin:/usr/bin", "NOTIFY_SOCKET": path})
    t.later(lambda: (process.kill(), process.wait()))
    got = ""
    while "READY=1" not in got:
        got += server.recv(4096).decode() + "\n"


@story(HABIT, "notify.start", "NOTIFY_SOCKET: start ends when the process is ready, and says so; nothing else is passed on")
def _(t):
    path = f"{t.runtime.work}/notify.sock"
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(path)
    server.settimeout(5)
    t.later(lambda: (server.close(), os.unlink(path)))
    env = {"PATH": "/bin:/usr/bin", "NOTIFY_SOCKET": path}
    c = t.held(ask("notify=STATUS=secret", "notify=READY=1"))
    must(c.create(env=env))
    must(t.runtime("start", c.id, env=env))
    got = ""
    while "MAINPID=" not in got:
        got += server.recv(4096).decode() + "\n"
    expect("READY=1" in got and "secret" not in got and f"MAINPID={c.state()['pid']}" in got, got)


@story(HABIT, "create.preserve-fds", "create passes them to a process that is started later")
def _(t):
    c = t.held(ask("fd=3"))
    must(c.create("--preserve-fds", "1", descriptors=[c.bundle.file("three", "text 3")]))
    must(c.start())
    expect(c.answer()["fd=3"] == "text 3", f"{c.answer()['fd=3']}")


for _flag in ("--no-pivot", "--no-new-keyring"):
    @story(HABIT, f"create.{_flag}", f"create {_flag} is accepted")
    def _(t, flag=_flag):
        c = t.held()
        must(c.create(flag))
        must(c.start())
        c.answer()


@story(HABIT, "create.no-pivot-root", "with --no-pivot the container sees its root, and nothing above")
def _(t):
    c = t.container(ask("list=/", "stat=/../../proc/1"))
    done = must(c.run("--no-pivot"))
    expect("probe" not in done.out.split('"list=/"')[0] or "bin" in json.loads(done.out)["list=/"], done.out[:200])


# ---- list, ps, events ----


@story(HABIT, "list.json", "list --format json: id, pid, status, bundle, rootfs, created, owner of each container")
def _(t):
    c, d = running(t), created(t)
    rows = {row["id"]: row for row in json.loads(must(t.runtime("list", "--format", "json")).out)}
    expect(rows[c.id]["status"] == "running" and rows[d.id]["status"] == "created", f"{rows}")
    expect(rows[c.id]["pid"] == c.state()["pid"] and rows[c.id]["bundle"] == c.bundle.path, f"{rows[c.id]}")
    for name in ("created", "owner", "rootfs"):
        expect(name in rows[c.id], f"no {name} in {rows[c.id]}")


@story(HABIT, "list.table", "list: a heading and a line for each container")
def _(t):
    c = running(t)
    out = must(t.runtime("list")).out.splitlines()
    expect(out[0].split()[:5] == ["ID", "PID", "STATUS", "BUNDLE", "CREATED"], out[0])
    expect(any(line.split()[0] == c.id and "running" in line for line in out[1:]), f"{out}")


@story(HABIT, "list.quiet", "list --quiet: only the ids")
def _(t):
    c = running(t)
    expect(c.id in must(t.runtime("list", "--quiet")).out.split("\n"), "not there")


@story(HABIT, "list.empty", "without containers list is no error")
def _(t):
    empty = f"{t.runtime.work}/empty-root"
    must(t.runtime("list", root=empty))
    done = must(t.runtime("list", "--format", "json", root=empty))
    expect(json.loads(done.out or "null") in (None, []), done.out)


@story(HABIT, "list.bad-format", "an unknown format is an error")
def _(t):
    must_fail(t.runtime("list", "--format", "planet"))


@story(HABIT, "list.stopped", "a stopped container is listed with pid 0")
def _(t):
    c = stopped(t)
    row = [r for r in json.loads(must(t.runtime("list", "--format", "json")).out) if r["id"] == c.id][0]
    expect(row["status"] == "stopped" and row["pid"] == 0, f"{row}")


@story(HABIT, "ps.json", "ps --format json: the numbers of all processes")
def _(t):
    c = running(t)
    must(c.exec("/bin/probe", "ask", "hold", flags=("--detach",)))
    pids = json.loads(must(t.runtime("ps", "--format", "json", c.id)).out)
    expect(c.state()["pid"] in pids and len(pids) == 2, f"{pids}")
    c.kill("KILL", "--all")


@story(HABIT, "ps.table", "ps: a table with a PID column and the container's processes alone")
def _(t):
    c = running(t)
    out = must(t.runtime("ps", c.id)).out.splitlines()
    expect("PID" in out[0], out[0])
    expect(len(out) == 2 and str(c.state()["pid"]) in out[1].split(), f"{out}")


@story(HABIT, "events.stats", "events --stats: one line of JSON with type, id and data")
def _(t):
    c = running(t)
    done = must(t.runtime("events", "--stats", c.id))
    event = json.loads(done.out)
    expect(event["type"] == "stats" and event["id"] == c.id, f"{event}")
    data = event["data"]
    expect(data["cpu"]["usage"]["total"] > 0, f"cpu {data.get('cpu')}")
    expect(data["memory"]["usage"]["usage"] > 0, f"memory {data.get('memory')}")
    expect(data["pids"]["current"] == 1, f"pids {data.get('pids')}")


@story(HABIT, "events.limits", "events --stats: the limits are there as numbers")
def _(t):
    c = t.held(put("linux.resources.memory", {"limit": 64 << 20}), put("linux.resources.pids", {"limit": 50})).up()
    data = json.loads(must(t.runtime("events", "--stats", c.id)).out)["data"]
    expect(data["memory"]["usage"]["limit"] == 64 << 20 and data["pids"]["limit"] == 50, f"{data['memory']['usage']}")


@story(HABIT, "events.interval", "events --interval 100ms: numbers again and again, until the container ends")
def _(t):
    c = running(t)
    path = f"{c.bundle.path}/events"
    with open(path, "wb") as f:
        process = t.runtime.popen("events", "--interval", "100ms", c.id, stdout=f)
    t.later(lambda: (process.kill(), process.wait()))
    wait_until(lambda: read(path).count("\n") >= 2, "two lines")
    must(c.kill())


@story(HABIT, "events.oom", "events tells of the kernel's OOM killer")
def _(t):
    c = t.held(put("linux.resources.memory", {"limit": 16 << 20, "swap": 16 << 20})).up()
    path = f"{c.bundle.path}/events"
    with open(path, "wb") as f:
        process = t.runtime.popen("events", "--interval", "10s", c.id, stdout=f)
    t.later(lambda: (process.kill(), process.wait()))
    time.sleep(0.3)
    c.ask("use=64")
    wait_until(lambda: '"oom"' in read(path), "an oom event")


# ---- spec ----


@story(HABIT, "spec.writes", "spec writes a config.json that runs")
def _(t):
    where = f"{t.runtime.work}/bundles/{t.runtime.next_id()}"
    os.mkdir(where)
    must(t.runtime("spec", cwd=where))
    spec = json.loads(read(f"{where}/config.json"))
    expect(spec["process"]["args"] == ["sh"] and spec["root"]["path"] == "rootfs", f"{spec['process']['args']}")
    def use(b):
        spec["process"].update(terminal=False, args=["/bin/probe", "report"])
        spec["linux"]["cgroupsPath"] = b.spec["linux"]["cgroupsPath"]
        spec["process"].pop("rlimits", None)
        b.spec = spec
    must(t.container(use).run())


@story(HABIT, "spec.bundle", "spec --bundle writes it there")
def _(t):
    where = f"{t.runtime.work}/bundles/{t.runtime.next_id()}"
    os.mkdir(where)
    must(t.runtime("spec", "--bundle", where))
    expect(os.path.exists(f"{where}/config.json"), "not there")


@story(HABIT, "spec.keeps", "spec does not overwrite a config.json")
def _(t):
    c = t.container()
    before = read(f"{c.bundle.path}/config.json")
    must_fail(t.runtime("spec", cwd=c.bundle.path))
    expect(read(f"{c.bundle.path}/config.json") == before, "it did")


@story(HABIT, "spec.rootless", "spec --rootless has a user namespace and maps the caller")
def _(t):
    where = f"{t.runtime.work}/bundles/{t.runtime.next_id()}"
    os.mkdir(where)
    must(t.runtime("spec", "--rootless", cwd=where))
    linux = json.loads(read(f"{where}/config.json"))["linux"]
    expect({"type": "user"} in linux["namespaces"] and linux["uidMappings"][0]["size"] == 1, f"{linux['namespaces']}")


@story(HABIT, "delete.force-absent", "delete --force of what is not there ends with 0, as runc's does")
def _(t):
    must(t.runtime("delete", "--force", t.runtime.next_id()))


@story(HABIT, "systemd-cgroup.refused", "--systemd-cgroup without systemd, or with a path that is no slice, is an error")
def _(t):
    c = t.container()
    done = c.create(before=("--systemd-cgroup",))
    must_fail(done)


@story(HABIT, "checkpoint.refused", "checkpoint where criu cannot work is an error and leaves the container running", needs="no_criu")
def _(t):
    c = running(t)
    must_fail(t.runtime("checkpoint", "--image-path", f"{c.bundle.path}/image", c.id))
    expect(c.status() == "running", c.status())


@story(RIGHT, "binary.not-writable", "the runtime's program cannot be written from inside")
def _(t):
    c = running(t)
    before = os.stat(t.runtime.path).st_mtime_ns
    c.exec("/bin/busybox", "sh", "-c", "for p in /proc/[0-9]*/exe /proc/self/exe; do : >>$p; done")
    expect(os.stat(t.runtime.path).st_mtime_ns == before, "it was written")


@story(RIGHT, "commands.root-made", "--root is made when it does not exist")
def _(t):
    c = t.held()
    root = f"{t.runtime.work}/made/deep/root"
    must(t.runtime("create", "--bundle", c.bundle.path, c.id, root=root, out=c.out))
    must(t.runtime("delete", "--force", c.id, root=root))


@story(RIGHT, "commands.parallel", "twenty containers at once")
def _(t):
    held = [t.held() for _ in range(20)]
    processes = []
    for c in held:
        c.touched = True
        processes.append(t.runtime.popen("run", "--detach", "--bundle", c.bundle.path, c.id, stdout=open(c.out, "wb"),
                                         stderr=open(f"{c.out}.err", "wb")))
    statuses = [p.wait(30) for p in processes]
    expect(statuses == [0] * 20, f"{statuses} {read(held[0].out + '.err')[:200]}")
    for c in held:
        expect(c.status() == "running", f"{c.status()}")


@story(RIGHT, "commands.same-id-at-once", "of two creates of one id at once exactly one succeeds")
def _(t):
    for _ in range(3):
        c = t.held()
        c.touched = True
        processes = [t.runtime.popen("create", "--bundle", c.bundle.path, c.id, stdout=open(c.out, "wb"),
                                     stderr=open(f"{c.out}.err", "wb")) for _ in range(2)]
        statuses = [p.wait(10) for p in processes]
        expect(sorted(s == 0 for s in statuses) == [False, True], f"{statuses}")
        must(c.delete("--force"))
