"""Hooks: when, in which namespaces, with what, and what follows when one fails."""

import json
import os
import time

from driver import expect, must, must_fail, read, wait_until
from suite import args, put, refused, story, tell

HOOKS, LIFE, RIGHT = "config.md#posix-platform-hooks", "runtime.md#lifecycle", "done right"
CREATE = ("prestart", "createRuntime", "createContainer")
ALL = CREATE + ("startContainer", "poststart", "poststop")
INSIDE = ("createContainer", "startContainer")


def hook(kind, name="hook", *words, **more):
    """One hook of that kind; it appends its report to NAME, where the suite finds it in both namespaces."""
    def mutate(b):
        inside = kind == "startContainer"
        path = "/bin/probe" if inside else f"{b.work}/bin/probe"
        where = f"/hook/{name}" if inside else f"{b.root}/hook/{name}"
        entry = {"path": path, "args": ["probe", "hook", where, *words], **more}
        b.spec.setdefault("hooks", {}).setdefault(kind, []).append(entry)
    return mutate


def script(kind, text, **more):
    """A hook that is a shell script; $D is the directory of what hooks leave."""
    def mutate(b):
        inside = kind == "startContainer"
        shell = "/bin/busybox" if inside else f"{b.work}/bin/busybox"
        where = "/hook" if inside else f"{b.root}/hook"
        entry = {"path": shell, "args": ["sh", "-c", text], "env": [f"D={where}", "PATH=/bin:/usr/bin"], **more}
        b.spec.setdefault("hooks", {}).setdefault(kind, []).append(entry)
    return mutate


def reports(c, name="hook"):
    return [json.loads(line) for line in read(f"{c.bundle.root}/hook/{name}").splitlines()]


def whole_life(t, *mutations):
    """Created, started, ended, deleted: every hook's time has come."""
    c = t.container(*mutations)
    must(c.create())
    must(c.start())
    c.wait_status("stopped")
    must(c.delete())
    return c


# ---- when ----

def when(kind):
    def body(t):
        c = t.held(*[hook(kind, "here")])
        seen = lambda: bool(reports(c, "here"))
        expect(not seen(), "before create")
        must(c.create())
        expect(seen() == (kind in CREATE), ("run" if seen() else "not run") + " by create")
        must(c.start())
        expect(seen() == (kind != "poststop"), ("run" if seen() else "not run") + " by start")
        must(c.kill())
        c.wait_status("stopped")
        expect(seen() == (kind != "poststop"), "run when the process ended")
        must(c.delete())
        expect(seen(), "not run when delete has returned")
        expect(len(reports(c, "here")) == 1, f"run {len(reports(c, 'here'))} times")
    return body


TIMES = {"prestart": "by create", "createRuntime": "by create", "createContainer": "by create",
         "startContainer": "by start, before the program", "poststart": "by start, after the program began",
         "poststop": "by delete"}
for _kind in ALL:
    tell(HOOKS, f"hooks.{_kind}.when", f"{_kind} hooks are run {TIMES[_kind]}, once", when(_kind))


def one_report(t, kind, *mutations, words=(), **more):
    c = whole_life(t, hook(kind, "hook", *words, **more), *mutations)
    found = reports(c)
    expect(found, "it was not run")
    return c, found[0]


def state_of(kind, wanted):
    def body(t):
        c, found = one_report(t, kind, put("annotations", {"org.planet": "yes"}))
        state = json.loads(found["stdin"])
        expect(state.get("id") == c.id, f"id {state.get('id')}")
        expect(state.get("bundle") == c.bundle.path, f"bundle {state.get('bundle')}")
        expect(state.get("ociVersion"), "no ociVersion")
        expect(state.get("annotations", {}).get("org.planet") == "yes", f"annotations {state.get('annotations')}")
        expect(state.get("status") in wanted, f"status {state.get('status')!r}, wanted {wanted}")
        if kind != "poststop":
            expect(isinstance(state.get("pid"), int) and state["pid"] > 0, f"pid {state.get('pid')}")
    return body


for _kind, _wanted in {"prestart": ("creating",), "createRuntime": ("creating",), "createContainer": ("creating",),
                       "startContainer": ("created",), "poststart": ("running",), "poststop": ("stopped",)}.items():
    tell(HOOKS, f"hooks.{_kind}.state", f"{_kind} hooks get the state on standard input, status {_wanted[0]}",
         state_of(_kind, _wanted))


def space_of(kind):
    def body(t):
        _, found = one_report(t, kind)
        for name in ("uts", "net", "ipc", "mnt"):
            own = found["ns"][name] == os.readlink(f"/proc/self/ns/{name}")
            if kind in INSIDE and kind == "createContainer" and name != "mnt":
                continue  # only the mount namespace is promised then
            expect(own != (kind in INSIDE), f"in the {'runtime' if own else 'container'}'s {name} namespace")
    return body


for _kind in ALL:
    tell(HOOKS, f"hooks.{_kind}.namespace",
         f"{_kind} hooks run in the {'container' if _kind in INSIDE else 'runtime'} namespace", space_of(_kind))


