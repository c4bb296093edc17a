"""root and mounts: the order, each option, binds, and what must not be reached."""

import os

from driver import expect
from suite import (add, ask, at, directory, drop, error, fields, file, holds, in_bundle, inside, link, mount,
                   mount_of, mounted, namespaces, put, refused, see, story)

ROOT, MOUNTS, OPTIONS = "config.md#root", "config.md#mounts", "config.md#linux-mount-options"
RIGHT, HABIT = "done right", "command line"

# ---- root ----

inside(ask("write=/data/x|y", "list=/"), checks=[
    see(ROOT, "root.relative", "a relative root.path is meant from the bundle", at("list=/"), holds("bin")),
    see(ROOT, "root.writable", "the root can be written by default", at("write=/data/x|y"), "ok"),
    see(RIGHT, "root.no-way-out", "nothing of the host's mounts can be seen", at("mounts"),
        lambda v: not any(l.split()[4] == "/" and " - ext4 " in l for l in v.splitlines())),
    see(RIGHT, "root.no-old-root", "the old root is gone, not hidden somewhere", at("list=/"),
        lambda v: not [n for n in v if "old" in n or "pivot" in n]),
])
inside(put("root.readonly", True), ask("write=/data/x|y", "write=/dev/shm/x|y", "mkdir=/made"), checks=[
    see(ROOT, "root.readonly", "readonly makes the root read-only", at("write=/data/x|y"), error("EROFS")),
    see(ROOT, "root.readonly-mkdir", "no directory can be made there", at("mkdir=/made"), error("EROFS")),
    see(ROOT, "root.readonly-spares-mounts", "what is mounted on it stays writable", at("write=/dev/shm/x|y"), "ok"),
])
inside(put("root.path", lambda b: b.root), checks=[
    see(ROOT, "root.absolute", "root.path may be absolute", at("pid"), 1)])
inside(put("root.path", "other"), lambda b: os.rename(b.root, f"{b.path}/other"), checks=[
    see(ROOT, "root.other-name", "the directory may have another name than rootfs", at("pid"), 1)])
inside(put("root.path", "./a/../rootfs"), directory("a"), checks=[
    see(ROOT, "root.unclean", "root.path may go up and down", at("pid"), 1)])
refused(ROOT, "root.missing", "root is required", drop("root"))
refused(ROOT, "root.no-path", "root.path is required", put("root", {}))
refused(ROOT, "root.not-there", "a directory must exist at root.path", put("root.path", "nowhere"))
refused(ROOT, "root.file", "root.path must be a directory", file("plain"), put("root.path", "plain"))
refused(RIGHT, "root.host", "the host's own root as root.path is refused, or is a root without harm",
        put("root.path", "/nowhere/.."))

# ---- order and places ----

inside(mount("/data", options=["size=1m"]), mount("/data", options=["size=2m"]), mount("/data/inner"),
       ask("statfs=/data", "list=/data"), checks=[
    see(MOUNTS, "mounts.order", "entries are mounted in the order listed: the later covers the earlier",
        at("statfs=/data", "bytes"), 2 << 20),
    see(MOUNTS, "mounts.nested", "a mount inside of an earlier one is there", at("list=/data"), ["inner"]),
])
inside(mount("/new/deep/place"), ask("statfs=/new/deep/place"), checks=[
    see(HABIT, "mounts.destination-made", "a destination that does not exist is made", at("statfs=/new/deep/place", "type"),
        0x01021994)])
inside(link("rootfs/etc/there", "/data"), mount("/etc/there/x"), checks=[
    see(RIGHT, "mounts.link-stays-inside", "a link in the destination is followed inside the root",
        lambda s: mount_of("/data/x")(s)["type"], "tmpfs")])
inside(link("rootfs/etc/out", "../../../../../../data"), mount("/etc/out/y"), checks=[
    see(RIGHT, "mounts.link-cannot-escape", "a link that goes up stops at the root",
        lambda s: mount_of("/data/y")(s)["type"], "tmpfs")])
inside(mount("/../../data/z"), checks=[
    see(RIGHT, "mounts.dotdot-cannot-escape", "a destination that goes up stops at the root",
        lambda s: mount_of("/data/z")(s)["type"], "tmpfs")])
inside(mount("data/relative"), checks=[
    see(MOUNTS, "mounts.relative-destination", "a relative destination is meant from /",
        lambda s: mount_of("/data/relative")(s)["type"], "tmpfs")])
