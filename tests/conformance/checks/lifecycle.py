"""The life of a container: every operation in every state, ids, and what create and delete promise."""

import json
import os

from driver import expect, must, must_fail, read, wait_until
from states import STATES, created, paused, running, stopped
from suite import args, drop, mount, put, story, tell

CREATE, START, KILL, DELETE, STATE = (f"runtime.md#{n}" for n in ("create", "start", "kill", "delete", "query-state"))
HABIT = "command line"


# ---- every operation in every state ----

def update_file(c):
    return c.bundle.file("update.json", json.dumps({"pids": {"limit": 77}}))


OPERATIONS = {
    "state": lambda c: c.command("state"),
    "create": lambda c: c.create(),
    "start": lambda c: c.start(),
    "kill": lambda c: c.kill("USR1"),
    "kill-all": lambda c: c.kill("USR1", "--all"),
    "delete": lambda c: c.delete(),
    "delete-force": lambda c: c.delete("--force"),
    "exec": lambda c: c.exec("/bin/probe", "ask", patience=5),
    "pause": lambda c: c.command("pause"),
    "resume": lambda c: c.command("resume"),
    "update": lambda c: c.command("update", "--resources", update_file(c)),
    "ps": lambda c: c.command("ps"),
    "events": lambda c: c.command("events", "--stats"),
}

# operation -> (section, state -> (allowed?, the status afterwards, why))
TABLE = {
    "state": (STATE, {
        "absent": (False, None, "is an error"), "created": (True, "created", "tells"),
        "running": (True, "running", "tells"), "paused": (True, "paused", "tells"),
        "stopped": (True, "stopped", "tells")}),
    "create": (CREATE, {
        "absent": (True, "created", "makes it, status created"), "created": (False, "created", "the id is taken: error"),
        "running": (False, "running", "the id is taken: error"), "paused": (False, "paused", "the id is taken: error"),
        "stopped": (False, "stopped", "the id is taken until delete: error")}),
    "start": (START, {
        "absent": (False, None, "is an error"), "created": (True, "running", "runs the program, status running"),
        "running": (False, "running", "is an error without effect"),
        "paused": (False, "paused", "is an error without effect"),
        "stopped": (False, "stopped", "is an error without effect")}),
    "kill": (KILL, {
        "absent": (False, None, "is an error"), "created": (True, None, "sends the signal"),
        "running": (True, "running", "sends the signal"), "paused": (True, "paused", "sends the signal"),
        "stopped": (False, "stopped", "is an error without effect")}),
    "delete": (DELETE, {
        "absent": (False, None, "is an error"), "created": (False, "created", "is an error: only a stopped container"),
        "running": (False, "running", "is an error: only a stopped container"),
        "paused": (False, "paused", "is an error: only a stopped container"),
        "stopped": (True, None, "removes it")}),
    "delete-force": (HABIT, {
        "absent": (True, None, "is no error: it is gone already"), "created": (True, None, "kills and removes it"),
        "running": (True, None, "kills and removes it"), "paused": (True, None, "kills and removes it"),
        "stopped": (True, None, "removes it")}),
    "exec": (HABIT, {
        "absent": (False, None, "is an error"), "created": (True, "created", "runs beside the waiting process"),
        "running": (True, "running", "runs"), "paused": (False, "paused", "is refused, it would hang"),
        "stopped": (False, "stopped", "is an error")}),
    "pause": (HABIT, {
        "absent": (False, None, "is an error"), "running": (True, "paused", "freezes it"),
        "paused": (False, "paused", "is an error: it is paused"), "stopped": (False, "stopped", "is an error")}),
    "resume": (HABIT, {
        "absent": (False, None, "is an error"), "created": (False, "created", "is an error: nothing is paused"),
        "running": (False, "running", "is an error: nothing is paused"), "paused": (True, "running", "goes on"),
        "stopped": (False, "stopped", "is an error")}),
    "update": (HABIT, {
        "absent": (False, None, "is an error"), "created": (True, "created", "changes the limits"),
        "running": (True, "running", "changes the limits"), "paused": (True, "paused", "changes the limits"),
        "stopped": (False, "stopped", "is an error: no group is left to change")}),
    "ps": (HABIT, {
        "absent": (False, None, "is an error"), "created": (True, "created", "lists its process"),
        "running": (True, "running", "lists its processes"), "paused": (True, "paused", "lists its processes")}),
    "events": (HABIT, {
        "absent": (False, None, "is an error"), "created": (True, "created", "gives the numbers once"),
        "running": (True, "running", "gives the numbers once"), "paused": (True, "paused", "gives the numbers once"),
        "stopped": (False, "stopped", "is an error")}),
}


