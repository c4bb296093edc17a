#!/usr/bin/env python3
"""Drives hostile archives through `planet load`, and `planet run` where the effect is to be seen. Prints TAP.

    load_attack.py [--heavy] [PART OF A NAME...]

After each: the canary is untouched, nothing is staged, a refusal was one sentence with status 1 and has left nothing, every
blob of the store has the digest that names it. --heavy: instead, bombs, millions of entries, kill -9 at random moments.
"""
import hashlib
import os
import stat
import subprocess
import sys
import tempfile
import time

import canary as canary_module
import documents
import evil_tar
import heavy
import readers

ROOT = os.path.realpath(__file__ + "/../../..")
PLANET = os.environ.get("PLANET_BIN", ROOT + "/build/planet")


class Failed(Exception):
    pass


def check(good, why):
    if not good:
        raise Failed(why)


def remove(path):
    """rm: Python's own rmtree ends at a depth of a thousand."""
    subprocess.run(["rm", "-rf", "--", path], check=True)


class Lab:
    """A directory with a canary, and a store that is made anew for every attack."""
    program = PLANET

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="planet-attack-", dir="/var/tmp")
        self.canary = canary_module.Canary(self.top + "/canary")
        self.root, self.runroot = self.top + "/root", self.top + "/run"

    def close(self):
        remove(self.top)

    def planet(self, *args, stdin=subprocess.DEVNULL, timeout=600):
        return subprocess.run([PLANET, "--root", self.root, "--runroot", self.runroot, *args], stdin=stdin,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False)

    def load(self, archive, *more):
        path = self.top + "/archive"
        with open(path, "wb") as out:
            out.write(archive)
        return self.planet("load", "-i", path, *more)

    def fresh(self):
        remove(self.root)

    def check_canary(self):
        changed = self.canary.changes()
        check(not changed, f"the canary has changed: {changed}")

    def check_store(self, empty=False, staged=False):
        check(staged or os.listdir(self.root + "/staging") == [], "something is left in staging")
        check(not [name for name in os.listdir(self.root) if ".new." in name], "a temporary file is left")
        for part in ("blobs/sha256", "layers", "images", "tags"):
            names = os.listdir(f"{self.root}/{part}")
            check(not empty or names == [], f"{part} has {names}")
            check(part == "tags" or all(len(name) == 64 for name in names), f"{part} has {names}")
        for name in os.listdir(self.root + "/blobs/sha256"):
            with open(f"{self.root}/blobs/sha256/{name}", "rb") as data:
                check(hashlib.sha256(data.read()).hexdigest() == name, f"blob {name} has another digest")

    def check_refused(self, result, why):
        text = result.stderr.decode(errors="replace")
        check(result.returncode == 1, f"status {result.returncode}, wanted 1: {text}")
        check(why in text, f"wanted {why!r}, got {text!r}")
        check(text.count("\n") == 1, f"not one line: {text!r}")
        self.check_store(empty=True)

    def top_layer(self):
        with open(f"{self.root}/images/{os.listdir(self.root + '/images')[0]}", encoding="utf-8") as text:
            return f"{self.root}/layers/{documents.json.load(text)['chain'][0]}/fs"

    def check_skopeo(self):
        result = subprocess.run(["skopeo", "inspect", f"oci:{self.root}:docker.io/library/evil:1"], check=False,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        check(result.returncode == 0, f"skopeo: {result.stderr}")


def describe(path):
    st = os.lstat(path)
    kind = stat.S_IFMT(st.st_mode)
    if kind == stat.S_IFLNK:
        return "l:" + os.readlink(path)
    attributes = os.listxattr(path)
    if kind == stat.S_IFDIR:
        return "o" if "trusted.overlay.opaque" in attributes else "d"
    if kind == stat.S_IFREG:
        with open(path, "rb") as data:
            text = "f:" + data.read().decode("utf-8", "surrogateescape")
        return text + (" xattrs=" + ",".join(sorted(attributes)) if attributes else "")
    if kind == stat.S_IFIFO:
        return "p"
    numbers = f"{os.major(st.st_rdev)}:{os.minor(st.st_rdev)}"
    if kind == stat.S_IFCHR:
        return "w" if numbers == "0:0" else "c" + numbers
    return "b" + numbers


def tree_of(top):
    found = {}
    for here, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(here, name)
            found[os.path.relpath(path, top)] = describe(path)
    return found


def check_accepted(lab, case, result):
    check(result.returncode == 0, f"status {result.returncode}: {result.stderr.decode(errors='replace')}")
    layer = lab.top_layer()
    found = tree_of(layer)
    check(found == case.tree, f"the layer is {found}, wanted {case.tree}")
    for path, (mode, uid) in (case.stat or {}).items():
        st = os.lstat(f"{layer}/{path}")
        check((stat.S_IMODE(st.st_mode), st.st_uid) == (mode, uid), f"{path}: {st.st_mode:o} {st.st_uid}")
    lab.check_store()


def run_in(lab, command, *flags):
    return lab.planet("run", "--rm", "--network", "none", "-v", "/bin/busybox:/.tools/busybox:ro", *flags, "evil:1",
                      "/.tools/busybox", "sh", "-c", command)


def attack(lab, case, form, packing):
    lab.fresh()
    result = lab.load(evil_tar.make(case, form, packing))
    lab.check_canary()
    if case.refused:
        lab.check_refused(result, case.refused)
        return
    check_accepted(lab, case, result)
    if form == "docker" and packing == "gzip":
        lab.check_skopeo()
        if case.run:
            command, said = case.run
            ran = run_in(lab, "cd /; " + command)
            check(ran.stdout.decode().strip() == said.strip(), f"{command}: {ran.stdout} {ran.stderr}")
            lab.check_canary()


def corpus(lab):
    for case in evil_tar.cases(lab.canary.path):
        def one(case=case):
            for form in ("oci", "docker"):
                for packing in ("plain",) if case.raw_layer is not None else ("plain", "gzip", "zstd"):
                    try:
                        attack(lab, case, form, packing)
                    except Failed as failed:
                        raise Failed(f"{form}, {packing}: {failed}") from failed
        yield f"{case.rows} {case.name}", one


def good_archive():
    layer = evil_tar.tar(evil_tar.file("f"))
    return evil_tar.docker([layer], [layer])


def archives(lab):
    """Archives whose documents lie, rather than their layers."""
    for name, archive, refused in documents.hostile(lab.canary.path):
        def one(archive=archive, refused=refused):
            lab.fresh()
            result = lab.load(archive)
            lab.check_canary()
            if refused is not None:
                lab.check_refused(result, refused)
                start = time.monotonic()
                check(lab.load(good_archive()).returncode == 0, "a good archive is not taken afterwards")
                check(time.monotonic() - start < 5, "a good archive takes long afterwards")
            else:
                check(result.returncode == 0, f"refused: {result.stderr}")
                lab.check_skopeo()
            lab.check_store()
        yield name, one


def other(lab):
    def wide_ids():
        lab.fresh()
        layer = evil_tar.tar(evil_tar.file("small"), evil_tar.file("dir/big", uid=70000))
        check(lab.load(evil_tar.docker([layer], [layer])).returncode == 0, "not loaded")
        ran = run_in(lab, "true")
        text = ran.stderr.decode()
        check(ran.returncode == 125 and text.count("\n") == 1, f"status {ran.returncode}: {text}")
        for word in ("dir/big", "70000", "--userns host"):
            check(word in text, f"{word} is not named: {text}")
        ran = run_in(lab, "stat -c %u /dir/big", "--userns", "host")
        check(ran.stdout.strip() == b"70000", f"with the remedy: {ran}")
    yield "F13 an owner past the range is named, with the remedy", wide_ids

    def layers(count):
        def one():
            saved, lab.root = lab.root, lab.top + "/r,o:o\\t=x"
            try:
                made = [evil_tar.tar(evil_tar.file("f%d" % i)) for i in range(count)]
                result = lab.load(evil_tar.docker(made, made))
                if count > 500:
                    lab.check_refused(result, "more than 500 layers")
                else:
                    check(result.returncode == 0, f"not loaded: {result.stderr}")
                    ran = run_in(lab, f"ls / | grep -c ^f; cat /f0 /f{count - 1}")
                    check(ran.stdout.split() == [b"%d" % count, b"xx"], f"{ran}")
            finally:
                remove(lab.root)
                lab.root = saved
        return one
    yield "F18 500 layers below a root with commas and colons run", layers(500)
    yield "F18 501 layers are refused", layers(501)

    def inputs():
        for data, why in ((b"", "no image archive"), (b"\0" * 512, "no image archive"), (b"x" * 100, "neither a tar archive"),
                          (b"\x1f\x8b", "gzip data is"), (os.urandom(4096), "neither a tar archive")):
            lab.fresh()
            lab.check_refused(lab.load(data), why)
        for path, why in ((lab.top, "directory"), (lab.top + "/none", "No such file")):
            result = lab.planet("load", "-i", path)
            lab.check_refused(result, why)
    yield "archives that are none", inputs

    def flipped():
        good = evil_tar.oci(*[[evil_tar.tar(evil_tar.file("f", "y" * 600))]] * 2)
        for at in range(0, len(good), 97):
            for damaged in (good[:at], good[:at] + bytes([good[at] ^ 4]) + good[at + 1:]):
                lab.fresh()
                result = lab.load(damaged)
                if result.returncode != 0:
                    lab.check_refused(result, "")
                lab.check_store()
                lab.check_canary()
    yield "an archive cut and flipped in a hundred places", flipped


def part(lab, wanted_heavy):
    if wanted_heavy:
        yield from heavy.attacks(lab, check, good_archive)
        return
    yield from corpus(lab)
    yield from archives(lab)
    yield from readers.comparisons(lab, check)
    yield from other(lab)


def main():
    words = [arg for arg in sys.argv[1:] if arg != "--heavy"]
    lab = Lab()
    number = bad = 0
    try:
        for name, one in part(lab, "--heavy" in sys.argv):
            if words and not any(word in name for word in words):
                continue
            number += 1
            try:
                one()
                print(f"ok {number} {name}", flush=True)
            except (Failed, subprocess.TimeoutExpired, OSError) as failed:
                bad += 1
                print(f"not ok {number} {name}\n# {str(failed)[:2000]}", flush=True)
    finally:
        lab.close()
    print(f"1..{number}")
    return 1 if bad or number == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
