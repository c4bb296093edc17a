#!/usr/bin/env python3
"""The same command lines to docker and to planet: exit status, essential output and effect have to be equal.

    compare.py PLANET [WORD...]        the cases whose name contains one of the words; without words all

What differs on purpose is marked in cases.py and has its reason in docs/docker-differences.md. A mark on what does not
differ is a failure, too. dockerd runs in namespaces of its own, and ends with them; nothing of either may be left.
"""
import concurrent.futures
import difflib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import cases

HERE = pathlib.Path(__file__).resolve().parent
DIFFERENCES = HERE.parent.parent / "docs" / "docker-differences.md"
DOCKER_PLACES = ("/run", "/var/lib/docker", "/var/lib/containerd", "/etc/docker")
LONGEST = 60  # seconds that one line may take

# What no two engines, or two runs, have in common.
VARIABLE = [
    (re.compile(r"\b(sha256:)?[0-9a-f]{64}\b"), "<id>"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| ?[+-]\d\d:?\d\d)?( UTC)?"), "<time>"),
    (re.compile(r"(Less than a second|About an? \w+|\d+ (second|minute|hour|day|week|month|year)s?)( ago)?"), "<age>"),
    (re.compile(r"[ \t]{2,}"), "  "),
]


def essential(text):
    for pattern, word in VARIABLE:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


class Engine:
    """One of the two: what runs a line of a case, in a directory of its own."""

    def __init__(self, name, command, folder):
        self.name, self.folder = name, folder
        self.prelude = f'e() {{ {command} "$@"; }}\n'
        folder.mkdir()

    def run(self, line, limit=LONGEST):
        """Status and output, without what is variable; errors count where a line asks for them by 2>&1."""
        environment = dict(os.environ, DOCKER_CONFIG=str(self.folder), LC_ALL="C.UTF-8")
        try:
            done = subprocess.run(["bash", "-c", self.prelude + line], cwd=self.folder, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=limit, env=environment)
        except subprocess.TimeoutExpired:
            return "no end", "", ""
        return done.returncode, essential(done.stdout.decode(errors="replace")), done.stderr.decode(errors="replace")

    def clean(self):
        self.run(cases.CLEAN)
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def play(engine, lines):
    return [engine.run(line) for line, _ in lines]


def judge(lines, docker, planet, reasons):
    """The complaints about one case."""
    for (line, mark), expected, got in zip(lines, docker, planet):
        same = expected[:2] == got[:2]
        if mark and same:
            yield f"{line}\n    marked {mark!r}, but does not differ"
        elif mark and mark not in reasons:
            yield f"{line}\n    the mark {mark!r} is no row of {DIFFERENCES.name}"
        elif not mark and not same:
            shown = difflib.unified_diff([f"status {expected[0]}", *expected[1].splitlines()],
                                         [f"status {got[0]}", *got[1].splitlines()], "docker", "planet", lineterm="")
            said = "".join(f"\n    {name}: {text.strip()[:300]}" for name, text in
                           (("docker", expected[2]), ("planet", got[2])) if text.strip())
            yield f"{line}\n    " + "\n    ".join(shown) + said


