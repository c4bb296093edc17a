#!/usr/bin/env python3
"""Hostile image archives, byte by byte, and what must become of each.

    evil_tar.py list
    evil_tar.py make CASE FORMAT PACKING CANARY FILE   FORMAT: oci, docker; PACKING: plain, gzip, zstd

A header is made here and not by a tar library, so that it can lie. The corpus is `cases(canary)`: each case has the layers
(tar archives, lowest first), and either the sentence with which it is refused or the tree that its topmost layer is. `canary`
is a directory of this machine that the archives try to reach.
"""
import dataclasses
import gzip
import hashlib
import json
import struct
import subprocess
import sys

USTAR, GNU, V7 = b"ustar\x0000", b"ustar  \x00", bytes(8)
END = bytes(1024)
DAY = 86400


def raw(value):
    return value if isinstance(value, bytes) else value.encode()


def header(name, kind=b"0", size=0, link=b"", mode=0o644, uid=0, gid=0, mtime=DAY, major=0, minor=0,
           magic=USTAR, prefix=b"", patch=(), checksum=None):
    """One block. `patch`: (offset, bytes) pairs that are written last, before the checksum."""
    block = bytearray(512)

    def put(at, data):
        block[at:at + len(data)] = data

    put(0, raw(name)[:100])
    put(100, b"%07o" % mode)
    put(108, b"%07o" % uid if uid < 1 << 21 else b"\x80" + uid.to_bytes(7, "big"))
    put(116, b"%07o" % gid if gid < 1 << 21 else b"\x80" + gid.to_bytes(7, "big"))
    put(124, b"%011o" % size)
    put(136, b"%011o" % mtime)
    put(156, kind)
    put(157, raw(link)[:100])
    put(257, magic)
    put(329, b"%07o" % major)
    put(337, b"%07o" % minor)
    put(345, raw(prefix))
    for at, data in patch:
        put(at, data)
    put(148, b" " * 8)
    put(148, b"%06o\x00 " % sum(block) if checksum is None else checksum)
    return bytes(block)


def signed_sum(name):
    """The checksum as old machines made it, whose bytes were signed."""
    block = bytearray(header(name))
    block[148:156] = b" " * 8
    return b"%06o\x00 " % sum(byte - 256 if byte > 127 else byte for byte in block)


def pad(data):
    return data + bytes(-len(data) % 512)


def file(name, data=b"x", **more):
    data = raw(data)
    return header(name, size=more.pop("size", len(data)), **more) + pad(data)


def directory(name, mode=0o755, **more):
    return header(name, b"5", mode=mode, **more)


def symlink(name, target, **more):
    return header(name, b"2", link=target, mode=0o777, **more)


def hardlink(name, target, **more):
    return header(name, b"1", link=target, **more)


def pax(records, kind=b"x"):
    """The header before an entry that says more of it."""
    body = b""
    for key, value in records:
        rest = b" " + raw(key) + b"=" + raw(value) + b"\n"
        length = len(rest) + 1
        while len(str(length)) + len(rest) != length:
            length += 1
        body += str(length).encode() + rest
    return header("pax", kind, size=len(body)) + pad(body)


def gnu_long(text, kind=b"L"):
    body = raw(text) + b"\x00"
    return header("././@LongLink", kind, size=len(body), magic=GNU) + pad(body)


def encodings(name, data=b"x"):
    """The same file in every way that a name can be written."""
    name = raw(name)
    ways = {"pax": pax([("path", name)]) + file("other", data),
            "gnu": gnu_long(name) + file(name, data, magic=GNU)}
    if 0 < len(name) <= 100:
        ways["ustar"] = file(name, data)
        ways["v7"] = file(name, data, magic=V7)
    front, slash, leaf = name.rpartition(b"/")
    if slash and front and leaf and len(front) <= 155 and len(leaf) <= 100:
        ways["prefix"] = file(leaf, data, prefix=front)
    return ways


def sparse_1_0(name, realsize, stretches, data=b"", count=None):
    text = "%d\n" % (len(stretches) if count is None else count)
    text += "".join("%d\n%d\n" % stretch for stretch in stretches)
    body = pad(text.encode()) + data
    return pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", name),
                ("GNU.sparse.realsize", str(realsize))]) + file("sparse", body)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c", "-1"], input=data, stdout=subprocess.PIPE, check=True).stdout