def transition(operation, state, allowed, afterwards):
    def body(t):
        c = STATES[state](t)
        before = c.state()["pid"] if state in ("created", "running", "paused") else None
        done = OPERATIONS[operation](c)
        if not allowed:
            must_fail(done)
        else:
            must(done)
        if (operation, state) == ("kill", "created"):
            return  # USR1 ends a process that has no handler yet, or does not: both are right
        found = c.status()
        expect(found == afterwards, f"status is {found} afterwards, wanted {afterwards}")
        if not allowed and before:
            expect(c.state()["pid"] == before, "it is another process now")
    return body


NEEDS = {"paused": "freezer"}
for _operation, (_section, _row) in TABLE.items():
    for _state, (_allowed, _after, _why) in _row.items():
        tell(_section, f"life.{_operation}.{_state}", f"{_operation} of a container that is {_state} {_why}",
             transition(_operation, _state, _allowed, _after),
             needs=NEEDS.get(_state, "freezer" if _operation in ("pause", "resume") else ()))


# ---- what the operations promise ----

@story(CREATE, "create.runs-nothing", "create makes the environment but does not run the program")
def _(t):
    c = created(t)
    expect(c.ask("read=/proc/1/cmdline") is not None, "no process")
    expect(read(c.out) == "", "the program wrote something before start")


@story("runtime.md#lifecycle", "create.config-is-copied", "a config.json that changes after create has no effect")
def _(t):
    c = t.held()
    must(c.create())
    c.bundle.spec["process"]["args"] = ["/bin/false"]
    c.bundle.save()
    must(c.start())
    expect(c.answer()["hostname"] == "conformance", "another program was run")


@story("runtime.md#lifecycle", "create.config-may-vanish", "after create the bundle's config.json is not needed")
def _(t):
    c = t.held()
    must(c.create())
    os.unlink(f"{c.bundle.path}/config.json")
    must(c.start())
    c.answer()
    must(c.kill())
    c.wait_status("stopped")
    must(c.delete())


@story(CREATE, "create.without-process", "process may be left out on create; the container is created")
def _(t):
    c = t.container(drop("process"))
    must(c.create())
    expect(c.status() == "created", f"status {c.status()}")


@story("config.md#process", "start.without-process", "without process, start is an error")
def _(t):
    c = t.container(drop("process"))
    must(c.create())
    must_fail(c.start())


@story("runtime.md#errors", "create.failure-leaves-nothing", "a create that fails leaves the id free and no process")
def _(t):
    c = t.container(put("process.args", ["/nowhere"]), mount("/data", "bind", "/nowhere", ["bind"]))
    must_fail(c.create())
    expect(c.status() is None, f"the container exists: {c.status()}")
    other = t.held()
    other.id = c.id
    must(other.create())


@story(CREATE, "create.needs-a-bundle", "create without a usable bundle is an error")
def _(t):
    must_fail(t.runtime("create", "--bundle", f"{t.runtime.work}/nowhere", t.runtime.next_id()))


