"""F8: what GNU tar and bsdtar both read in an archive, Planet unpacks, or refuses the archive."""
import os
import random
import subprocess

import evil_tar

SEED = 20240229
ROUNDS = 400


def listing(program, path):
    """{name: (kind, size, link)} as the program sees the archive; None if it complains."""
    result = subprocess.run([program, "-tvf", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                            env={"LC_ALL": "C", "PATH": os.environ["PATH"], "TZ": "UTC"})
    if result.returncode != 0 or result.stderr:
        return None
    seen = {}
    for line in result.stdout.decode("latin-1").splitlines():
        words = line.split()
        if program == "tar":
            kind, size, rest = line[0], words[2], " ".join(words[5:])
        else:
            kind, size, rest = line[0], words[4], " ".join(words[8:])
        link = ""
        for arrow in (" -> ", " link to "):
            if kind in "lh-" and arrow in rest:
                rest, link = rest.split(arrow, 1)
                kind = "h" if arrow == " link to " else kind
        kind = "-" if kind == "C" else kind  # contiguous, once upon a time
        seen[rest.strip("/")] = (kind, int(size) if kind == "-" and size.isdigit() else 0, link)
    return seen


def entry(chance, i):
    """A file, directory or link whose header is written in one of the many ways that exist."""
    data = b"%d" % i * chance.randrange(0, 700)
    magic = chance.choice([evil_tar.USTAR, evil_tar.GNU, evil_tar.V7])
    prefix = chance.choice([b"", b"pre", b"pre/fix"]) if magic == evil_tar.USTAR else b""
    kind = chance.choice([b"0", b"0", b"0", b"\x00", b"7", b"5", b"2", b"1"])
    if kind in (b"1", b"2", b"5"):
        data = b""
    before = chance.choice([b"", b"", evil_tar.pax([("path", "p%d" % i)]), evil_tar.gnu_long("long%d" % i),
                            evil_tar.pax([("size", str(len(data)))]), evil_tar.pax([("comment", "c")], b"g")])
    return before, dict(name="n%d" % i, kind=kind, size=len(data), link="n0" if kind in b"12" else "", magic=magic,
                        prefix=prefix), data


def entries(chance):
    """Four entries; in half of the archives something is wrong with one."""
    wrong = chance.randrange(8)
    parts = [evil_tar.file("n0")]
    for i in range(1, 5):
        before, fields, data = entry(chance, i)
        if i == wrong:
            how = chance.randrange(6)
            if how == 0:
                fields["size"] = chance.choice([0, 100, 512])
            elif how == 1:
                fields["kind"] = chance.choice([b"S", b"A", b"1", b"2", b"5", b"V", b"8"])
            elif how == 2:
                fields["patch"] = [(chance.randrange(124, 136), bytes([chance.choice(b"0 7x8\x00\xff\x80\n")]))]
            elif how == 3:
                fields["patch"] = [(chance.randrange(512), bytes([chance.randrange(256)]))]
            elif how == 4:
                before += evil_tar.pax([(chance.choice(["size", "path", "uid"]), str(chance.randrange(2000)))])
            else:
                before += bytes(512)
        parts.append(before + evil_tar.header(**fields) + evil_tar.pad(data))
    return b"".join(parts) + chance.choice([evil_tar.END, b"", bytes(512), evil_tar.END + parts[0]])


def as_planet_has_it(top):
    found = {}
    for here, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(here, name)
            link = os.readlink(path) if os.path.islink(path) else ""
            kind = "l" if link else "d" if os.path.isdir(path) else "-"
            found[os.path.relpath(path, top)] = (kind, os.lstat(path).st_size if kind == "-" else 0, link)
    return found


def same(ours, theirs, check):
    for name, (kind, size, link) in theirs.items():
        check(name in ours, f"{name!r} is missing: they see {theirs}, we {ours}")
        if kind == "h":
            check(ours[name][0] == "-", f"{name!r} is {ours[name]}, they see {theirs}")
        else:
            check(ours[name] == (kind, size, link), f"{name!r} is {ours[name]}, they see {theirs}")
    parents = {name.rsplit("/", 1)[0] for name in theirs if "/" in name}
    more = {name for name in ours.keys() - theirs.keys() if not any((one + "/").startswith(name + "/") for one in parents)}
    check(not more, f"{more} is there: they see {theirs}")


def comparisons(lab, check):
    def one():
        chance = random.Random(SEED)
        agreed = taken = 0
        for i in range(ROUNDS):
            layer = entries(chance)
            path = lab.top + "/layer.tar"
            with open(path, "wb") as out:
                out.write(layer)
            gnu, bsd = listing("tar", path), listing("bsdtar", path)
            lab.fresh()
            result = lab.load(evil_tar.docker([layer], [layer]))
            check(result.returncode in (0, 1), f"round {i}: {result}")
            agreed += gnu is not None and gnu == bsd
            if result.returncode != 0:
                lab.check_refused(result, "")
                continue
            taken += 1
            ours = as_planet_has_it(lab.top_layer())
            if gnu is None and bsd is None:
                continue
            for theirs in (gnu, bsd):
                if theirs is not None and (gnu is None or bsd is None or gnu == bsd):
                    same(ours, theirs, lambda good, why, i=i: check(good, f"round {i}: {why}"))
            check(gnu is None or bsd is None or gnu == bsd, f"round {i}: taken, but {gnu} is not {bsd}")
        check(agreed > ROUNDS / 3 and taken > ROUNDS / 3, f"only {agreed} agreed on, {taken} taken: this shows nothing")
        print(f"# of {ROUNDS} archives GNU tar and bsdtar agree on {agreed}, {taken} are taken")
    yield "F8 GNU tar and bsdtar see the same, or it is refused", one

    def sparse():
        path = lab.top + "/sparse"
        with open(path, "wb") as out:
            for i in range(0, 200, 2):
                out.seek(i << 16)
                out.write(b"data")
            out.truncate(400 << 16)
        with open(path, "rb") as text:
            content = text.read()
        for how in (["--format=gnu"], *(["--format=pax", "--sparse-version=" + one] for one in ("0.0", "0.1", "1.0"))):
            layer = subprocess.run(["tar", "-S", *how, "-C", lab.top, "-cf", "-", "sparse"], stdout=subprocess.PIPE,
                                   check=True).stdout
            lab.fresh()
            result = lab.load(evil_tar.docker([layer], [layer]))
            check(result.returncode == 0, f"{how}: {result.stderr}")
            made = lab.top_layer() + "/sparse"
            with open(made, "rb") as text:
                check(text.read() == content, f"{how}: other content")
            check(os.stat(made).st_blocks * 512 < 4 << 20, f"{how}: the holes are filled")
    yield "F9 sparse files as GNU tar writes them", sparse
