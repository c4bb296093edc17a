"""How checks are written: a table of what to change in a plain config.json and what must be found then.

    inside("user", put("process.user.uid", 1000), checks=[
        see("config.md#user", "uid", "the process has the configured user id", at("uids"), [1000] * 4),
    ])

runs one container whose process is the probe (probe.c) and looks at its report; many checks share it. `ask(...)` puts
questions to the probe; `at("stat=/dev/null", "rdev")` picks the answer. With live=True the container is held, so that
`cgroup("memory", "memory.limit_in_bytes")` or any function of the Scene can look at it from outside.

    refused("config.md#posix-process", "rlimits.unknown", "an unknown limit is an error", put(...))

must not run, and must leave nothing. What needs more than that is a story:

    @story("runtime.md#start", "lifecycle.start-twice", "starting twice is an error")
    def _(t):
        c = t.container().up()
        must_fail(c.start())

A check has a section of the specification ("runtime.md#kill"), or "command line" for runc's habits that engines rely
on, or "done right" for what other runtimes get wrong. `needs=` names what the machine must have (machine.py), `since=`
the version of the specification that brought it: a runtime that claims an older one and fails is "older", not wrong.
"""

import fnmatch
import json
import time
import traceback

import machine
from driver import Container, Console, Failure, expect, shorten

GROUPS = {}  # name of the module -> its items, in the order written
_current = []


def group(name):
    """What follows belongs to this group; after each group nothing may be left on the machine."""
    global _current
    _current = GROUPS.setdefault(name, [])


class Check:
    def __init__(self, section, name, sentence, get=None, want=None, needs=(), since="1.0"):
        self.section, self.name, self.sentence = section, name, sentence
        self.get, self.want, self.since = get, want, since
        self.needs = (needs,) if isinstance(needs, str) else tuple(needs)

    def lacks(self):
        return next((reason for reason in map(machine.lacks, self.needs) if reason), None)


see = Check


class Result:
    """pass, FAIL; known (breaks the sentence named in the expectations); older; cannot (the machine lacks something)."""

    def __init__(self, check, kind, text="", seconds=0.0):
        self.check, self.kind, self.text, self.seconds = check, kind, text, seconds


# ---- mutations of a bundle ----

def put(path, value):
    def mutate(bundle):
        *parents, last = path.split(".")
        here = bundle.spec
        for name in parents:
            here = here.setdefault(name, {})
        here[last] = value(bundle) if callable(value) else value
    return mutate


def drop(path):
    def mutate(bundle):
        *parents, last = path.split(".")
        here = bundle.spec
        for name in parents:
            here = here.get(name, {})
        here.pop(last, None)
    return mutate


def add(path, *items):
    def mutate(bundle):
        *parents, last = path.split(".")
        here = bundle.spec
        for name in parents:
            here = here.setdefault(name, {})
        here.setdefault(last, []).extend(item(bundle) if callable(item) else item for item in items)
    return mutate


def mount(destination, kind="tmpfs", source=None, options=(), **more):
    """One more entry of `mounts`. `source` may be a function of the bundle."""
    def mutate(bundle):
        where = source(bundle) if callable(source) else source
        entry = {"destination": destination, "type": kind, "source": where or kind, "options": list(options)}
        entry.update(more)
        bundle.spec.setdefault("mounts", []).append(entry)
    return mutate


def ask(*questions):
    """Questions for the probe; after the report."""
    def mutate(bundle):
        bundle.spec["process"]["args"] += [q(bundle) if callable(q) else q for q in questions]
    return mutate


def args(*words):
    return put("process.args", list(words))


def file(path, content="", mode=0o644):
    return lambda bundle: bundle.file(path, content, mode) and None


def directory(path):
    return lambda bundle: bundle.directory(path) and None


def link(path, target):
    def mutate(bundle):
        import os
        os.symlink(target, f"{bundle.path}/{path}")
    return mutate


def namespaces(*kinds, **paths):
    """Exactly these namespaces."""
    entries = [{"type": kind} for kind in kinds] + [{"type": k, "path": p} for k, p in paths.items()]
    return put("linux.namespaces", entries)


