"""Network devices of the host that a container gets. The suite has a network of its own, and makes them there."""

import subprocess

from driver import expect, must, must_fail, read
from suite import namespaces, put, story, tell

DEVICES = "config-linux.md#network-devices"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def here(name):
    return name in read("/proc/net/dev")


def device(t, name):
    """One end of a pair; the other goes with it, whatever becomes of it."""
    ip("link", "add", name, "type", "veth", "peer", "name", f"{name}-p")
    t.later(lambda: subprocess.run(["ip", "link", "del", f"{name}-p"], check=False, capture_output=True))


def given(t, devices):
    return t.held(put("linux.netDevices", devices)).up()


def flags(container, name):
    question = f"read=/sys/class/net/{name}/flags"
    return int(container.ask(question)[question], 16)


@story(DEVICES, "net-devices.moved", "a device of the host is the container's, under its new name, and is up", since="1.3")
def _(t):
    device(t, "planet0")
    c = given(t, {"planet0": {"name": "eth5"}})
    expect(not here("planet0:"), "the host has it still")
    expect(flags(c, "eth5") & 1, "it is down")


@story(DEVICES, "net-devices.name-kept", "without a name it keeps its own", since="1.3")
def _(t):
    device(t, "planet0")
    expect(flags(given(t, {"planet0": {}}), "planet0") & 1, "it is down")


@story(DEVICES, "net-devices.template", "a name with %d gets the next number", since="1.3")
def _(t):
    for name in ("planet0", "planet1"):
        device(t, name)
    c = given(t, {"planet0": {"name": "eth%d"}, "planet1": {"name": "eth%d"}})
    expect(flags(c, "eth0") & 1 and flags(c, "eth1") & 1, "they are down")


@story(DEVICES, "net-devices.addresses", "its permanent global addresses are preserved, and no others", since="1.3")
def _(t):
    device(t, "planet0")
    for address in (["192.0.2.5/24"], ["2001:db8::5/64", "nodad"], ["169.254.7.7/16", "scope", "link"],
                    ["198.51.100.7/24", "valid_lft", "1000", "preferred_lft", "1000"]):
        ip("addr", "add", *address, "dev", "planet0")
    found = given(t, {"planet0": {"name": "eth5"}}).ask("read=/proc/net/fib_trie", "read=/proc/net/if_inet6")
    four, six = found["read=/proc/net/fib_trie"], found["read=/proc/net/if_inet6"]
    expect("192.0.2.5" in four and "20010db8000000000000000000000005" in six, f"{four} {six}")
    expect("169.254.7.7" not in four and "198.51.100.7" not in four, four)


@story(DEVICES, "net-devices.sysctl", "kernel parameters of a device that is moved are set", since="1.3")
def _(t):
    device(t, "planet0")
    c = t.held(put("linux.netDevices", {"planet0": {"name": "eth5"}}),
               put("linux.sysctl", {"net.ipv4.conf.eth5.forwarding": "1"})).up()
    question = "read=/proc/sys/net/ipv4/conf/eth5/forwarding"
    expect(c.ask(question)[question] == "1\n", f"{c.ask(question)}")


@story(DEVICES, "net-devices.given-back", "a container that cannot be created takes no device with it", since="1.3")
def _(t):
    device(t, "planet0")
    ip("addr", "add", "192.0.2.5/24", "dev", "planet0")
    c = t.container(put("linux.netDevices", {"planet0": {"name": "eth5"}}), put("process.args", ["/bin/planet-no-such"]))
    must_fail(c.run())
    expect(here("planet0:"), "the device is gone")
    expect("192.0.2.5" in read("/proc/net/fib_trie"), "its address is gone")


def refused(name, sentence, devices, *mutations, mentions):
    def body(t):
        device(t, "planet0")
        done = must_fail(t.container(put("linux.netDevices", devices), *mutations).run())
        expect(mentions in done.err, f"the error says nothing of {mentions}: {done.err}")
        expect(here("planet0:"), "the device is gone")
    tell(DEVICES, f"net-devices.{name}", sentence, body, since="1.3")


refused("missing", "a device that the host has not is an error, and the others stay", {"planet0": {}, "planet9": {}},
        mentions="planet9")
refused("taken", "a name that the container has already is an error, and the device stays", {"planet0": {"name": "lo"}},
        mentions="lo")
refused("no-network", "without a network namespace there is no place for them: error", {"planet0": {}},
        namespaces("pid", "ipc", "uts", "mount"), mentions="network")


@story(DEVICES, "net-devices.joined", "a network namespace that is joined gets them, too", since="1.3")
def _(t):
    device(t, "planet0")
    first = t.held().up()
    pid = first.state()["pid"]
    second = t.held(put("linux.netDevices", {"planet0": {"name": "eth5"}}),
                    put("linux.namespaces", [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")] +
                        [{"type": "network", "path": f"/proc/{pid}/ns/net"}])).up()
    expect(flags(first, "eth5") & 1 and flags(second, "eth5") & 1, "they do not see it")
    must(second.kill())