@story(CREATE, "create.bundle-defaults-to-here", "without --bundle, the current directory is the bundle")
def _(t):
    c = t.held()
    c.touched = True
    must(t.runtime("create", c.id, cwd=c.bundle.path, out=c.out))
    expect(c.state()["bundle"] == c.bundle.path, f"bundle {c.state()['bundle']}")


@story(CREATE, "create.relative-bundle", "a relative --bundle is meant from the caller's directory")
def _(t):
    c = t.held()
    c.touched = True
    must(t.runtime("create", "--bundle", os.path.basename(c.bundle.path), c.id, out=c.out,
                   cwd=os.path.dirname(c.bundle.path)))
    must(c.start())
    c.answer()


for _command in ("create", "start", "state", "kill", "delete", "exec", "pause", "resume", "update", "ps", "events", "run"):
    tell("runtime.md#operations", f"needs-id.{_command}", f"{_command} without a container id is an error",
         lambda t, command=_command: must_fail(t.runtime(command)))


@story(START, "start.runs-the-program", "start runs the program of process.args")
def _(t):
    c = running(t)
    expect(c.answer()["args"][:2] == ["/bin/probe", "report"], "another program")


@story(START, "start.returns-when-it-runs", "when start has returned, the program runs or has ended")
def _(t):
    c = t.held()
    must(c.create())
    must(c.start())
    pid = c.state()["pid"]
    expect("probe" in read(f"/proc/{pid}/cmdline"), f"process {pid} is {read(f'/proc/{pid}/cmdline')!r}")


for _name in ("TERM", "SIGTERM", "15"):
    @story(KILL, f"kill.by-name.{_name}", f"kill knows the signal as {_name}")
    def _(t, name=_name):
        c = running(t)
        must(c.kill(name))
        c.wait_status("stopped")

for _name, _number in (("HUP", 1), ("INT", 2), ("QUIT", 3), ("USR1", 10), ("USR2", 12), ("WINCH", 28), ("CONT", 18)):
    @story(KILL, f"kill.sends.{_name}", f"kill sends SIG{_name} to the container's process")
    def _(t, name=_name, number=_number):
        c = running(t)
        must(c.kill(name))
        expect(c.answer(1) == {"signal": number}, f"the process got {c.answer(1)}")


@story(HABIT, "kill.default-is-term", "kill without a signal sends SIGTERM")
def _(t):
    c = running(t)
    must(c.command("kill"))
    c.wait_status("stopped")


@story(KILL, "kill.unknown-signal", "a signal that does not exist is an error")
def _(t):
    c = running(t)
    must_fail(c.kill("SIGPLANET"))
    expect(c.status() == "running", f"status {c.status()}")


@story(KILL, "kill.signal-number-out-of-range", "a signal number that does not exist is an error")
def _(t):
    c = running(t)
    must_fail(c.kill("4711"))
    expect(c.status() == "running", f"status {c.status()}")


@story(KILL, "kill.created", "KILL ends a created container; its status is stopped")
def _(t):
    c = created(t)
    must(c.kill())
    c.wait_status("stopped")
    must(c.delete())


@story("done right", "kill.paused", "KILL of a paused container ends it, at the latest when it resumes", needs="freezer")
def _(t):
    c = paused(t)
    must(c.kill())
    if c.status() == "paused":
        must(c.command("resume"))
    c.wait_status("stopped")


@story(HABIT, "kill.all", "kill --all reaches every process of the container")
def _(t):
    c = t.container(args("/bin/busybox", "sh", "-c", "sleep 1000 & exec /bin/probe ask hold")).up()
    c.answer()
    must(c.kill("KILL", "--all"))
    c.wait_status("stopped")
    wait_until(lambda: not (c.cgroup("pids", "cgroup.procs") or ""), "every process is gone")


@story("runtime.md#kill", "stopped.when-it-ends", "when the process ends by itself, the status is stopped")
def _(t):
    expect(stopped(t).status() == "stopped", "not stopped")