def in_bundle(path):
    return lambda bundle: f"{bundle.path}/{path}"


# ---- getters: what of a scene is looked at ----

def at(*keys):
    """A part of the probe's report."""
    def get(scene):
        value = scene.report
        for k in keys:
            if isinstance(value, dict) and k not in value:
                raise Failure(f"the probe says nothing of {k}: {shorten(value)}")
            value = value[k]
        return value
    return get


def lines(*keys):
    """A text of the report as a list of lines."""
    return lambda scene: at(*keys)(scene).splitlines()


def cgroup(controller, name):
    return lambda scene: scene.container.cgroup(controller, name)


def mount_of(point):
    """The last mount at a place: {"options": set, "super": set, "type", "source", "root", "optional": list}."""
    def get(scene):
        found = None
        for line in at("mounts")(scene).splitlines():
            left, right = line.split(" - ")
            fields, tail = left.split(" "), right.split(" ")
            if fields[4] == point:
                found = {"options": set(fields[5].split(",")), "super": set(tail[2].split(",")), "type": tail[0],
                         "source": tail[1], "root": fields[3], "optional": fields[6:]}
        expect(found, f"nothing is mounted at {point}")
        return found
    return get


def mounted(point, *keys):
    def get(scene):
        return mount_of(point)(scene)[keys[0]]
    return get


# ---- wants: what it must be ----

def holds(text):
    """Contains this item or text."""
    def want(value):
        return text in value
    want.__name__ = f"something with {text!r}"
    return want


def lacks(text):
    def want(value):
        return text not in value
    want.__name__ = f"nothing with {text!r}"
    return want


def error(*names):
    def want(value):
        return isinstance(value, dict) and value.get("errno") in names
    want.__name__ = "the error " + " or ".join(names)
    return want


def fields(**wanted):
    """A dict that has at least these."""
    def want(value):
        return isinstance(value, dict) and all(value.get(k) == v for k, v in wanted.items())
    want.__name__ = f"{wanted}"
    return want


def but(value_not):
    def want(value):
        return value != value_not
    want.__name__ = f"anything but {value_not!r}"
    return want


def among(*values):
    def want(value):
        return value in values
    want.__name__ = "one of " + ", ".join(map(repr, values))
    return want


def compare(check, scene):
    value = check.get(scene)
    if callable(check.want):
        expect(check.want(value), f"found {shorten(value)}, wanted {check.want.__name__}")
    else:
        expect(value == check.want, f"found {shorten(value)}, wanted {shorten(check.want)}")


# ---- items: a container with checks, a refusal, a story ----

class Item:
    checks = ()

    def run(self, runtime, wanted):
        """Yields (check, None or what was found instead)."""
        raise NotImplementedError


class Scene(Item):
    def __init__(self, mutations, checks, live, flags):
        self.mutations, self.checks, self.live, self.flags = mutations, checks, live, flags
        self.container = self.report = self.done = None

    def play(self, runtime):
        c = self.container = Container(runtime, self.mutations)
        if self.live:
            c.bundle.spec["process"]["args"].append("hold")
            c.bundle.save()
            c.up(*self.flags)
            self.report = c.answer()
            return
        self.done = c.run(*self.flags)
        expect(self.done.ok or self.done.out.startswith("{"), str(self.done))
        self.report = json.loads(self.done.out.splitlines()[0])

    def run(self, runtime, wanted):
        trouble = None
        try:
            self.play(runtime)
        except Failure as failure:
            trouble = str(failure)
        except ValueError as failure:
            trouble = f"the probe's answer is not JSON ({failure}): {shorten(self.done)}"
        try:
            for check in wanted:
                yield check, trouble or judged(lambda c=check: compare(c, self))
        finally:
            if self.container:
                self.container.close()