def packed(data, packing):
    if packing == "gzip":
        return gzip.compress(data, 1, mtime=0)
    return zstd(data) if packing == "zstd" else data


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclasses.dataclass
class Case:
    name: str
    rows: str                   # of the attacks' table
    layers: list                # tar archives, lowest first
    refused: str = ""           # a part of the sentence
    tree: dict = None           # of the topmost layer, whole: path to "f:content", "d", "l:target", "w", "o", "p", "c1:3", "b8:0"
    run: tuple = None           # a shell command in a container of the image, and what it says
    raw_layer: bytes = None     # instead of the one layer, packed already
    stat: dict = None           # path to (mode, uid)


def tar(*parts):
    return b"".join(parts) + END


def named(canary):
    """F1: names that lead out, and names that are only strange."""
    out = "leads out of the layer"
    hostile = {"dotdot": "../x", "deep": "a/../../x", "only": "..", "behind": "a/..", "inside": "a/b/../c",
               "absolute-up": "/../x", "canary": "../../../../../../../.." + canary + "/new"}
    for label, name in hostile.items():
        for way, entry in encodings(name).items():
            yield Case(f"name-{label}-{way}", "F1", [tar(entry)], refused=out)
    strange = {"absolute": ("/abs/x", {"abs": "d", "abs/x": "f:x"}),
               "dots": ("././/a/./x", {"a": "d", "a/x": "f:x"}),
               "backslash": ("..\\x", {"..\\x": "f:x"}),
               "three-dots": (".../x", {"...": "d", ".../x": "f:x"}),
               "not-utf8": (b"\xff\xfe/\x80", {"\udcff\udcfe": "d", "\udcff\udcfe/\udc80": "f:x"}),
               "utf8": ("\u00e9/\u0444", {"\u00e9": "d", "\u00e9/\u0444": "f:x"}),
               "control": ("a\x1b]0;x\x07\n", {"a\x1b]0;x\x07\n": "f:x"}),
               "option": ("-rf", {"-rf": "f:x"}),
               "longest-part": ("n" * 255, {"n" * 255: "f:x"})}
    for label, (name, tree) in strange.items():
        for way, entry in encodings(name).items():
            yield Case(f"name-{label}-{way}", "F1", [tar(entry)], tree=tree)
    yield Case("name-empty", "F1", [tar(file("a"), file(""))], refused="name is empty")
    yield Case("name-empty-pax", "F1", [tar(pax([("path", "")]), file("a"))], refused="empty path")
    yield Case("name-nul-pax", "F1", [tar(pax([("path", "a\x00/../b")]), file("a"))], refused="zero byte")
    yield Case("name-4096", "F1", [tar(pax([("path", "a/" * 2048)]), file("a", ""))], refused="longer than 4095")
    yield Case("name-part-256", "F1", [tar(pax([("path", "n" * 256)]), file("a"))], refused="longer than 255")
    yield Case("name-global", "F1", [tar(pax([("path", "../x")], b"g"), file("a"))], refused="global pax header")
    yield Case("comment-global", "F1", [tar(pax([("comment", "of git")], b"g"), file("a"))], tree={"a": "f:x"})