inside(mount("/data", options=["size=1m", "mode=700", "nr_inodes=99"]), ask("statfs=/data", "stat=/data"), checks=[
    see(MOUNTS, "mounts.data.size", "options of the file system are passed on: size", at("statfs=/data", "bytes"), 1 << 20),
    see(MOUNTS, "mounts.data.mode", "options of the file system are passed on: mode", at("stat=/data", "mode"), 0o700),
    see(MOUNTS, "mounts.data.inodes", "options of the file system are passed on: nr_inodes", at("statfs=/data", "inodes"),
        99),
])
inside(put("mounts", [{"destination": "/proc", "type": "proc"}]), checks=[
    see(MOUNTS, "mounts.source-optional", "source and options may be left out", mounted("/proc", "type"), "proc")])
inside(drop("mounts"), checks=[see(MOUNTS, "mounts.optional", "mounts may be left out", at("pid"), 1)])

for name, sentence, mutation in [
    ("unknown-type", "a file system that the kernel does not have is an error", mount("/data", "planetfs")),
    ("bad-data", "a file system option that the kernel refuses is an error", mount("/data", options=["planet=1"])),
    ("bind-source-missing", "a bind whose source is missing is an error", mount("/data", "bind", "/nowhere", ["bind"])),
    ("no-destination", "destination is required", add("mounts", {"type": "tmpfs", "source": "tmpfs"})),
]:
    refused(MOUNTS, f"mounts.{name}", sentence, mutation)
refused(MOUNTS, "mounts.file-on-directory", "a file bound on a directory is an error", file("plain"),
        mount("/data", "bind", in_bundle("plain"), ["bind"]))
refused(RIGHT, "mounts.proc-is-a-link", "/proc that is a link is refused: a fake /proc misleads the runtime",
        lambda b: os.rmdir(f"{b.root}/proc"), link("rootfs/proc", "/data"))
refused(RIGHT, "mounts.tmpfs-on-proc-self", "a mount over /proc/self is refused", mount("/proc/self"))
refused(RIGHT, "mounts.bind-on-proc-sys", "a bind over a file of /proc that the runtime writes is refused",
        directory("fake"), mount("/proc/sys", "bind", in_bundle("fake"), ["bind"]))

# ---- options: each on a mount of its own, all in one container ----

MADE = {  # option -> what mountinfo shows of the mount (or of the file system), and what it must not show
    "ro": ("ro", "rw"), "rw": ("rw", "ro"), "nosuid": ("nosuid", None), "suid": (None, "nosuid"), "nodev": ("nodev", None),
    "dev": (None, "nodev"), "noexec": ("noexec", None), "exec": (None, "noexec"), "noatime": ("noatime", "relatime"),
    "relatime": ("relatime", "noatime"), "strictatime": (None, "relatime"), "nodiratime": ("nodiratime", None),
    "diratime": (None, "nodiratime"), "atime": (None, "noatime"), "nostrictatime": (None, "noatime"),
    "norelatime": (None, "noatime"), "defaults": ("rw", None), "nosymfollow": ("nosymfollow", None),
    "symfollow": (None, "nosymfollow"),
}
OF_FILE_SYSTEM = {"sync": ("sync", None), "async": (None, "sync"), "dirsync": ("dirsync", None),
                  "lazytime": ("lazytime", None), "nolazytime": (None, "lazytime"), "silent": (None, "silent"),
                  "loud": (None, "loud"), "mand": (None, "planet"), "nomand": (None, "mand"), "iversion": (None, "planet"),
                  "noiversion": (None, "planet")}
SINCE = {"nosymfollow": "1.1", "symfollow": "1.1", "lazytime": "1.1", "nolazytime": "1.1"}


def option_check(option, kind, present, absent, place):
    def want(found):
        words = found[kind]
        return (present is None or present in words) and (absent is None or absent not in words)
    want.__name__ = f"{present or 'a mount'} without {absent}"
    return see(OPTIONS, f"option.{option}", f"`{option}` does what mount(8) says", mount_of(place), want,
               since=SINCE.get(option, "1.0"))


for _option, (_present, _absent) in MADE.items():
    inside(mount("/data", options=[_option]), checks=[option_check(_option, "options", _present, _absent, "/data")])
for _option, (_present, _absent) in OF_FILE_SYSTEM.items():
    inside(mount("/data", options=[_option]), checks=[option_check(_option, "super", _present, _absent, "/data")])
