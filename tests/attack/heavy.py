"""What takes long: bombs, millions of entries, kill -9 at random moments, many loads at once, full disks."""
import contextlib
import gzip
import os
import random
import signal
import subprocess
import time

import evil_tar

GIB = 1 << 30


@contextlib.contextmanager
def on_tmpfs(lab, options):
    """The store is on a disk of its own meanwhile."""
    disk = lab.top + "/disk"
    os.makedirs(disk, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=True)
    saved, lab.root = lab.root, disk + "/root"
    try:
        yield
    finally:
        lab.root = saved
        subprocess.run(["umount", disk], check=True)


def used(path):
    """Bytes below `path`, every file once."""
    return int(subprocess.run(["du", "-s", "-B1", path], stdout=subprocess.PIPE, check=True).stdout.split()[0])


def zeros(count, packing):
    """`count` GiB of zeros, packed: many members or frames say what one would."""
    block = bytes(GIB // 16)
    return (gzip.compress(block, 9, mtime=0) if packing == "gzip" else evil_tar.zstd(block)) * (16 * count)


def bombs(lab, check):
    head = evil_tar.header("zeros", patch=[(124, b"\x80" + (10 * GIB).to_bytes(11, "big"))])
    plain = evil_tar.tar(evil_tar.file("f"))
    for packing in ("gzip", "zstd"):
        def one(packing=packing):
            bomb = evil_tar.packed(head, packing) + zeros(10, packing)
            for archive in (evil_tar.docker([plain], [bomb]), evil_tar.oci([plain], [bomb]), bomb):
                lab.fresh()
                result = lab.load(archive)
                lab.check_refused(result, "decompression bomb")
                check(used(lab.root) < 1 << 20, "disk is still used")
                lab.check_canary()
        yield f"F10 10 GiB of zeros in {packing}", one


def entries(lab, check):
    block = 5000

    def many(count, entry):
        yield b"\x1f"[:0]
        for start in range(0, count, block):
            yield gzip.compress(b"".join(entry(i) for i in range(start, start + block)), 1, mtime=0)

    def load(count, entry):
        lab.fresh()
        layer = b"".join(many(count, entry)) + gzip.compress(evil_tar.END)
        start = time.monotonic()
        result = lab.load(evil_tar.docker([evil_tar.END], [layer]), "-q")
        print(f"# {count} entries: {time.monotonic() - start:.1f} s, {result.stderr.decode()[-120:].strip()}")
        return result

    def files():
        lab.check_refused(load(1_000_000, lambda i: evil_tar.header("%d/%d" % (i // 1000, i))), "its content has digest")
    yield "F11 a million files, unpacked and, as the digest is wrong, removed", files

    def links():
        result = load(200_000, lambda i: evil_tar.hardlink("h%d" % i, "f") if i else evil_tar.header("f"))
        lab.check_refused(result, "Too many links")
    yield "F11 more hard links than a file may have", links

    def too_many():
        same = evil_tar.file(".wh.x", "") * block
        packed_block = gzip.compress(same, 1, mtime=0)
        lab.fresh()
        layer = packed_block * 801 + gzip.compress(evil_tar.END)
        lab.check_refused(lab.load(evil_tar.docker([evil_tar.END], [layer])), "more than four million entries")
    yield "F11 four million entries and some", too_many

    def deep():
        lab.fresh()
        layer = evil_tar.tar(evil_tar.pax([("path", "a/" * 2047)]), evil_tar.directory("a"),
                             evil_tar.symlink("l", "a/" * 1000), evil_tar.pax([("path", "l/" + "b/" * 2000)]),
                             evil_tar.directory("b"))
        result = lab.load(evil_tar.docker([layer], [layer]))
        check(result.returncode == 0, f"{result.stderr}")
        lab.fresh()
        layer = evil_tar.tar(*(evil_tar.pax([("path", "l%d/" % i + "a/" * 1900)]) + evil_tar.directory("a") +
                               evil_tar.symlink("l%d" % (i + 1), ("l%d/" % i + "a/" * 19)[:99]) for i in range(60)))
        lab.load(evil_tar.docker([layer], [layer]))
        lab.check_store()
    yield "F11 directories as deep as names reach", deep


def disks(lab, check, good_archive):
    def on_disk(options, archive, why, room=True):
        with on_tmpfs(lab, options):
            result = lab.load(archive)
            text = result.stderr.decode()
            check(result.returncode in (0, 1), f"status {result.returncode}: {text}")
            if result.returncode == 0:
                lab.check_store()
                return 0
            check("No space left on device" in text and text.count("\n") == 1, text)
            check(why in text, f"wanted {why!r}: {text}")
            if room:
                lab.check_store(empty=True)
                check(used(lab.root) < 1 << 18, "disk is still used")
                check(lab.load(good_archive()).returncode == 0, "a good archive is not taken afterwards")
            return 1

    def sizes():
        layer = evil_tar.tar(*(evil_tar.file("f%d" % i, os.urandom(20000)) for i in range(60)))
        archive = evil_tar.docker([layer], [layer])
        statuses = [on_disk(f"size={size}k", archive, "", room=size > 300) for size in range(8, 3600, 160)]
        check(0 in statuses and 1 in statuses, f"{statuses}")
    yield "a full disk at any moment is one sentence, and nothing is left", sizes

    def reserve():
        layer = evil_tar.tar(*(evil_tar.file("f%d" % i, os.urandom(1 << 20)) for i in range(60)))
        check(on_disk("size=200m", evil_tar.oci([layer], [evil_tar.packed(layer, "gzip")]), "") == 0, "it fits")
        check(on_disk("size=110m", evil_tar.oci([layer], [evil_tar.packed(layer, "gzip")]), "") == 1, "it does not fit")
        layer = evil_tar.tar(*(evil_tar.header("f%d" % i) for i in range(30000)))
        check(on_disk("size=500m,nr_inodes=20300", evil_tar.docker([layer], [layer]), "too few free inodes") == 1, "it fits")
    yield "F10 an archive stops before the disk is full", reserve


def image(count, layers=3):
    made = [evil_tar.tar(*(evil_tar.file("d%d/f%d-%d" % (i % 20, number, i), "x" * 1000) for i in range(count)))
            for number in range(layers)]
    return evil_tar.oci(made, [evil_tar.packed(one, "gzip") for one in made])


def deaths(lab, check, good_archive):
    def start(path):
        return subprocess.Popen([lab.program, "--root", lab.root, "--runroot", lab.runroot, "load", "-q", "-i", path],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def written(archive):
        path = lab.top + "/archive"
        with open(path, "wb") as out:
            out.write(archive)
        return path

    def parallel():
        lab.fresh()
        path = written(image(200))
        loads = [start(path) for _ in range(50)]
        for one in loads:
            text = one.communicate()[0].decode()
            check(one.returncode == 0 and text.count("\n") == 1, text)
        lab.check_store()
        lab.check_skopeo()
        check(len(os.listdir(lab.root + "/layers")) == 3, "there are other layers than the image's")
    yield "F7 fifty loads of one image at once", parallel

    def killed():
        lab.fresh()
        path = written(image(300))
        begin = time.monotonic()
        check(start(path).wait() == 0, "the image does not load")
        takes = time.monotonic() - begin
        whole = used(lab.root)
        lab.fresh()
        chance = random.Random(7)
        shown = 0
        for i in range(200):
            if i % 4 == 3:
                lab.fresh()
            loads = [start(path) for _ in range(chance.choice([1, 1, 2]))]
            for one in loads:
                time.sleep(chance.random() * takes / len(loads))
                one.send_signal(signal.SIGKILL)
            for one in loads:
                one.communicate()
            if not os.path.exists(lab.root + "/oci-layout"):
                continue
            listed = lab.planet("images", "-q")
            check(listed.returncode == 0, f"images: {listed.stderr}")
            shown += listed.stdout.count(b"\n")
            lab.check_store(staged=True)
            if listed.stdout and i % 4 == 2:
                lab.check_skopeo()
        check(0 < shown < 200, f"{shown} of 200 were killed too late: this shows nothing")
        check(lab.load(good_archive()).returncode == 0, "a good archive is not taken afterwards")
        lab.check_store()
        lab.fresh()
        check(start(written(image(300))).wait() == 0, "the image does not load any more")
        check(abs(used(lab.root) - whole) < 1 << 16, f"space has leaked: {used(lab.root)} for {whole}")
        print(f"# a load takes {takes:.2f} s; {shown} of 200 kills came after the image was there")
    yield "F7 kill -9 at 200 random moments", killed

    def leak():
        lab.fresh()
        path = written(image(300))
        chance = random.Random(8)
        check(start(path).wait() == 0, "the image does not load")
        whole = used(lab.root)
        path = written(image(300, 5))
        for _ in range(10):
            one = start(path)
            time.sleep(chance.random() * .2)
            one.send_signal(signal.SIGKILL)
            one.communicate()
        check(lab.load(good_archive()).returncode == 0, "a good archive is not taken")
        lab.check_store()
        check(used(lab.root) - whole < 8 << 20, f"killed loads have left {used(lab.root) - whole} bytes")
    yield "F7 what killed loads leave does not pile up", leak


def in_memory(lab, attacks_there):
    """The same attacks with the store on a tmpfs: what they show does not depend on the disk, their time does."""
    for name, attack in attacks_there:
        def one(attack=attack):
            with on_tmpfs(lab, "size=4g"):
                attack()
        yield name, one


def attacks(lab, check, good_archive):
    yield from in_memory(lab, deaths(lab, check, good_archive))
    yield from disks(lab, check, good_archive)
    yield from in_memory(lab, bombs(lab, check))
    yield from entries(lab, check)