def linked(canary):
    """F2, F3, F5, F6: symbolic and hard links."""
    inside = canary.strip("/").split("/")
    parents = {"/".join(inside[:i]): "d" for i in range(1, len(inside) + 1)}
    here = canary.strip("/")
    yield Case("link-ancestor", "F2", [tar(symlink("d", canary), file("d/f"))],
               tree={"d": "l:" + canary, **parents, here + "/f": "f:x"}, run=("cat d/f", "x"))
    yield Case("link-ancestor-relative", "F2", [tar(symlink("d", "../../../.." + canary), file("d/f"))],
               tree={"d": "l:../../../.." + canary, **parents, here + "/f": "f:x"})
    yield Case("link-ancestor-lower", "F2", [tar(symlink("d", canary)), tar(file("d/f"))],
               tree={**parents, here + "/f": "f:x"})
    yield Case("link-up", "F2", [tar(symlink("d", ".."), file("d/f"))], tree={"d": "l:..", "f": "f:x"})
    chain = b"".join(symlink("l%d" % i, "l%d" % (i + 1)) for i in range(42))
    yield Case("link-chain-42", "F2", [tar(directory("l42"), chain, file("l0/f"))],
               tree={"l42": "d", "l42/f": "f:x", **{"l%d" % i: "l:l%d" % (i + 1) for i in range(42)}})
    yield Case("link-loop", "F2", [tar(symlink("a", "b"), symlink("b", "a"), file("a/f"))], refused="too many links")
    bomb = directory("b20") + b"".join(symlink("b%d" % i, "/".join(["b%d/.." % (i + 1)] * 12)) for i in range(20))
    yield Case("link-bomb", "F2", [tar(bomb, file("b0/f"))], refused="too many links")
    yield Case("link-to-directory-and-back", "F2",
               [tar(symlink("d", canary), directory("d"), file("d/f"), symlink("d", canary), file("d/g"))],
               tree={"d": "l:" + canary, **parents, here + "/g": "f:x"})
    yield Case("link-replaced-by-file", "F2", [tar(symlink("s", canary + "/secret"), file("s", "mine"))],
               tree={"s": "f:mine"})
    yield Case("link-metadata", "F5",
               [tar(pax([("SCHILY.xattr.user.x", "1")]), symlink("s", canary + "/secret", uid=7, mtime=1),
                    symlink("t", canary + "/secret"), header("t", b"5", mode=0o777, uid=8))],
               tree={"s": "l:" + canary + "/secret", "t": "d"}, stat={"s": (0o777, 7), "t": (0o777, 8)})
    yield Case("slash-directory", "F6", [tar(symlink("l", canary), directory("l/", mode=0o777))], tree={"l": "d"})
    yield Case("slash-file", "F6", [tar(symlink("l", canary), header("l/", b"0", mode=0o777))], tree={"l": "d"})
    yield Case("slash-file-with-data", "F6", [tar(symlink("l", canary), file("l/"))], refused="but has a size")
    yield Case("slash-below", "F6", [tar(symlink("l", canary), directory("l/sub/"))],
               tree={"l": "l:" + canary, **parents, here + "/sub": "d"})
    secret = canary + "/secret"
    for label, target, why in [
            ("up", "../../../../../../../.." + secret, "leads out of the layer"), ("absolute", secret, "nowhere"),
            ("missing", "none", "nowhere"), ("root", "/", "links to the layer's root"), ("dot", ".", "the layer's root"),
            ("empty", "", "links to the layer's root"), ("itself", "h", "nowhere")]:
        yield Case(f"hard-{label}", "F3", [tar(hardlink("h", target))], refused=why)
        yield Case(f"hard-{label}-pax", "F3", [tar(pax([("linkpath", target)]) if target else b"", hardlink("h", target))],
                   refused=why)
    yield Case("hard-behind-link", "F3", [tar(symlink("d", canary), hardlink("h", "d/secret"))], refused="nowhere")
    yield Case("hard-behind-lower-link", "F3", [tar(symlink("d", canary)), tar(hardlink("h", "d/secret"))],
               refused="nowhere")
    yield Case("hard-to-directory", "F3", [tar(directory("d"), hardlink("h", "d"))], refused="which is no file")
    yield Case("hard-to-lower-directory", "F3", [tar(directory("d")), tar(hardlink("h", "d"))], refused="a directory")
    yield Case("hard-to-whiteout", "F3", [tar(file("f")), tar(file(".wh.f", ""), hardlink("h", "f"))],
               refused="which is no file")
    yield Case("hard-to-link-then-write", "F3",
               [tar(symlink("s", secret), hardlink("h", "s"), file("h", "mine"))],
               tree={"s": "l:" + secret, "h": "f:mine"})
    yield Case("hard-then-write", "F3", [tar(file("f", "old"), hardlink("h", "f"), file("h", "new"))],
               tree={"f": "f:old", "h": "f:new"})
    yield Case("hard-to-lower", "F3", [tar(file("bin/f", "old", uid=5, mode=0o4755)), tar(hardlink("h", "bin/f"))],
               tree={"bin": "d", "bin/f": "f:old", "h": "f:old"}, stat={"h": (0o4755, 5)},
               run=("stat -c %h h bin/f | tr '\\n' ' '", "2 2 "))
    yield Case("hard-to-lower-link", "F3", [tar(symlink("s", secret)), tar(hardlink("h", "s"))],
               tree={"s": "l:" + secret, "h": "l:" + secret})
    yield Case("hard-linkpath-only-in-pax", "F3", [tar(file("\u00e9"), pax([("linkpath", "\u00e9")]), hardlink("h", ""))],
               tree={"\u00e9": "f:x", "h": "f:x"})