inside(mount("/data", options=["ro", "rw"]), mount("/tmp", options=["rw", "ro"]), checks=[
    see(HABIT, "option.last-wins.rw", "of ro and rw the last holds", mounted("/data", "options"), holds("rw")),
    see(HABIT, "option.last-wins.ro", "of rw and ro the last holds", mounted("/tmp", "options"), holds("ro"))])
inside(mount("/data", options=["size=1m"]), mount("/data", "tmpfs", options=["remount", "ro", "size=2m"]), ask("statfs=/data"),
       checks=[
    see(OPTIONS, "option.remount", "`remount` changes the mount that is there", mounted("/data", "options"), holds("ro")),
    see(OPTIONS, "option.remount.data", "and its file system", at("statfs=/data", "bytes"), 2 << 20)])
inside(mount("/data", options=["nosuid", "nodev", "noexec", "ro"]), ask("write=/data/x|y"), checks=[
    see(OPTIONS, "option.several", "several options hold together", mounted("/data", "options"),
        lambda v: {"ro", "nosuid", "nodev", "noexec"} <= v),
    see(OPTIONS, "option.ro-holds", "nothing can be written there", at("write=/data/x|y"), error("EROFS"))])
inside(mount("/data", "bind", lambda b: f"{b.root}/bin", ["bind", "noexec"]), ask("run=/data/probe"), checks=[
    see(OPTIONS, "option.noexec-holds", "nothing can be executed there", at("run=/data/probe", "exit"), 13)])
inside(put("linux.resources", {"devices": [{"allow": True, "access": "rwm"}]}),
       put("process.capabilities", {k: ["CAP_MKNOD", "CAP_SYS_ADMIN"] for k in ("bounding", "effective", "permitted")}),
       mount("/data", "bind", "/dev", ["bind", "nodev"]), ask("open=r:/data/null"), checks=[
    see(OPTIONS, "option.nodev-holds", "no device can be opened there", at("open=r:/data/null"), error("EACCES"))])
refused(RIGHT, "option.unknown-of-bind", "an unknown option of a bind is an error, not ignored",
        mount("/data", "bind", in_bundle("dir"), ["bind", "planetoption"]), directory("dir"))

# ---- binds ----


def tree(bundle):
    """A directory of the bundle with another mount inside: what recursive options are about."""
    where = bundle.mounted("tree/inner")
    with open(f"{where}/deep", "w", encoding="ascii") as f:
        f.write("deep")
    with open(f"{bundle.path}/tree/flat", "w", encoding="ascii") as f:
        f.write("flat")


BIND_QUESTIONS = ask("read=/data/flat", "read=/data/inner/deep", "write=/data/new|x", "write=/data/inner/new|x")


def bind(*options):
    return [tree, mount("/data", "bind", in_bundle("tree"), list(options)), BIND_QUESTIONS]


inside(*bind("bind"), checks=[
    see(MOUNTS, "bind.plain", "bind shows the directory", at("read=/data/flat"), "flat"),
    see(MOUNTS, "bind.not-below", "bind does not show what is mounted below", at("read=/data/inner/deep"), error("ENOENT")),
    see(MOUNTS, "bind.writable", "a bind can be written", at("write=/data/new|x"), "ok")])
inside(*bind("rbind"), checks=[
    see(MOUNTS, "rbind.below", "rbind shows what is mounted below too", at("read=/data/inner/deep"), "deep"),
    see(MOUNTS, "rbind.writable-below", "and it can be written", at("write=/data/inner/new|x"), "ok")])
inside(*bind("bind", "ro"), checks=[
    see(OPTIONS, "bind.ro", "a read-only bind cannot be written", at("write=/data/new|x"), error("EROFS"))])
inside(*bind("rbind", "ro"), checks=[
    see(OPTIONS, "rbind.ro", "ro with rbind makes the top read-only", at("write=/data/new|x"), error("EROFS")),
    see(OPTIONS, "rbind.ro-only-the-top", "ro is not recursive: below can be written", at("write=/data/inner/new|x"), "ok")])