@story(DELETE, "delete.removes-the-cgroup", "delete removes the control groups that create made")
def _(t):
    c = stopped(t)
    must(c.delete())
    expect(c.cgroup("pids", "cgroup.procs") is None and c.cgroup("memory", "cgroup.procs") is None, "a group is left")


@story("done right", "delete.removes-sub-cgroups", "delete removes groups that were made below the container's")
def _(t):
    c = running(t)
    base = f"/sys/fs/cgroup/pids{c.bundle.spec['linux']['cgroupsPath']}"
    place = base if os.path.isdir(base) else f"/sys/fs/cgroup{c.bundle.spec['linux']['cgroupsPath']}"
    os.makedirs(f"{place}/inner/most")
    must(c.kill())
    c.wait_status("stopped")
    must(c.delete())
    expect(not os.path.exists(place), f"{place} is left")


@story(DELETE, "delete.keeps-what-it-did-not-make", "delete leaves the bundle and its files alone")
def _(t):
    c = stopped(t)
    must(c.delete())
    expect(os.path.exists(f"{c.bundle.root}/bin/probe") and os.path.exists(f"{c.bundle.path}/config.json"), "removed")


@story(DELETE, "delete.frees-the-id", "the id of a deleted container can be used again")
def _(t):
    c = stopped(t)
    must(c.delete())
    must(c.create())
    must(c.start())
    c.wait_status("stopped")


@story("done right", "delete.kills-what-is-left", "processes that outlive the first process are gone after delete --force")
def _(t):
    c = t.container(lambda b: b.spec["linux"].update(namespaces=[n for n in b.spec["linux"]["namespaces"]
                                                                 if n["type"] != "pid"]),
                    args("/bin/busybox", "sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!")).up()
    wait_until(lambda: read(c.out).strip(), "the process number")
    pid = int(read(c.out))
    must(c.delete("--force"))
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the process is gone")


@story("runtime.md#scope-of-a-container", "scope.another-directory", "other working directories see the same container")
def _(t):
    c = created(t)
    done = must(t.runtime("state", c.id, cwd="/"))
    expect(json.loads(done.out)["id"] == c.id, done.out)


@story(HABIT, "root.separates", "another --root does not see the container")
def _(t):
    c = created(t)
    must_fail(t.runtime("state", c.id, root=f"{t.runtime.work}/elsewhere"))


# ---- ids ----

# A path as an id would reach outside of the state directory; the other rules are runc's.
BAD_IDS = {
    CREATE: {"empty": "", "dot": ".", "dotdot": "..", "slash": "a/b", "absolute": "/a", "escape": "../a",
             "long": "a" * 4096},
    HABIT: {"space": "a b", "newline": "a\nb", "dollar": "$a", "star": "a*", "colon": "a:b", "utf8": "plan\u00e9t"},
}


def bad_id(identity):
    def body(t):
        c = t.container()
        before = set(os.listdir(t.runtime.work))
        done = t.runtime("create", "--bundle", c.bundle.path, identity, out=c.out)
        if done.ok:
            t.runtime("delete", "--force", identity)
        must_fail(done)
        expect(set(os.listdir(t.runtime.work)) == before, "something was made outside of the state directory")
    return body


for _section, _ids in BAD_IDS.items():
    for _name, _id in _ids.items():
        tell(_section, f"id.bad.{_name}", f"an id that is not valid ({_name}) is an error and makes nothing", bad_id(_id))

for _name, _tail in {"dot": ".a", "dash": "-a", "underscore": "_a", "plus": "+a", "capital": "ABC", "digits": "007"}.items():
    @story(HABIT, f"id.good.{_name}", f"an id with {_name} is accepted")
    def _(t, tail=_tail):
        c = t.container(identity=t.runtime.next_id() + tail)
        must(c.create())
        expect(c.state()["id"] == c.id, c.state()["id"])
