"""What `state` says, in each status."""

import json
import os
import re

from driver import expect, must, read
from states import STATES, created, running, stopped
from suite import args, put, story, tell

STATE = "runtime.md#state"


def fact(status, name, sentence, body, needs=()):
    tell(STATE, f"state.{status}.{name}", f"{status}: {sentence}", lambda t: body(STATES[status](t)), needs)


def oci_version(c):
    version = c.state()["ociVersion"]
    expect(re.fullmatch(r"\d+\.\d+\.\d+([-+].*)?", version), f"ociVersion {version!r}")


def identity(c):
    expect(c.state()["id"] == c.id, f"id {c.state()['id']!r}")


def bundle(c):
    found = c.state()["bundle"]
    expect(os.path.isabs(found) and os.path.samefile(found, c.bundle.path), f"bundle {found!r}")


def pid(c):
    number = c.state()["pid"]
    expect(isinstance(number, int) and number > 1, f"pid {number!r}")
    inner = [line for line in read(f"/proc/{number}/status").splitlines() if line.startswith("NSpid")]
    expect(inner and inner[0].split()[-1] == "1", f"pid {number} is not the container's first process: {inner}")


for _status in ("created", "running", "stopped", "paused"):
    _needs = "freezer" if _status == "paused" else ()
    fact(_status, "oci-version", "ociVersion is there, in SemVer form", oci_version, _needs)
    fact(_status, "id", "id is the container's id", identity, _needs)
    fact(_status, "bundle", "bundle is the absolute path of the bundle", bundle, _needs)
    if _status != "stopped":
        fact(_status, "pid", "pid is the container's process as the host sees it", pid, _needs)


@story(STATE, "state.json", "the state is one JSON object on standard output")
def _(t):
    done = must(created(t).command("state"))
    expect(isinstance(json.loads(done.out), dict), done.out)


@story(STATE, "state.annotations", "annotations of config.json are in the state")
def _(t):
    c = t.held(put("annotations", {"org.planet.test": "v\u00e4lue", "empty": ""}))
    must(c.create())
    expect(c.state().get("annotations", {}).get("org.planet.test") == "v\u00e4lue", f"{c.state().get('annotations')}")
    expect(c.state()["annotations"].get("empty") == "", f"{c.state().get('annotations')}")


@story("config.md#annotations", "state.no-annotations", "without annotations the property is absent or empty")
def _(t):
    expect(not created(t).state().get("annotations"), "annotations are there")


@story(STATE, "state.same-process", "created and running are the same process")
def _(t):
    c = created(t)
    before = c.state()["pid"]
    must(c.start())
    expect(c.state()["pid"] == before, f"{before} became {c.state()['pid']}")


@story(STATE, "state.stopped-pid-is-not-alive", "a stopped container's pid, if given, is not another's process")
def _(t):
    number = stopped(t).state().get("pid", 0)
    expect(not number or not os.path.exists(f"/proc/{number}"), f"pid {number} is alive")


@story("command line", "state.rootfs", "the state names the root filesystem, as runc's does")
def _(t):
    c = created(t)
    expect(os.path.samefile(c.state()["rootfs"], c.bundle.root), f"rootfs {c.state().get('rootfs')!r}")


@story("command line", "state.created-time", "the state tells when it was created, as RFC 3339")
def _(t):
    created_at = created(t).state()["created"]
    expect(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$", created_at), f"created {created_at!r}")


@story("done right", "state.killed-from-outside", "a process killed by somebody else is seen as stopped")
def _(t):
    c = running(t)
    os.kill(c.state()["pid"], 9)
    c.wait_status("stopped")
    must(c.delete())


@story("done right", "state.exec-does-not-change-it", "a program that replaces itself leaves the state as it is")
def _(t):
    c = t.container(args("/bin/busybox", "sh", "-c", "exec /bin/probe ask hold")).up()
    c.answer()
    expect(c.status() == "running", c.status())