class Refusal(Item):
    def __init__(self, check, mutations, mentions, flags):
        self.checks, self.mutations, self.mentions, self.flags = [check], mutations, mentions, flags

    def run(self, runtime, wanted):
        def body():
            c = Container(runtime, self.mutations)
            try:
                done = c.run(*self.flags)
                expect(done.status is not None, f"{done}")
                expect('"pid":' not in done.out, "accepted: the container ran")
                expect(done.status != 0, f"{done}: no error")
                expect(done.status > 0, f"{done}: crashed")
                expect(done.err.strip(), f"status {done.status} without a word")
                if self.mentions:
                    expect(any(m.lower() in done.err.lower() for m in self.mentions),
                           f"the error does not name {' or '.join(self.mentions)}: {shorten(done.err)}")
            finally:
                c.close()
        for check in wanted:
            yield check, judged(body)


class Story(Item):
    def __init__(self, check, body):
        self.checks, self.body = [check], body

    def run(self, runtime, wanted):
        for check in wanted:
            stage = Stage(runtime)
            try:
                yield check, judged(lambda s=stage: self.body(s))
            finally:
                stage.close()


class Stage:
    """What a story is told on."""

    def __init__(self, runtime):
        self.runtime = runtime
        self.closers = []

    def container(self, *mutations, identity=None):
        c = Container(self.runtime, mutations, identity)
        self.closers.append(c.close)
        return c

    def held(self, *mutations):
        """A container whose probe answers and waits."""
        return self.container(*mutations, lambda b: b.spec["process"]["args"].append("hold"))

    def console(self):
        console = Console(self.runtime.work)
        self.closers.append(console.close)
        return console

    def later(self, undo):
        self.closers.append(undo)

    def close(self):
        while self.closers:
            self.closers.pop()()
        self.runtime.end_processes()


def judged(body):
    try:
        body()
    except Failure as failure:
        return str(failure) or "no"
    except Exception as problem:  # a runtime's strange answer must not end the run
        where = traceback.extract_tb(problem.__traceback__)[-1]
        return f"{type(problem).__name__}: {shorten(problem)} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
    return None


def inside(*mutations, checks, live=False, flags=(), prefix=""):
    for check in checks:
        check.name = f"{prefix}{check.name}"
    _current.append(Scene(mutations, checks, live, flags))


def refused(section, name, sentence, *mutations, mentions=(), needs=(), since="1.0", flags=()):
    mentions = (mentions,) if isinstance(mentions, str) else mentions
    _current.append(Refusal(Check(section, name, sentence, needs=needs, since=since), mutations, mentions, flags))


def story(section, name, sentence, needs=(), since="1.0"):
    def register(body):
        _current.append(Story(Check(section, name, sentence, needs=needs, since=since), body))
        return body
    return register


def tell(section, name, sentence, body, needs=(), since="1.0"):
    """A story from a table."""
    story(section, name, sentence, needs, since)(body)


# ---- running ----

def number(version):
    """"1.0.2-dev" -> (1, 0)"""
    return tuple(int("".join(c for c in part if c.isdigit()) or 0) for part in version.split(".")[:2])


def result_of(check, trouble, runtime, known, seconds):
    if trouble is None:
        if check.name in known.exact:
            return Result(check, "FAIL", "passes although the expectations say that it cannot: remove it there", seconds)
        return Result(check, "pass", "", seconds)
    if check.name in known:
        return Result(check, "known", f"{known[check.name]} [{trouble}]", seconds)
    if number(check.since) > number(runtime.claims):
        return Result(check, "older", f"since {check.since}; the runtime claims {runtime.claims} [{trouble}]", seconds)
    return Result(check, "FAIL", trouble, seconds)


def run_group(items, runtime, known, patterns):
    for item in items:
        wanted = [c for c in item.checks if not patterns or any(fnmatch.fnmatch(c.name, p) for p in patterns)]
        for check in [c for c in wanted if c.lacks()]:
            yield Result(check, "cannot", check.lacks())
        wanted = [c for c in wanted if not c.lacks()]
        if not wanted:
            continue
        begin = time.monotonic()
        for check, trouble in item.run(runtime, wanted):
            now = time.monotonic()
            yield result_of(check, trouble, runtime, known, now - begin)
            begin = now