def removed(canary):
    """F4: whiteouts."""
    lower = tar(directory("d"), file("d/x"), file("d/y"), file("f"), symlink("l", canary))
    for label, name in [("empty", ".wh."), ("dot", ".wh.."), ("dotdot", ".wh..."), ("deep-empty", "d/.wh."),
                        ("deep-dotdot", "d/.wh...")]:
        yield Case(f"whiteout-{label}", "F4", [lower, tar(file(name, ""))], refused="it removes no file")
    yield Case("whiteout-up", "F4", [lower, tar(file("../.wh.f", ""))], refused="leads out of the layer")
    yield Case("whiteout-of-path", "F4", [lower, tar(file(".wh.d/x", ""))], tree={".wh.d": "d", ".wh.d/x": "f:"})
    yield Case("whiteout-behind-link", "F4", [lower, tar(file("l/.wh.secret", ""))],
               tree={**{canary.strip("/")[:i]: "d" for i, c in enumerate(canary.strip("/") + "/") if c == "/"},
                     canary.strip("/") + "/secret": "w"})
    yield Case("opaque-behind-link", "F4", [lower, tar(file("l/.wh..wh..opq", ""))],
               tree={**{canary.strip("/")[:i]: "d" for i, c in enumerate(canary.strip("/")) if c == "/"},
                     canary.strip("/"): "o"})
    yield Case("whiteout", "F4", [lower, tar(file("d/.wh.x", ""), file(".wh.f", ""))], tree={"d": "d", "d/x": "w", "f": "w"},
               run=("ls -A d; ls f 2>/dev/null", "y"))
    yield Case("opaque", "F4", [lower, tar(file("d/.wh..wh..opq", ""), file("d/new"))], tree={"d": "o", "d/new": "f:x"},
               run=("ls -A d", "new"))
    yield Case("opaque-after", "F4", [lower, tar(file("d/new"), file("d/.wh..wh..opq", ""))], tree={"d": "o", "d/new": "f:x"},
               run=("ls -A d", "new"))
    yield Case("opaque-absent", "F4", [lower, tar(file("none/.wh..wh..opq", ""))], tree={"none": "o"})
    yield Case("opaque-root", "F4", [lower, tar(file(".wh..wh..opq", ""), file("new"))], tree={"new": "f:x"})
    yield Case("removed-and-made", "F4", [lower, tar(file(".wh.d", ""), directory("d"), file("d/new"))],
               tree={"d": "o", "d/new": "f:x"}, run=("ls -A d", "new"))
    yield Case("made-and-removed", "F4", [lower, tar(directory("d"), file("d/new"), file(".wh.d", ""))],
               tree={"d": "o", "d/new": "f:x"}, run=("ls -A d", "new"))
    yield Case("removed-parent-implied", "F4", [lower, tar(file(".wh.d", ""), file("d/new"))],
               tree={"d": "o", "d/new": "f:x"}, run=("ls -A d", "new"))
    yield Case("removed-twice", "F4", [lower, tar(file(".wh.f", ""), file(".wh.f", ""))], tree={"f": "w"})
    yield Case("removed-missing", "F4", [lower, tar(file(".wh.none", ""))], tree={"none": "w"}, run=("ls none 2>&1 | wc -l", "1"))
    yield Case("aufs-notes", "F4", [lower, tar(file(".wh..wh.plnk/1", ""), file(".wh..wh.aufs", ""))],
               tree={".wh..wh.plnk": "d", ".wh..wh.plnk/1": "f:"})
    yield Case("raw-whiteout", "F4", [lower, tar(header("f", b"3"))], refused="device 0:0")
    overlay = [("SCHILY.xattr.trusted.overlay.opaque", "y"), ("SCHILY.xattr.trusted.overlay.redirect", "/../.."),
               ("SCHILY.xattr.trusted.overlay.metacopy", ""), ("SCHILY.xattr.user.overlay.opaque", "y")]
    yield Case("overlay-attributes", "D7", [lower, tar(pax(overlay), directory("d"))], tree={"d": "d"},
               run=("ls -A d | tr '\\n' ' '", "x y "))


