"""Devices: the default ones, configured ones, and who may open what."""

import os

from driver import expect, must
from suite import (add, ask, at, error, fields, file, inside, link, put, refused, see, story)

DEFAULT, DEVICES, ALLOWED = (f"config-linux.md#{n}" for n in ("default-devices", "devices", "allowed-device-list"))
RIGHT = "done right"
NEEDS = ("devices", "loop_control")
CAPS = put("process.capabilities", {k: ["CAP_MKNOD", "CAP_CHOWN"] for k in ("bounding", "effective", "permitted")})

NODES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
inside(ask(*[f"stat=/dev/{n}" for n in NODES], *[f"open=rw:/dev/{n}" for n in NODES], "stat=/dev/ptmx", "link=/dev/ptmx",
           "stat=/dev/pts/ptmx", "open=rw:/dev/ptmx", "stat=/dev/console", "link=/dev/fd", "link=/dev/stdin",
           "link=/dev/stdout", "link=/dev/stderr", "list=/dev"), checks=[
    check for n, numbers in NODES.items() for check in (
        see(DEFAULT, f"dev.{n}", f"/dev/{n} is the character device {numbers[0]}:{numbers[1]}", at(f"stat=/dev/{n}"),
            fields(type="char", rdev=list(numbers))),
        see(DEFAULT, f"dev.{n}.mode", f"/dev/{n} can be used by everybody", at(f"stat=/dev/{n}", "mode"), 0o666))
] + [see(DEFAULT, f"dev.{n}.opens", f"/dev/{n} can be opened although all devices are denied", at(f"open=rw:/dev/{n}"), "ok")
     for n in NODES if n != "tty"] + [
    see(DEFAULT, "dev.ptmx", "/dev/ptmx is a link to or a bind of pts/ptmx", at("stat=/dev/ptmx"),
        lambda v: v.get("type") == "link" or v.get("rdev") == [5, 2]),
    see(DEFAULT, "dev.ptmx.opens", "a pseudoterminal can be opened", at("open=rw:/dev/ptmx"), "ok"),
    see(DEFAULT, "dev.no-console", "without terminal there is no /dev/console", at("stat=/dev/console"), error("ENOENT")),
    see("command line", "dev.fd", "/dev/fd leads to /proc/self/fd", at("link=/dev/fd"), "/proc/self/fd"),
    see("command line", "dev.stdin", "/dev/stdin leads to descriptor 0", at("link=/dev/stdin"), "/proc/self/fd/0"),
    see("command line", "dev.stdout", "/dev/stdout leads to descriptor 1", at("link=/dev/stdout"), "/proc/self/fd/1"),
    see("command line", "dev.stderr", "/dev/stderr leads to descriptor 2", at("link=/dev/stderr"), "/proc/self/fd/2"),
    see(DEVICES, "dev.nothing-else", "there is no node that was neither configured nor is a default", at("list=/dev"),
        lambda v: set(v) <= set(NODES) | {"ptmx", "fd", "stdin", "stdout", "stderr", "pts", "shm", "mqueue", "core",
                                          "console"}),
])

