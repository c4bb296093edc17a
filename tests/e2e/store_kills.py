#!/usr/bin/env python3
"""kill -9 at random moments of load, rmi and prune: store_kills.py PLANET ROOT RUNROOT A.tar B.tar ROUNDS.

A.tar has the image a:1, B.tar b:1. After each kill the store checks whole, the next command takes away what was left in
staging, and the images that are said to be there run.
"""
import os
import random
import signal
import subprocess
import sys
import time

planet, root, runroot, archive_a, archive_b, rounds = sys.argv[1:]
BASE = [planet, "--root", root, "--runroot", runroot]
COMMANDS = [["load", "-q", "-i", archive_a], ["load", "-q", "-i", archive_b], ["rmi", "-f", "a:1"], ["rmi", "b:1"],
            ["image", "prune", "-af"], ["tag", "a:1", "c:1"], ["rmi", "c:1"]]


def call(*args):
    return subprocess.run([*BASE, *args], capture_output=True, text=True, timeout=60)


def must(*args):
    done = call(*args)
    if done.returncode != 0:
        sys.exit(f"{' '.join(args)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


# How long each takes when nobody kills it: the moments are taken from there.
took = []
for command in COMMANDS:
    start = time.monotonic()
    call(*command)
    took.append(time.monotonic() - start)

chance = random.Random(int(os.environ.get("SEED", "1")))
killed = 0
for number in range(int(rounds)):
    index = chance.randrange(len(COMMANDS))
    if COMMANDS[index][0] != "load":
        call(*COMMANDS[chance.randrange(2)])  # something to remove
    child = subprocess.Popen([*BASE, *COMMANDS[index]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)
    time.sleep(chance.random() * took[index])
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    killed += child.wait() == -signal.SIGKILL
    if number % 5 == 0:
        must("system", "check", "-q")
    for name in ("a:1", "b:1"):
        if call("image", "inspect", name).returncode == 0 and number % 5 == 0:
            must("run", "--rm", name, "cat", "one")
must("system", "check", "-q")
if os.listdir(os.path.join(root, "staging")):
    sys.exit(f"left in staging: {os.listdir(os.path.join(root, 'staging'))}")
print(f"{rounds} rounds, {killed} killed")