def ambiguous(_canary):
    """F8, F9: headers that two readers would read differently; sparse maps."""
    block = b"d" * 512
    refusals = {
        "size-rubbish": (file("f", patch=[(124, b"0000000012x")]), "size is no number"),
        "size-leading-nul": (file("f", patch=[(124, b"\x0000000000001")]), "size is no number"),
        "size-negative": (file("f", patch=[(124, b"\xff" * 12)]), "size is no number"),
        "size-huge": (file("f", patch=[(124, b"\x80\x7f" + b"\xff" * 10)]), "size is no number"),
        "size-odd-base": (file("f", patch=[(124, b"\x81" + bytes(11))]), "size is no number"),
        "pax-size-negative": (pax([("size", "-1")]) + file("f"), "size is no number"),
        "pax-size-sign": (pax([("size", "+1")]) + file("f"), "size is no number"),
        "pax-size-twice": (pax([("size", "1"), ("size", "512")]) + file("f"), "twice"),
        "pax-twice": (pax([("path", "a")]) + pax([("path", "b")]) + file("f"), "two pax headers"),
        "pax-truncated": (header("p", b"x", size=6) + pad(b"99 a=b") + file("f"), "damaged pax header"),
        "pax-length-short": (header("p", b"x", size=6) + pad(b"4 a=b\n") + file("f"), "damaged pax header"),
        "pax-nothing-after": (file("f") + pax([("path", "a")]), "describes nothing"),
        "names-differ": (gnu_long("one") + pax([("path", "two")]) + file("f"), "two names"),
        "directory-with-data": (header("d", b"5", size=512) + header("hidden"), "but has a size"),
        "symlink-with-data": (header("l", b"2", size=512, link="x") + header("hidden"), "but has a size"),
        "hardlink-with-data": (file("a") + header("h", b"1", size=512, link="a") + header("hidden"), "but has a size"),
        "device-with-data": (header("n", b"3", size=512, major=1, minor=3) + header("hidden"), "but has a size"),
        "pax-size-on-directory": (pax([("size", "512")]) + directory("d") + header("hidden"), "but has a size"),
        "kind-unknown": (header("k", b"9"), "unknown kind"),
        "kind-volume": (header("v", b"V"), "unknown kind"),
        "kind-dump-directory": (header("v", b"D", size=512) + block, "unknown kind"),
        "checksum": (file("a") + file("f", checksum=b"0000001\x00"), "checksum is wrong"),
        "checksum-signed": (file("a") + header(b"\xff", checksum=signed_sum(b"\xff")), "checksum is wrong"),
        "magic": (file("a") + header("f", magic=b"weirdo00"), "unknown format"),
        "star": (file("a") + header("f", patch=[(508, b"tar\x00")]), "format of star"),
        "lone-zero": (file("a") + bytes(512) + file("b"), "lone block of zeros"),
        "sparse-name-only": (pax([("GNU.sparse.name", "other")]) + file("f"), "has no map"),
        "realsize": (pax([("SCHILY.realsize", "99")]) + file("f"), "SCHILY.realsize"),
        "uid-negative": (pax([("uid", "-1")]) + file("f"), "uid is no number"),
        "uid-none": (pax([("uid", "4294967295")]) + file("f"), "an id that no file can have"),
        "sparse-overlap": (sparse_1_0("s", 2048, [(0, 512), (0, 512)], block * 2), "overlap"),
        "sparse-past-end": (sparse_1_0("s", 100, [(1 << 40, 512)], block), ""),
        "sparse-count-lie": (sparse_1_0("s", 100, [(0, 1)], block, count=1 << 40), ""),
        "sparse-million": (sparse_1_0("s", 1 << 30, [(i * 2, 0) for i in range(300000)]), "more than 65536 stretches"),
        "pax-huge": (header("p", b"x", size=5 << 20) + bytes(5 << 20) + file("f"), "more than 4 MiB"),
    }
    for label, (body, why) in refusals.items():
        yield Case("tar-" + label, "F8", [tar(body)], refused=why or "layer 1")
    # What readers agree on.
    yield Case("tar-pax-size-wins", "F8", [tar(pax([("size", "512")]), header("f", size=0), block, file("g"))],
               tree={"f": "f:" + "d" * 512, "g": "f:x"})
    yield Case("tar-two-archives", "F8", [tar(file("a")) + tar(file("b"))], tree={"a": "f:x"})
    yield Case("tar-no-end", "F8", [file("a")], tree={"a": "f:x"})
    yield Case("tar-blanks", "F8", [tar(file("f", patch=[(124, b"         1  ")]))], tree={"f": "f:x"})
    yield Case("tar-base-256", "F8", [tar(file("f", patch=[(124, b"\x80" + bytes(10) + b"\x01")]))], tree={"f": "f:x"})
    yield Case("tar-time-before-1970", "F8", [tar(file("f", patch=[(136, b"\xff" * 11 + b"\x00")]))], tree={"f": "f:x"})
    yield Case("tar-duplicate", "F8", [tar(file("f", "one"), file("f", "two"))], tree={"f": "f:two"})
    yield Case("tar-sparse", "F9", [tar(sparse_1_0("s", 1024, [(512, 4)], pad(b"data")))],
               tree={"s": "f:" + "\0" * 512 + "data" + "\0" * 508})
    yield Case("tar-empty", "F8", [END], tree={})
    yield Case("tar-cut-in-data", "F8", [file("f", "x" * 2000)[:1500]], refused="cut off")
    yield Case("tar-cut-in-header", "F8", [file("a") + header("f")[:300]], refused="cut off")