inside(CAPS, put("linux.devices", [
    {"path": "/dev/plain", "type": "c", "major": 1, "minor": 5},
    {"path": "/dev/fine", "type": "c", "major": 1, "minor": 7, "fileMode": 0o640, "uid": 10, "gid": 20},
    {"path": "/dev/un", "type": "u", "major": 1, "minor": 8, "fileMode": 0o666},
    {"path": "/dev/block", "type": "b", "major": 7, "minor": 99, "fileMode": 0o600},
    {"path": "/dev/pipe", "type": "p", "fileMode": 0o622},
    {"path": "/dev/deep/down/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666},
    {"path": "/data/outside", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666},
]), ask(*[f"stat={p}" for p in ("/dev/plain", "/dev/fine", "/dev/un", "/dev/block", "/dev/pipe", "/dev/deep/down/null",
                               "/data/outside")]), checks=[
    see(DEVICES, "device.char", "a device is there", at("stat=/dev/plain"), fields(type="char", rdev=[1, 5])),
    see(DEVICES, "device.mode", "with its mode", at("stat=/dev/fine", "mode"), 0o640),
    see(DEVICES, "device.owner", "with its owner", at("stat=/dev/fine"), fields(uid=10, gid=20)),
    see(DEVICES, "device.unbuffered", "type u is a character device", at("stat=/dev/un"), fields(type="char", rdev=[1, 8])),
    see(DEVICES, "device.block", "type b is a block device", at("stat=/dev/block"), fields(type="block", rdev=[7, 99])),
    see(DEVICES, "device.fifo", "type p is a FIFO and needs no numbers", at("stat=/dev/pipe"), fields(type="fifo")),
    see(DEVICES, "device.deep", "directories on the way are made", at("stat=/dev/deep/down/null"), fields(type="char")),
    see(DEVICES, "device.outside-dev", "the path may be outside of /dev", at("stat=/data/outside"), fields(type="char")),
    see(RIGHT, "device.umask", "the mode does not depend on the caller's umask", at("stat=/dev/un", "mode"), 0o666),
])
inside(put("linux.devices", [{"path": "/dev/zero", "type": "c", "major": 1, "minor": 5, "fileMode": 0o600}]),
       ask("stat=/dev/zero"), checks=[
    see(DEVICES, "device.instead-of-default", "a configured device stands instead of the default one",
        at("stat=/dev/zero", "mode"), 0o600)])
_MAP = [{"containerID": 0, "hostID": 100000, "size": 65536}]
inside(put("linux.uidMappings", _MAP), put("linux.gidMappings", _MAP),
       put("linux.namespaces", [{"type": n} for n in ("pid", "network", "ipc", "uts", "mount", "user")]),
       put("linux.devices", [{"path": "/srv/deep/outside", "type": "c", "major": 1, "minor": 3, "uid": 5, "fileMode": 0o640}]),
       ask("stat=/srv/deep/outside"), checks=[
    see(DEVICES, "device.outside-dev.users", "with a user namespace, too: of the container's users",
        at("stat=/srv/deep/outside"), fields(type="char", uid=5, mode=0o640))])
inside(lambda b: os.mknod(f"{b.root}/data/x", 0o20600, os.makedev(1, 3)),
       put("linux.devices", [{"path": "/data/x", "type": "c", "major": 1, "minor": 3}]), ask("stat=/data/x"), checks=[
    see(DEVICES, "device.there-already", "the same device may be there already", at("stat=/data/x"),
        fields(type="char", rdev=[1, 3]))])
for name, sentence, *mutations in [
    ("unknown-type", "an unknown type is an error",
     put("linux.devices", [{"path": "/dev/x", "type": "x", "major": 1, "minor": 3}])),
    ("no-path", "path is required", put("linux.devices", [{"type": "c", "major": 1, "minor": 3}])),
    ("no-type", "type is required", put("linux.devices", [{"path": "/dev/x", "major": 1, "minor": 3}])),
    ("other-file-there", "a file that is there and is not that device is an error",
     file("rootfs/data/x", "text"), put("linux.devices", [{"path": "/data/x", "type": "c", "major": 1, "minor": 3}])),
]:
    refused(DEVICES, f"device.{name}", sentence, *mutations)


@story(RIGHT, "device.dev-is-a-link", "nodes are not made behind a /dev that is a link out of the root")
def _(t):
    def leave(b):
        b.directory("canary")
        os.rmdir(f"{b.root}/dev")
    c = t.container(leave, link("rootfs/dev", "../../canary"), put("mounts", [{"destination": "/proc", "type": "proc"}]))
    c.run()
    expect(os.listdir(f"{c.bundle.path}/canary") == [], f"made: {os.listdir(c.bundle.path + '/canary')}")


# ---- the allowed list ----

def rules(*entries):
    return put("linux.resources", {"devices": [{"allow": a, "type": t, "major": x, "minor": y, "access": access}
                                               if t != "a" else {"allow": a, "access": access}
                                               for a, t, x, y, access in entries]})


DENY = (False, "a", 0, 0, "rwm")
# A device that everybody who reaches it may open, and that does nothing by being opened.
TRY = (10, 237)
NODE = add("linux.devices", {"path": "/dev/try", "type": "c", "major": TRY[0], "minor": TRY[1], "fileMode": 0o666})
QUESTIONS = ("open=r:/dev/try", "open=w:/dev/try")
for name, sentence, entries, wanted in [
    ("read", "r allows to read only", [DENY, (True, "c", *TRY, "r")], ("ok", "no")),
    ("write", "w allows to write only", [DENY, (True, "c", *TRY, "w")], ("no", "ok")),
    ("both", "rw allows both", [DENY, (True, "c", *TRY, "rw")], ("ok", "ok")),
    ("order-denies", "rules hold in the order listed: a later denial holds",
     [DENY, (True, "c", *TRY, "rwm"), (False, "c", *TRY, "w")], ("ok", "no")),
    ("order-grants", "rules hold in the order listed: a later grant holds",
     [DENY, (False, "c", *TRY, "rwm"), (True, "c", *TRY, "r")], ("ok", "no")),
    ("order-all", "a later denial of everything takes back what was granted before", [(True, "c", *TRY, "rwm"), DENY],
     ("no", "no")),
    ("other-device", "a rule for another device does not help", [DENY, (True, "c", TRY[0], 1, "rwm")], ("no", "no")),
    ("block-is-not-char", "a rule for the block device does not help", [DENY, (True, "b", *TRY, "rwm")], ("no", "no")),
]:
    def want(found, wanted=wanted):
        return tuple("ok" if f == "ok" else "no" for f in found) == wanted
    want.__name__ = f"read, write: {wanted}"
    inside(CAPS, rules(*entries), NODE, ask(*QUESTIONS), checks=[
        see(ALLOWED, f"allow.{name}", sentence, lambda s: [at(q)(s) for q in QUESTIONS], want, needs=NEEDS)])

inside(CAPS, rules(DENY), NODE, ask(*QUESTIONS), checks=[
    see(ALLOWED, "allow.denied", "what is denied cannot be opened, though the node is there", at(QUESTIONS[0]),
        error("EPERM"), needs=NEEDS)])
inside(CAPS, rules(DENY, (True, "c", *TRY, "m")), ask(f"mknod=c:{TRY[0]}:{TRY[1]}"), checks=[
    see(ALLOWED, "allow.mknod", "m allows to make the node", at(f"mknod=c:{TRY[0]}:{TRY[1]}"), "ok")])
inside(CAPS, put("linux.resources", {"devices": [{"allow": False, "access": "rwm"},
                                                 {"allow": True, "type": "c", "major": TRY[0], "access": "rwm"}]}),
       NODE, ask(*QUESTIONS), checks=[
    see(ALLOWED, "allow.any-minor", "a minor that is not set means all", at(QUESTIONS[0]), "ok", needs=NEEDS)])
inside(CAPS, put("linux.resources", {"devices": [{"allow": False, "access": "rwm"},
                                                 {"allow": True, "type": "c", "major": TRY[0], "minor": -1, "access": "r"}]}),
       NODE, ask(*QUESTIONS), checks=[
    see(ALLOWED, "allow.minus-one", "-1 means all, too", at(QUESTIONS[0]), "ok", needs=NEEDS)])
inside(CAPS, put("linux.resources", {"devices": [{"allow": True, "access": "rwm"}]}), NODE, ask(*QUESTIONS), checks=[
    see(ALLOWED, "allow.everything", "a rule that allows everything does", at(QUESTIONS[0]), "ok", needs=NEEDS)])
inside(CAPS, put("linux.resources", {"devices": [{"allow": False, "type": "a"}]}), checks=[
    see(ALLOWED, "allow.no-access", "access may be left out", at("pid"), 1)])
for name, sentence, rule in [("unknown-type", "an unknown type is an error", {"allow": True, "type": "x", "access": "r"}),
                             ("unknown-access", "an unknown access is an error",
                              {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rq"})]:
    refused(ALLOWED, f"allow.{name}", sentence, put("linux.resources", {"devices": [rule]}))


@story(RIGHT, "allow.exec-too", "the rules hold for processes that exec puts inside", needs=NEEDS)
def _(t):
    c = t.held(CAPS, NODE).up()
    expect(c.ask(QUESTIONS[0])[QUESTIONS[0]] != "ok", "exec can open what the container cannot")


@story(RIGHT, "allow.survives-update", "an update of other resources leaves the device rules in force", needs=NEEDS)
def _(t):
    c = t.held(CAPS, NODE).up()
    must(c.command("update", "--resources", c.bundle.file("u.json", '{"pids": {"limit": 99}}')))
    found = c.ask(QUESTIONS[0], "open=rw:/dev/null")
    expect(found[QUESTIONS[0]] != "ok" and found["open=rw:/dev/null"] == "ok", f"{found}")
