"""--log and --log-format: what containerd and podman read when something failed; and errors as people see them."""

import json
import os

from driver import expect, must, must_fail, read
from suite import args, mount, put, story, tell

HABIT, RIGHT = "command line", "done right"


def logged(t, *before, mutations=(), words=("create",)):
    """A command that fails, with a log file; gives (done, the log)."""
    path = f"{t.runtime.work}/log"
    if os.path.exists(path):
        os.unlink(path)
    c = t.container(*(mutations or [args("/nowhere/planet-program")]))
    done = must_fail(c.create(before=("--log", path, *before)))
    return done, read(path)


def entries(text):
    return [json.loads(line) for line in text.splitlines()]


@story(HABIT, "log.json.lines", "--log-format json: each line of the log is one JSON object")
def _(t):
    _, log = logged(t, "--log-format", "json")
    expect(entries(log), "the log is empty")


@story(HABIT, "log.json.level", "the error has level error, as containerd looks for")
def _(t):
    _, log = logged(t, "--log-format", "json")
    expect([e for e in entries(log) if e.get("level") == "error"], log)


@story(HABIT, "log.json.message", "its msg says what failed")
def _(t):
    _, log = logged(t, "--log-format", "json")
    messages = [e["msg"] for e in entries(log) if e.get("level") == "error"]
    expect(any("/nowhere/planet-program" in m for m in messages), f"{messages}")


@story(HABIT, "log.json.not-found", "a missing program says `no such file or directory`, as podman looks for")
def _(t):
    _, log = logged(t, "--log-format", "json")
    expect("no such file or directory" in log.lower() or "not found" in log.lower(), log)


@story(HABIT, "log.json.permission", "a program that may not be executed says `permission denied`")
def _(t):
    _, log = logged(t, "--log-format", "json", mutations=[args("/data")])
    expect("permission denied" in log.lower() or "is a directory" in log.lower(), log)


@story(HABIT, "log.json.time", "its time is RFC 3339")
def _(t):
    import re
    _, log = logged(t, "--log-format", "json")
    for entry in entries(log):
        expect(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$", entry.get("time", "")), f"{entry}")


@story(HABIT, "log.text", "--log-format text: the log is text that says what failed")
def _(t):
    _, log = logged(t, "--log-format", "text")
    expect("/nowhere/planet-program" in log, log)


@story(HABIT, "log.default-text", "without --log-format the log is text")
def _(t):
    _, log = logged(t)
    expect(log.strip() and not log.startswith("{"), log)


@story(HABIT, "log.stderr-too", "the error is on standard error too")
def _(t):
    done, _ = logged(t)
    expect("/nowhere/planet-program" in done.err, f"{done}")


@story(HABIT, "log.appends", "the log is appended to")
def _(t):
    path = f"{t.runtime.work}/log-kept"
    with open(path, "w", encoding="ascii") as f:
        f.write("before\n")
    must_fail(t.container(args("/nowhere")).create(before=("--log", path)))
    expect(read(path).startswith("before\n") and len(read(path)) > 10, read(path))


@story(HABIT, "log.bad-format", "an unknown --log-format is an error")
def _(t):
    must_fail(t.container().create(before=("--log-format", "planet")))


@story(RIGHT, "log.impossible", "a log file that cannot be written is an error, or the run goes on; it is no crash")
def _(t):
    done = t.container().create(before=("--log", "/nowhere/log"))
    expect(done.status is not None and done.status >= 0, f"{done}")


@story(HABIT, "log.debug", "--debug logs more")
def _(t):
    quiet, loud = (f"{t.runtime.work}/log-{n}" for n in ("quiet", "loud"))
    must(t.container().run(before=("--log", quiet)))
    must(t.container().run(before=("--debug", "--log", loud)))
    expect(len(read(loud)) > len(read(quiet)), "not more")


@story(HABIT, "log.quiet", "what succeeds logs nothing at level error")
def _(t):
    path = f"{t.runtime.work}/log-success"
    must(t.container().run(before=("--log", path, "--log-format", "json")))
    expect(not [e for e in entries(read(path)) if e.get("level") == "error"], read(path))


@story(HABIT, "log.exec", "an exec that fails is logged too")
def _(t):
    path = f"{t.runtime.work}/log-exec"
    c = t.held().up()
    must_fail(t.runtime("exec", c.id, "/nowhere/planet-program", before=("--log", path, "--log-format", "json")))
    expect([e for e in entries(read(path)) if e.get("level") == "error"], read(path))


@story(HABIT, "log.state-of-absent", "state of what is not there says `does not exist`, as engines look for")
def _(t):
    done = must_fail(t.runtime("state", t.runtime.next_id()))
    expect("does not exist" in done.err.lower() or "not exist" in done.err.lower(), f"{done}")


@story(HABIT, "log.kill-of-stopped", "kill of a stopped container says what containerd takes for `it has ended already`")
def _(t):
    c = t.container().up()
    c.wait_status("stopped")
    done = must_fail(c.kill())
    known = ("container not running", "process already finished", "no such process")
    expect(any(words in done.err.lower() for words in known), f"{done}")


ONE_SENTENCE = {
    "program": ([args("/nowhere/planet-program")], "/nowhere/planet-program"),
    "mount-source": ([mount("/data", "bind", "/nowhere/planet-source", ["bind"])], "/nowhere/planet-source"),
    "mount-type": ([mount("/data", "planetfs")], "planetfs"),
    "limit": ([put("process.rlimits", [{"type": "RLIMIT_PLANET", "soft": 1, "hard": 1}])], "RLIMIT_PLANET"),
    "namespace": ([lambda b: b.spec["linux"]["namespaces"].append({"type": "planetns"})], "planetns"),
    "sysctl": ([put("linux.sysctl", {"vm.planet": "1"})], "vm.planet"),
    "seccomp": ([put("linux.seccomp", {"defaultAction": "SCMP_ACT_PLANET"})], "SCMP_ACT_PLANET"),
    "root": ([put("root.path", "/nowhere/planet-root")], "/nowhere/planet-root"),
    "hook": ([put("hooks", {"createRuntime": [{"path": "/nowhere/planet-hook"}]})], "/nowhere/planet-hook"),
    "cwd": ([put("process.cwd", "planet/relative")], "cwd"),
}
for _name, (_mutations, _word) in ONE_SENTENCE.items():
    def _named(t, mutations=_mutations, word=_word):
        done = must_fail(t.container(*mutations).create())
        expect(word.lower() in done.err.lower(), f"{done}")
        expect(len(done.err.strip().splitlines()) <= 2, f"{len(done.err.strip().splitlines())} lines")
    tell(RIGHT, f"error.names.{_name}", f"an error about the {_name} names it, in one sentence", _named)