def special(_canary):
    """F12, F13, F14: devices, owners, the root entry."""
    device = "for d in mem disk; do head -c1 /$d >/dev/null 2>&1 && echo opened $d; done; echo done"
    yield Case("devices", "F12,D6", [tar(header("mem", b"3", mode=0o666, major=1, minor=1),
                                         header("disk", b"4", mode=0o666, major=8), header("pipe", b"6"))],
               tree={"mem": "c1:1", "disk": "b8:0", "pipe": "p"}, run=(device, "done"))
    yield Case("fifo-linked-above", "F12", [tar(header("pipe", b"6")), tar(hardlink("again", "pipe"))],
               tree={"pipe": "p", "again": "p"})
    yield Case("setuid", "F12", [tar(file("s", mode=0o6755, uid=3))], tree={"s": "f:x"}, stat={"s": (0o6755, 3)})
    capability = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)
    marks = [("SCHILY.xattr.security.capability", capability), ("SCHILY.xattr.security.selinux", "x"),
             ("SCHILY.xattr.trusted.md5", "x"), ("SCHILY.xattr.user.note", "x")]
    yield Case("attributes", "F12", [tar(pax(marks), file("a"))], tree={"a": "f:x xattrs=security.capability,user.note"})
    yield Case("owner-65536", "F13", [tar(file("big", uid=65536))], tree={"big": "f:x"}, stat={"big": (0o644, 65536)})
    yield Case("owner-4294967295", "F13", [tar(file("big", uid=(1 << 32) - 1))], refused="an id that no file can have")
    yield Case("owner-2-to-40", "F13", [tar(file("big", gid=1 << 40))], refused="an id that no file can have")
    for label, entry in [("symlink", symlink(".", "/")), ("symlink-slash", symlink("./", "/")), ("file", file(".")),
                         ("device", header("/", b"3", major=1, minor=3)), ("fifo", header("./", b"6"))]:
        yield Case(f"root-{label}", "F14", [tar(entry)], refused="the layer's root is not a directory")
    yield Case("root-hardlink", "F14", [tar(file("f"), hardlink(".", "f"))], refused="the layer's root is not a directory")
    yield Case("root-whiteout-of-itself", "F14", [tar(file("./.wh..", ""))], refused="removes no file")
    yield Case("file-below-file", "F14", [tar(file("f"), file("f/x"))], refused="is not a directory")
    yield Case("root-mode", "F14", [tar(directory("./", mode=0o701, uid=5))], tree={}, run=("stat -c '%a %u' /", "701 5"))