def environment_of(kind):
    def body(t):
        _, found = one_report(t, kind, env=["A=1", "B=two words"])
        expect({"A=1", "B=two words"} <= set(found["env"]), f"environment {found['env']}")
        expect("HELLO=planet" not in found["env"], "the container's environment is there: an image could choose it")
    return body


def no_environment_of(kind):
    def body(t):
        _, found = one_report(t, kind)
        expect("HELLO=planet" not in found["env"], f"environment {found['env']}")
    return body


for _kind in ALL:
    tell(HOOKS, f"hooks.{_kind}.env", f"{_kind} hooks have their own env, not the container's", environment_of(_kind))
tell(RIGHT, "hooks.no-env", "a hook without env does not get the container's", no_environment_of("createRuntime"))


def directory_of(kind):
    def body(t):
        c, found = one_report(t, kind)
        wanted = {"startContainer": ["/"], "createContainer": [c.bundle.path, c.bundle.root]}.get(kind, [c.bundle.path])
        expect(found["cwd"] in wanted, f"directory {found['cwd']}, wanted {' or '.join(wanted)}")
    return body


for _kind in ALL:
    tell(RIGHT, f"hooks.{_kind}.cwd",
         f"{_kind} hooks run in {'the root' if _kind == 'startContainer' else 'the bundle directory'}", directory_of(_kind))


@story(HOOKS, "hooks.args", "args are the hook's arguments, the first among them")
def _(t):
    c = whole_life(t, lambda b: b.spec.update(hooks={"createRuntime": [
        {"path": f"{b.work}/bin/probe", "args": ["another name", "hook", f"{b.root}/hook/hook", "a b", ""]}]}))
    expect(reports(c)[0]["args"] == ["another name", "hook", f"{c.bundle.root}/hook/hook", "a b", ""],
           f"{reports(c)[0]['args']}")


@story(HOOKS, "hooks.no-args", "args may be left out")
def _(t):
    whole_life(t, put("hooks", {"createRuntime": [{"path": "/bin/true"}]}))


for _kind in ALL:
    @story(HOOKS, f"hooks.{_kind}.order", f"{_kind} hooks are run in the order listed")
    def _(t, kind=_kind):
        c = whole_life(t, *[script(kind, f"cat >/dev/null; echo {n} >>$D/order") for n in range(4)])
        expect(read(f"{c.bundle.root}/hook/order").split() == ["0", "1", "2", "3"], read(f"{c.bundle.root}/hook/order"))


@story(HOOKS, "hooks.order-of-kinds", "prestart before createRuntime before createContainer, and so on to poststop")
def _(t):
    c = whole_life(t, *[script(k, f"cat >/dev/null; echo {k} >>$D/order") for k in reversed(ALL)])
    expect(read(f"{c.bundle.root}/hook/order").split() == list(ALL),
           " ".join(read(f"{c.bundle.root}/hook/order").split()))


@story(HOOKS, "hooks.createContainer.before-pivot", "createContainer hooks run before the root is changed")
def _(t):
    c, found = one_report(t, "createContainer")
    expect(any(l.split()[4].startswith(c.bundle.root) for l in found["mounts"].splitlines()), "the root is the container's")


@story(HOOKS, "hooks.createRuntime.mounts-are-there", "createRuntime hooks find the namespaces made and the mounts done")
def _(t):
    c = whole_life(t, script("createRuntime", "sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p' >$D/pid; "
                                              "cat /proc/$(cat $D/pid)/mountinfo >$D/mounts"))
    expect("devpts" in read(f"{c.bundle.root}/hook/mounts"), "the container's mounts are not there yet")


@story(HOOKS, "hooks.startContainer.before-program", "startContainer hooks have ended before the program begins")
def _(t):
    c = t.container(script("startContainer", "cat >/dev/null; usleep 100000; touch $D/done"),
                    args("/bin/busybox", "sh", "-c", "ls /hook"))
    done = must(c.run())
    expect("done" in done.out.split(), f"the program saw {done.out.split()}")


@story(HOOKS, "hooks.poststart.before-return", "poststart hooks have ended when start returns")
def _(t):
    c = t.held(script("poststart", "cat >/dev/null; usleep 100000; touch $D/done"))
    must(c.create())
    must(c.start())
    expect(os.path.exists(f"{c.bundle.root}/hook/done"), "not yet")


@story(HOOKS, "hooks.run", "run calls all hooks")
def _(t):
    c = t.container(*[script(k, f"cat >/dev/null; echo {k} >>$D/order") for k in ALL])
    must(c.run())
    expect(read(f"{c.bundle.root}/hook/order").split() == list(ALL),
           " ".join(read(f"{c.bundle.root}/hook/order").split()))


@story(RIGHT, "hooks.large-state", "a hook that does not read its standard input does no harm, however large the state")
def _(t):
    whole_life(t, put("annotations", {f"org.planet.{n}": "x" * 1000 for n in range(200)}),
               put("hooks", {"createRuntime": [{"path": "/bin/true"}]}))