for _recursive, _flag in {"rro": "ro", "rnosuid": "nosuid", "rnodev": "nodev", "rnoexec": "noexec", "rnoatime": "noatime",
                          "rnodiratime": "nodiratime", "rrelatime": "relatime", "rnosymfollow": "nosymfollow"}.items():
    inside(*bind("rbind", _recursive), checks=[
        see(OPTIONS, f"option.{_recursive}", f"`{_recursive}` holds for the top and everything below",
            lambda s: [mount_of(p)(s)["options"] for p in ("/data", "/data/inner")],
            lambda v, flag=_flag: all(flag in o for o in v), since="1.1")])
for _recursive, _flag in {"rrw": "ro", "rsuid": "nosuid", "rdev": "nodev", "rexec": "noexec", "ratime": "noatime",
                          "rdiratime": "nodiratime", "rnorelatime": "noatime", "rnostrictatime": "noatime",
                          "rstrictatime": "relatime", "rsymfollow": "nosymfollow"}.items():
    inside(*bind("rbind", _recursive), checks=[
        see(OPTIONS, f"option.{_recursive}", f"`{_recursive}` holds for the top and everything below",
            lambda s: [mount_of(p)(s)["options"] for p in ("/data", "/data/inner")],
            lambda v, flag=_flag: all(flag not in o for o in v), since="1.1")])

inside(file("plain", "text"), mount("/etc/plain", "bind", in_bundle("plain"), ["bind", "ro"]),
       ask("read=/etc/plain", "write=/etc/plain|x"), checks=[
    see(MOUNTS, "bind.file", "a file can be bound; its destination is made", at("read=/etc/plain"), "text"),
    see(OPTIONS, "bind.file-ro", "and be read-only", at("write=/etc/plain|x"), error("EROFS"))])
inside(file("dir/x", "text"), mount("/data", "bind", "dir", ["bind"]), ask("read=/data/x"), checks=[
    see(MOUNTS, "bind.relative-source", "a relative source is meant from the bundle", at("read=/data/x"), "text")])
inside(file("dir/x", "text"), mount("/data", "none", in_bundle("dir"), ["bind"]), ask("read=/data/x"), checks=[
    see("config.md#posix-platform-mounts", "bind.type-none", "with bind in the options the type is a dummy",
        at("read=/data/x"), "text")])
inside(file("dir/x", "text"), link("way", "dir"), mount("/data", "bind", in_bundle("way"), ["bind"]), ask("read=/data/x"),
       checks=[see(MOUNTS, "bind.source-link", "a source that is a link is followed on the host", at("read=/data/x"),
                   "text")])
inside(directory("dir"), lambda b: os.chmod(b.directory("dir"), 0o700), file("dir/x", "text"),
       mount("/data", "bind", in_bundle("dir"), ["rbind", "ro", "nosuid", "nodev"]), checks=[
    see(OPTIONS, "bind.flags", "flags of a bind are set, not only asked for", mounted("/data", "options"),
        lambda v: {"ro", "nosuid", "nodev"} <= v)])
inside(mount("/data", "tmpfs", options=["tmpcopyup", "size=1m"]), file("rootfs/data/was/here", "text"),
       ask("read=/data/was/here", "statfs=/data"), checks=[
    see(OPTIONS, "option.tmpcopyup", "tmpcopyup copies what was there into the tmpfs", at("read=/data/was/here"), "text"),
    see(OPTIONS, "option.tmpcopyup-is-tmpfs", "and it is the tmpfs that is seen", at("statfs=/data", "type"), 0x01021994)])

# ---- propagation of single mounts ----

for _kind, _tag in {"shared": "shared:", "rshared": "shared:", "slave": None, "rslave": None, "private": None,
                    "rprivate": None, "unbindable": "unbindable", "runbindable": "unbindable"}.items():
    def _want(optional, tag=_tag):
        return any(o.startswith(tag) for o in optional) if tag else not any(o.startswith("shared") for o in optional)
    _want.__name__ = f"a {_kind} mount"
    inside(directory("dir"), mount("/data", "bind", in_bundle("dir"), ["rbind", _kind]), checks=[
        see(OPTIONS, f"option.{_kind}", f"`{_kind}` sets the propagation of the mount", mounted("/data", "optional"), _want)])

# ---- id-mapped mounts ----

_MAP = [{"containerID": 0, "hostID": 100000, "size": 65536}]
inside(file("dir/x", "text"), lambda b: os.chown(f"{b.path}/dir/x", 0, 0),
       mount("/data", "bind", in_bundle("dir"), ["bind"], uidMappings=_MAP, gidMappings=_MAP), ask("stat=/data/x"), checks=[
    see("config.md#posix-platform-mounts", "idmap.mappings", "uidMappings and gidMappings of a mount map its owners",
        at("stat=/data/x"), fields(uid=100000, gid=100000), since="1.1")])