def compare(engines, wanted):
    reasons = {row.split("|")[1].strip() for row in DIFFERENCES.read_text().splitlines() if row.startswith("|")}
    failed = lines_seen = 0
    chosen = [case for case in cases.CASES if not wanted or any(word in case.name for word in wanted)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, case in enumerate(chosen, 1):
            docker, planet = pool.map(lambda engine: play(engine, case.lines), engines)
            complaints = list(judge(case.lines, docker, planet, reasons))
            list(pool.map(Engine.clean, engines))
            lines_seen += len(case.lines)
            failed += bool(complaints)
            print(f"{'not ok' if complaints else 'ok'} {number} - {case.name}", flush=True)
            for complaint in complaints:
                print("  # " + complaint.replace("\n", "\n  # "), flush=True)
    print(f"1..{len(chosen)}\n# {lines_seen} command lines, {failed} of {len(chosen)} cases differ")
    return 1 if failed or not chosen else 0


def make_images(top):
    rootfs = top / "rootfs"
    for folder in ("bin", "proc", "sys", "dev", "etc", "tmp", "data", "home"):
        (rootfs / folder).mkdir(parents=True)
    (rootfs / "tmp").chmod(0o1777)
    shutil.copy("/bin/busybox", rootfs / "bin")
    for applet in subprocess.check_output(["/bin/busybox", "--list"], text=True).split():
        if applet != "busybox":
            (rootfs / "bin" / applet).symlink_to("busybox")
    (rootfs / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\nguest:x:405:100::/home:/bin/sh\n")
    (rootfs / "etc" / "group").write_text("root:x:0:\nusers:x:100:\n")
    (rootfs / "data" / "file").write_text("data\n")
    archives = []
    for name, config in cases.IMAGES.items():
        layout, archive = top / "image.tar", top / f"{name.split(':')[0]}.tar"
        subprocess.run([sys.executable, HERE.parent / "attack" / "image.py", layout, name, rootfs, config], check=True)
        subprocess.run(["skopeo", "copy", "--quiet", f"oci-archive:{layout}:{name}", f"docker-archive:{archive}:{name}"],
                       check=True)
        archives.append(archive)
    return archives


def start_docker(top, group):
    socket = f"unix://{top}/docker.sock"
    (top / "none.json").write_text("{}")
    daemon = subprocess.Popen(["dockerd", "--config-file", top / "none.json", "--data-root", top / "docker-data", "-H", socket,
                               "--pidfile", top / "docker.pid", "--storage-driver", "vfs", "--cgroup-parent", f"/{group}"],
                              stdout=(top / "docker.log").open("w"), stderr=subprocess.STDOUT)
    for _ in range(300):
        if subprocess.run(["/usr/bin/docker", "-H", socket, "version"], capture_output=True).returncode == 0:
            return daemon, f"/usr/bin/docker -H {socket}"
        time.sleep(0.1)
    sys.exit("dockerd does not start: " + (top / "docker.log").read_text()[-500:])


def init(top, planet, wanted):
    """In the namespaces: process 1, with which all ends; it reaps what others leave behind, as any init does."""
    worker = os.fork()
    if worker == 0:
        sys.exit(inside(top, planet, wanted))
    while True:
        ended, status = os.wait()
        if ended == worker:
            return os.waitstatus_to_exitcode(status) & 0xff


def inside(top, planet, wanted):
    for place in DOCKER_PLACES:
        if os.path.isdir(place):
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    archives = make_images(top)
    daemon, docker_words = start_docker(top, top.name)
    engines = [Engine("docker", docker_words, top / "docker"),
               Engine("planet", f"{planet} --root {top}/planet-root --runroot {top}/planet-run", top / "planet")]
    for engine in engines:
        for archive in archives:
            status, _, said = engine.run(f"e load -q -i {archive}")
            if status != 0:
                sys.exit(f"{engine.name} does not load {archive.name}: {said}")
    status = compare(engines, wanted)
    left = [line for folder in ("containers", "names", "ranges") for line in os.listdir(top / "planet-root" / folder)]
    if left:
        print("not ok - planet has left: " + " ".join(left))
        status = 1
    daemon.terminate()
    daemon.wait()
    return status


def traces():
    groups = subprocess.run(["find", "/sys/fs/cgroup", "-type", "d", "-path", "*/planet/*"], capture_output=True, text=True)
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True).stdout
    return [*groups.stdout.splitlines(), *open("/proc/self/mountinfo").read().splitlines(),
            *re.findall(r"^\d+: ([^:]+):", links, re.MULTILINE)]


def remove(top):
    """Of docker the control groups are below one of ours; of planet, where it was killed, those of its containers."""
    try:
        containers = os.listdir(top / "planet-root" / "containers")
    except FileNotFoundError:
        containers = []
    for name in (top.name, *(f"planet/{container}" for container in containers)):
        for _ in range(50):  # until the kernel has reaped what was killed
            found = subprocess.run(["find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path", f"*/{name}*"],
                                   capture_output=True, text=True).stdout.split()
            if not found or subprocess.run(["rmdir", *found], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
    shutil.rmtree(top, ignore_errors=True)


def remove_what_the_killed_left():
    """A run holds a lock on its directory: one that nobody holds is of a run that was killed."""
    for top in pathlib.Path("/var/tmp").glob("planet-compare-*"):
        folder = os.open(top, os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(top)
        except BlockingIOError:
            pass
        os.close(folder)


def main(planet, *wanted):
    if os.geteuid() != 0:
        sys.exit("compare: run it as root")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit("compare: interrupted"))
    remove_what_the_killed_left()
    before = traces()
    top = pathlib.Path(tempfile.mkdtemp(prefix="planet-compare-", dir="/var/tmp"))
    lock = os.open(top, os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        # unshare ends with this program, and process 1 with unshare.
        status = subprocess.run(["setpriv", "--pdeathsig", "KILL", "unshare", "-m", "-n", "-p", "-f", "--kill-child", "--mount-proc",
                                 sys.executable, __file__, "--inside", top, os.path.realpath(planet), *wanted]).returncode
    finally:
        remove(top)
    for line in difflib.unified_diff(before, traces(), "before", "after", lineterm="", n=0):
        print("not ok - left: " + line)
        status = 1
    return status


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        sys.exit(init(pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4:]))
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