@story(RIGHT, "hooks.descriptors", "a hook has no descriptors but its three")
def _(t):
    for kind in ("createRuntime", "createContainer", "startContainer", "poststop"):
        _, found = one_report(t, kind)
        others = {n: to for n, to in found["fds"].items() if not to.endswith("/hook/hook")}  # the report's own
        expect(set(others) == {"0", "1", "2"}, f"{kind}: {others}")


# ---- failures ----

def failing(kind):
    """What goes wrong by a hook that fails, and what does not."""
    def body(t):
        c = t.held(script(kind, "cat >/dev/null; exit 3"), script("poststop", "cat >/dev/null; touch $D/stopped"))
        if kind in CREATE:
            must_fail(c.create())
            expect(c.status() is None, f"the container exists: {c.status()}")
            return
        must(c.create())
        if kind == "startContainer":
            must_fail(c.start())
            expect(read(c.out) == "", "the program ran")
            wait_until(lambda: c.status() in (None, "stopped"), "the container is stopped")
    return body


for _kind in CREATE + ("startContainer",):
    tell(LIFE, f"hooks.{_kind}.fails", f"a {_kind} hook that fails is an error and stops the container", failing(_kind))
for _kind in CREATE + ("startContainer",):
    @story(LIFE, f"hooks.{_kind}.names-itself", f"the error of a {_kind} hook that fails says that it was a hook")
    def _(t, kind=_kind):
        c = t.container(script(kind, "cat >/dev/null; exit 3"))
        done = must_fail(c.run())
        expect("hook" in done.err.lower() or kind.lower() in done.err.lower(), f"{done}")


@story(LIFE, "hooks.poststart.fails", "a poststart hook that fails is an error that stops the container (a warning before 1.1)")
def _(t):
    c = t.held(script("poststart", "cat >/dev/null; exit 3"))
    must(c.create())
    done = c.start()
    expect(not done.ok or done.err.strip(), f"{done}: neither an error nor a warning")


@story(LIFE, "hooks.poststop.fails", "a poststop hook that fails is a warning: the others run, delete succeeds")
def _(t):
    c = whole_life(t, script("poststop", "cat >/dev/null; exit 3"), script("poststop", "cat >/dev/null; touch $D/second"))
    expect(os.path.exists(f"{c.bundle.root}/hook/second"), "the second hook was not run")
    expect(c.status() is None, "the container is still there")


for _kind in CREATE:
    @story(LIFE, f"hooks.{_kind}.failed-create-runs-poststop", f"when a {_kind} hook failed, poststop hooks are run")
    def _(t, kind=_kind):
        c = t.held(script(kind, "cat >/dev/null; exit 3"), script("poststop", "cat >/dev/null; touch $D/stopped"))
        must_fail(c.create())
        expect(os.path.exists(f"{c.bundle.root}/hook/stopped"), "not run")


@story(LIFE, "hooks.failure-stops-the-rest", "after a createRuntime hook that fails no later one is run")
def _(t):
    c = t.held(script("createRuntime", "cat >/dev/null; exit 3"), script("createRuntime", "cat >/dev/null; touch $D/second"))
    must_fail(c.create())
    expect(not os.path.exists(f"{c.bundle.root}/hook/second"), "it was run")


for _kind in ("createRuntime", "createContainer", "startContainer"):
    @story(HOOKS, f"hooks.{_kind}.timeout", f"a {_kind} hook that needs longer than its timeout is ended and fails")
    def _(t, kind=_kind):
        begin = time.monotonic()
        must_fail(t.container(script(kind, "exec sleep 1000", timeout=1)).run(patience=8))
        expect(time.monotonic() - begin < 4, f"after {time.monotonic() - begin:.1f} s")


@story(HOOKS, "hooks.timeout-enough", "a hook that ends in time is not disturbed by its timeout")
def _(t):
    whole_life(t, script("createRuntime", "cat >/dev/null; usleep 50000", timeout=5))


for _name, _entry in {"relative-path": {"path": "bin/true"}, "not-there": {"path": "/nowhere/hook"},
                      "no-path": {"args": ["true"]}, "timeout-zero": {"path": "/bin/true", "timeout": 0},
                      "timeout-negative": {"path": "/bin/true", "timeout": -1}}.items():
    refused(HOOKS, f"hooks.{_name}", f"a hook with {_name.replace('-', ' ')} is an error",
            put("hooks", {"createRuntime": [_entry]}))


@story(HOOKS, "hooks.signal", "a hook that is killed by a signal has failed")
def _(t):
    must_fail(t.container(script("createRuntime", "kill -9 $$")).run())


@story("runtime.md#errors", "hooks.output-in-error", "what a hook that failed said is in the error")
def _(t):
    done = must_fail(t.container(script("createRuntime", "cat >/dev/null; echo planet-hook-says >&2; exit 1")).run())
    expect("planet-hook-says" in done.err, f"{done}")