_PLANET_USERS = [put("linux.uidMappings", _MAP), put("linux.gidMappings", _MAP),
                 namespaces("pid", "network", "ipc", "uts", "mount", "user")]
for _option in ("idmap", "ridmap"):
    inside(file("dir/x", "text"), *_PLANET_USERS, mount("/data", "bind", in_bundle("dir"), ["bind", _option]),
           ask("stat=/data/x"), checks=[
        see(OPTIONS, f"option.{_option}", f"`{_option}` without mappings takes the container's", at("stat=/data/x"),
            fields(uid=0, gid=0), since="1.1")])
inside(file("dir/x", "text"), *_PLANET_USERS,
       mount("/data", "bind", in_bundle("dir"), ["bind"], uidMappings=_MAP, gidMappings=_MAP), ask("stat=/data/x"), checks=[
    see("config.md#posix-platform-mounts", "idmap.as-the-container", "a mount mapped as the container shows root's files as root's",
        at("stat=/data/x"), fields(uid=0, gid=0), since="1.1")])
_OTHER_MAP = [{"containerID": 0, "hostID": 100033, "size": 1000}]
inside(file("dir/x", "text"), *_PLANET_USERS,
       mount("/data", "bind", in_bundle("dir"), ["bind"], uidMappings=_OTHER_MAP, gidMappings=_OTHER_MAP), ask("stat=/data/x"),
       checks=[
    see("config.md#posix-platform-mounts", "idmap.unlike-the-container", "a mount may be mapped otherwise than the container",
        at("stat=/data/x"), fields(uid=33, gid=33), since="1.2")])
refused(OPTIONS, "idmap.nothing-to-take", "`idmap` without mappings and without a user namespace is an error",
        directory("dir"), mount("/data", "bind", in_bundle("dir"), ["bind", "idmap"]), since="1.1")
refused("config.md#posix-platform-mounts", "idmap.only-one", "uidMappings without gidMappings is an error",
        directory("dir"), mount("/data", "bind", in_bundle("dir"), ["bind"], uidMappings=_MAP), since="1.1")

# ---- the file systems that every container is to have ----

DEFAULT = "config-linux.md#default-filesystems"
inside(ask("statfs=/proc", "statfs=/sys", "statfs=/dev/pts", "statfs=/dev/shm", "stat=/dev/shm", "stat=/dev/pts/ptmx"),
       checks=[
    see(DEFAULT, "default.proc", "/proc is a proc", at("statfs=/proc", "type"), 0x9fa0),
    see(DEFAULT, "default.sys", "/sys is a sysfs", at("statfs=/sys", "type"), 0x62656572),
    see(DEFAULT, "default.devpts", "/dev/pts is a devpts", at("statfs=/dev/pts", "type"), 0x1cd1),
    see(DEFAULT, "default.shm", "/dev/shm is a tmpfs", at("statfs=/dev/shm", "type"), 0x01021994),
    see(DEFAULT, "default.shm-mode", "with its mode 1777", at("stat=/dev/shm", "mode"), 0o1777),
    see(OPTIONS, "devpts.ptmxmode", "ptmxmode=0666 holds", at("stat=/dev/pts/ptmx", "mode"), 0o666),
])


@story(RIGHT, "mounts.many", "100 mounts are mounted")
def _(t):
    c = t.held(*[mount(f"/data/{n}") for n in range(100)]).up()
    expect(sum("/data/" in line for line in c.answer()["mounts"].splitlines()) == 100, "not all")


@story(RIGHT, "mounts.nothing-on-the-host", "no mount of a container is seen on the host")
def _(t):
    before = open("/proc/self/mountinfo", encoding="utf-8").read()
    t.held(mount("/data"), mount("/data/x")).up()
    expect(open("/proc/self/mountinfo", encoding="utf-8").read() == before, "the host's mounts changed")


@story(RIGHT, "mounts.descriptors-of-sources", "no descriptor of a mount's source is left in the process")
def _(t):
    c = t.held(*[mount(f"/data/{n}", "bind", in_bundle("dir"), ["bind"]) for n in range(20)], directory("dir")).up()
    fds = c.answer()["fds"]
    expect(set(fds) == {"0", "1", "2"}, f"open: {fds}")