def compressed(_canary):
    """F10, F16: what is between the archive and its bytes."""
    plain = tar(file("f"))
    magic = b"\x28\xb5\x2f\xfd"
    raw_cases = {
        "gzip-garbage-after": (gzip.compress(plain) + b"garbage", "gzip data is damaged"),
        "gzip-cut": (gzip.compress(plain)[:-9], "gzip data is cut off"),
        "gzip-crc": (gzip.compress(plain)[:-8] + bytes(8), "gzip data is damaged"),
        "zstd-cut": (zstd(plain)[:-5], "zstd data is cut off"),
        "zstd-garbage-after": (zstd(plain) + b"garbage", "zstd data is damaged"),
        "zstd-window-2-to-41": (magic + b"\x00\xf8" + bytes(40), "zstd data is damaged or out of bounds"),
        "zstd-dictionary": (magic + b"\x21\x07\x00" + bytes(40), "zstd data is damaged or out of bounds"),
        "xz": (b"\xfd7zXZ\x00" + bytes(40), "xz or bzip2"),
        "padding-80-mib": (gzip.compress(plain + bytes(80 << 20), 1), "more than 64 MiB follow"),
    }
    for label, (data, why) in raw_cases.items():
        yield Case("packed-" + label, "F10", [plain], raw_layer=data, refused=why)
    many = b"".join(gzip.compress(plain[i:i + 1], 1, mtime=0) for i in range(len(plain)))
    empty = gzip.compress(b"", 1, mtime=0) * 100000
    toc = b"\x50\x2a\x4d\x18" + struct.pack("<I", 26) + b'{"entries":[{"name":"x"}]}'
    yield Case("packed-gzip-member-a-byte", "F10", [plain], raw_layer=many, tree={"f": "f:x"})
    yield Case("packed-gzip-empty-members", "F10", [plain], raw_layer=empty + gzip.compress(plain), tree={"f": "f:x"})
    yield Case("packed-zstd-two-frames", "F10", [plain], raw_layer=zstd(plain[:512]) + zstd(plain[512:]), tree={"f": "f:x"})
    yield Case("packed-toc-is-ignored", "F16", [plain], raw_layer=toc + zstd(plain) + toc, tree={"f": "f:x"})


def cases(canary):
    for part in (named, linked, removed, ambiguous, special, compressed):
        yield from part(canary)


def image_config(layers, **more):
    return json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/busybox", "sh"]},
                       "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]}, **more}).encode()


LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def descriptor(data, kind, **more):
    return {"mediaType": kind, "digest": digest(data), "size": len(data), **more}


def archive(files):
    """files: (name, bytes) pairs, or ready blocks."""
    return b"".join(one if isinstance(one, bytes) else file(*one) for one in files) + END


def blob(data):
    return "blobs/sha256/" + digest(data)[7:], data


def index_of(descriptors, name="evil:1"):
    named = [{**one, "annotations": {"org.opencontainers.image.ref.name": name}} for one in descriptors]
    return json.dumps({"schemaVersion": 2, "manifests": named}).encode()


def manifest_of(config, layers, **more):
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(config, CONFIG),
                       "layers": [descriptor(layer, LAYER) for layer in layers], **more}).encode()


LAYOUT = ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')


def oci(layers, blobs):
    config = image_config(layers)
    manifest = manifest_of(config, blobs)
    return archive([LAYOUT, ("index.json", index_of([descriptor(manifest, MANIFEST)])), blob(manifest), blob(config),
                    *dict(blob(one) for one in blobs).items()])


def docker(layers, blobs):
    config = image_config(layers)
    names = ["%d/layer.tar" % i for i in range(len(blobs))]
    manifest = json.dumps([{"Config": "config.json", "RepoTags": ["evil:1"], "Layers": names}]).encode()
    return archive([*zip(names, blobs), ("config.json", config), ("manifest.json", manifest)])


def make(case, form, packing):
    """The archive of a case. Docker archives are packed as a whole, too."""
    blobs = [case.raw_layer] if case.raw_layer is not None else [packed(layer, packing) for layer in case.layers]
    if form == "oci":
        return oci(case.layers, blobs)
    return packed(docker(case.layers, blobs), packing)


def main():
    if sys.argv[1:] == ["list"]:
        for case in cases("/canary"):
            print(case.rows, case.name)
    else:
        _, name, form, packing, canary, path = sys.argv[1:]
        found = next(case for case in cases(canary) if case.name == name)
        with open(path, "wb") as out:
            out.write(make(found, form, packing))


if __name__ == "__main__":
    main()
