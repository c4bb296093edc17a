"""Seccomp: actions, operators, architectures, flags, the listener, and that no call of the runtime falls under the filter."""

import array
import ctypes
import errno
import json
import os
import socket
import threading

from driver import Failure, PATIENCE, expect, must
from suite import ask, at, error, inside, put, refused, see, story

SECCOMP, STATE, RIGHT = "config-linux.md#seccomp", "config-linux.md#the-container-process-state", "done right"
# x86_64; the arguments make the call harmless where it is allowed
CALL = {"getcwd": 79, "chmod": 90, "personality": 135, "getpid": 39, "uname": 63, "mkdir": 83, "socket": 41, "sync": 162,
        "setpriority": 141, "getpriority": 140, "getpgrp": 111}
NEW = 600  # a number that no kernel has yet
BIG = 0xffffffffffffffff

# What a runtime and the probe need to live under a filter that forbids the rest.
ALLOWED = """read write close fstat lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn ioctl access
sched_yield mincore dup dup2 nanosleep getpid sendfile socket connect execve exit wait4 kill uname fcntl getcwd readlink
sysinfo getuid getgid setuid setgid geteuid getegid getppid getpgrp setsid setreuid setregid getgroups setgroups setresuid
getresuid setresgid getresgid getpgid setfsuid setfsgid getsid capget capset rt_sigpending sigaltstack personality statfs
getpriority sched_getparam sched_getscheduler prctl arch_prctl gettid futex getdents64 set_tid_address clock_gettime
exit_group openat newfstatat set_robust_list get_robust_list prlimit64 getrandom rseq statx faccessat faccessat2 sched_getattr
ioprio_get sched_getaffinity umask keyctl getrlimit setrlimit chdir fchdir fchown fchmod clone clone3 vfork open openat2
close_range epoll_create1 epoll_ctl epoll_wait epoll_pwait pipe2 poll ppoll dup3 fsync mount umount2 sethostname readlinkat
stat lstat getrusage gettimeofday clock_nanosleep clock_getres tgkill restart_syscall pread64 pwrite64 readv writev madvise
unlink getpeername sendmsg recvmsg sendto recvfrom getsockname setsockopt getsockopt bind listen accept4 seccomp setns unshare
select pselect6 rt_sigtimedwait times waitid eventfd2 timerfd_create signalfd4 memfd_create sched_setaffinity fstatfs ftruncate mremap pipe rt_sigsuspend
lchown chown fchownat mkdirat unlinkat symlinkat mknodat fchmodat renameat ptrace tkill getpgrp""".split()


def filter_of(*rules, action="SCMP_ACT_ALLOW", **more):
    value = {"defaultAction": action, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": list(rules)}
    value.update(more)
    return put("linux.seccomp", value)


def rule(names, action="SCMP_ACT_ERRNO", **more):
    return {"names": names if isinstance(names, list) else [names], "action": action, **more}


def call(name, *arguments):
    return ":".join(str(n) for n in ("call=%d" % CALL[name], *arguments))


def child(name, *arguments):
    return ":".join(str(n) for n in ("child=%d" % CALL[name], *arguments))


# ---- actions ----

inside(filter_of(rule("getpgrp"), rule("chmod", errnoRet=errno.ENOTTY)), ask(call("getpgrp"), call("chmod"), call("getpid")),
       checks=[
    see(SECCOMP, "errno.default", "SCMP_ACT_ERRNO answers EPERM by default", at(call("getpgrp")), error("EPERM")),
    see(SECCOMP, "errno.set", "errnoRet is the answer", at(call("chmod")), error("ENOTTY")),
    see(SECCOMP, "others-allowed", "other calls are as before", at(call("getpid")), "ok"),
    see(SECCOMP, "filter-on", "the process is under a filter", at("status"), lambda v: "Seccomp:\t2" in v)])
inside(filter_of(rule(["getpgrp", "chmod"])), ask(call("getpgrp"), call("chmod")), checks=[
    see(SECCOMP, "several-names", "a rule may name several calls",
        lambda s: [at(call(n))(s) for n in ("getpgrp", "chmod")], [{"errno": "EPERM"}] * 2)])
for _action, _signal in (("SCMP_ACT_KILL_PROCESS", 31), ("SCMP_ACT_KILL", 31), ("SCMP_ACT_KILL_THREAD", 31),
                         ("SCMP_ACT_TRAP", 31)):
    inside(filter_of(rule("getpgrp", _action)), ask(child("getpgrp")), checks=[
        see(SECCOMP, f"action.{_action}", f"{_action} ends the process with SIGSYS", at(child("getpgrp")),
            {"signal": _signal})])
inside(filter_of(rule("personality", "SCMP_ACT_LOG")), ask(call("personality", BIG)), checks=[
    see(SECCOMP, "action.SCMP_ACT_LOG", "SCMP_ACT_LOG lets the call through", at(call("personality", BIG)), "ok")])
inside(filter_of(rule("personality", "SCMP_ACT_TRACE", errnoRet=5)), ask(call("personality", BIG)), checks=[
    see(SECCOMP, "action.SCMP_ACT_TRACE", "SCMP_ACT_TRACE without a tracer answers ENOSYS", at(call("personality", BIG)),
        error("ENOSYS"))])
inside(filter_of(rule("personality", "SCMP_ACT_ALLOW"), action="SCMP_ACT_LOG"), ask(call("personality", BIG)), checks=[
    see(SECCOMP, "action.SCMP_ACT_ALLOW", "SCMP_ACT_ALLOW lets the call through", at(call("personality", BIG)), "ok")])
for _name, _mutation in {
    "unknown-action": filter_of(rule("getpgrp", "SCMP_ACT_PLANET")),
    "unknown-default-action": filter_of(action="SCMP_ACT_PLANET"),
    "no-default-action": put("linux.seccomp", {"syscalls": []}),
    "unknown-operator": filter_of(rule("personality", args=[{"index": 0, "value": 1, "op": "SCMP_CMP_PLANET"}])),
    "unknown-architecture": filter_of(architectures=["SCMP_ARCH_PLANET"]),
    "unknown-flag": filter_of(rule("getpgrp"), flags=["SECCOMP_FILTER_FLAG_PLANET"]),
    "argument-index": filter_of(rule("personality", args=[{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}])),
    "no-names": filter_of({"names": [], "action": "SCMP_ACT_ERRNO"}),
    "errno-with-kill": filter_of(rule("getpgrp", "SCMP_ACT_KILL", errnoRet=5)),
    "default-errno-with-kill": filter_of(rule(ALLOWED, "SCMP_ACT_ALLOW"), action="SCMP_ACT_KILL", defaultErrnoRet=5),
    "errno-too-large": filter_of(rule("getpgrp", errnoRet=70000)),
}.items():
    refused(SECCOMP, f"seccomp.{_name}", f"{_name.replace('-', ' ')} is an error", _mutation,
            since="1.1" if "kill" in _name else "1.0")
inside(filter_of(rule(["planet_call_of_the_future", "getpgrp"])), ask(call("getpgrp")), checks=[
    see(RIGHT, "seccomp.unknown-name", "a call that this machine does not know is skipped, the rest holds", at(call("getpgrp")),
        error("EPERM"))])

# ---- the default action, and calls newer than the profile ----

inside(filter_of(rule(ALLOWED, "SCMP_ACT_ALLOW"), action="SCMP_ACT_ERRNO"), ask(call("mkdir"), call("getpid"), f"call={NEW}"),
       checks=[
    see(SECCOMP, "default.errno", "the default action holds for calls of no rule", at(call("mkdir")), error("EPERM")),
    see(SECCOMP, "default.allowed", "calls of a rule are allowed", at(call("getpid")), "ok"),
    see(RIGHT, "seccomp.newer-calls", "a call newer than every one of the profile answers ENOSYS, so that programs fall back",
        at(f"call={NEW}"), error("ENOSYS"))])
inside(filter_of(rule(ALLOWED, "SCMP_ACT_ALLOW"), action="SCMP_ACT_ERRNO", defaultErrnoRet=errno.EDOM), ask(call("mkdir")),
       checks=[see(SECCOMP, "default.errno-set", "defaultErrnoRet is the answer", at(call("mkdir")), error("EDOM"))])

# ---- operators: personality(value) with 0xffffffff only asks, so each value is harmless ----
QUERY = 0xffffffff
for _op, _value, _two, _hit, _miss in [
    ("SCMP_CMP_EQ", QUERY, 0, QUERY, None), ("SCMP_CMP_NE", 5, 0, QUERY, None), ("SCMP_CMP_GE", QUERY, 0, QUERY, None),
    ("SCMP_CMP_LE", QUERY, 0, QUERY, None), ("SCMP_CMP_GT", 5, 0, QUERY, None), ("SCMP_CMP_LT", QUERY + 1, 0, QUERY, None),
    ("SCMP_CMP_MASKED_EQ", 0xff, 0xff, QUERY, None)]:
    inside(filter_of(rule("personality", args=[{"index": 0, "value": _value, "valueTwo": _two, "op": _op}])),
           ask(call("personality", QUERY)), checks=[
        see(SECCOMP, f"op.{_op}.hits", f"{_op} matches", at(call("personality", QUERY)), error("EPERM"))])
for _op, _value, _two in [("SCMP_CMP_EQ", 5, 0), ("SCMP_CMP_NE", QUERY, 0), ("SCMP_CMP_GE", QUERY + 1, 0), ("SCMP_CMP_LE", 5, 0),
                          ("SCMP_CMP_GT", QUERY, 0), ("SCMP_CMP_LT", QUERY, 0), ("SCMP_CMP_MASKED_EQ", 0xff, 0)]:
    inside(filter_of(rule("personality", args=[{"index": 0, "value": _value, "valueTwo": _two, "op": _op}])),
           ask(call("personality", QUERY)), checks=[
        see(SECCOMP, f"op.{_op}.misses", f"{_op} does not match other values", at(call("personality", QUERY)), "ok")])
inside(filter_of(rule("getpriority", args=[{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"},
                                           {"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}])),
       ask(call("getpriority", 0, 1), call("getpriority", 0, 0), call("getpriority", 2, 1)), checks=[
    see(SECCOMP, "args.all-of-a-rule", "all arguments of a rule must match",
        lambda s: [at(call("getpriority", *a))(s) for a in ((0, 1), (0, 0))], [{"errno": "EPERM"}, "ok"])])
inside(filter_of(rule("getpriority", args=[{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}]),
                 rule("getpriority", args=[{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}])),
       ask(call("getpriority", 0, 0), call("getpriority", 1, 1), call("getpriority", 1, 0)), checks=[
    see(SECCOMP, "args.any-of-rules", "of several rules for a call one that matches is enough",
        lambda s: [at(call("getpriority", *a))(s) for a in ((0, 0), (1, 1), (1, 0))],
        [{"errno": "EPERM"}, {"errno": "EPERM"}, "ok"])])
inside(filter_of(rule("personality", args=[{"index": 0, "value": 1 << 40, "op": "SCMP_CMP_EQ"}])),
       ask(call("personality", (1 << 40) | 0)), checks=[
    see(SECCOMP, "args.64-bits", "all 64 bits of an argument are compared", at(call("personality", 1 << 40)), error("EPERM"))])
inside(put("linux.seccomp", {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule("getpgrp")]}), ask(call("getpgrp")), checks=[
    see(SECCOMP, "architectures.optional", "architectures may be left out: the machine's own is meant", at(call("getpgrp")),
        error("EPERM"))])
inside(filter_of(rule("getpgrp"), architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]), ask(call("getpgrp")),
       checks=[see(SECCOMP, "architectures.several", "several architectures hold together", at(call("getpgrp")), error("EPERM"))])
inside(put("linux.seccomp", {"defaultAction": "SCMP_ACT_ALLOW"}), checks=[
    see(SECCOMP, "syscalls.optional", "syscalls may be left out", at("pid"), 1)])
for _flag in ("SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"):
    inside(filter_of(rule("getpgrp"), flags=[_flag]), ask(call("getpgrp")), checks=[
        see(SECCOMP, f"flag.{_flag}", f"{_flag} is accepted and the filter holds", at(call("getpgrp")), error("EPERM"),
            since="1.0" if "LOG" in _flag else "1.1")])

# ---- the runtime's own calls ----

OWN = """setuid setgid setgroups setresuid setresgid capset chdir fchdir mount umount2 pivot_root sethostname setns unshare
close_range setsid socket connect sendmsg recvmsg prctl keyctl setrlimit prlimit64 umask openat2 fchown fchmod""".split()
for _nnp in (False, True):
    # What is needed to set a filter and to execute must be allowed; all else may be forbidden.
    _forbidden = [n for n in OWN if n not in ("prctl", "close_range", "prlimit64", "keyctl")]
    inside(put("process.noNewPrivileges", _nnp), put("process.user", {"uid": 1000, "gid": 1000, "additionalGids": [5]}),
           filter_of(rule(_forbidden)), checks=[
        see(RIGHT, f"seccomp.own-calls.{'nnp' if _nnp else 'no-nnp'}",
            f"a filter that forbids what the runtime did before does not hit the runtime (noNewPrivileges {_nnp})",
            at("uids"), [1000] * 4)])
inside(put("process.noNewPrivileges", True), put("process.user", {"uid": 1000, "gid": 1000}), filter_of(rule("getpgrp")),
       ask(call("getpgrp")), checks=[
    see(SECCOMP, "seccomp.as-user", "the filter holds for an ordinary user", at(call("getpgrp")), error("EPERM")),
    see("config.md#linux-process", "seccomp.with-nnp", "together with noNewPrivileges", at("no_new_privs"), 1)])


@story(RIGHT, "seccomp.exec-too", "the filter holds for processes that exec puts inside")
def _(t):
    c = t.held(filter_of(rule("getpgrp"))).up()
    found = c.ask(call("getpgrp"))[call("getpgrp")]
    expect(found == {"errno": "EPERM"}, f"{found}")


# ---- the listener ----

class Listener:
    """A seccomp agent: takes one state and its descriptor, and answers notifications with an errno."""

    def __init__(self, work, answer=errno.EHOSTDOWN):
        self.path = f"{work}/agent.sock"
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen(2)
        self.server.settimeout(PATIENCE)
        self.text, self.fds, self.trouble, self.more = b"", [], None, None
        self.answer = answer
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        try:
            connection, _ = self.server.accept()
            connection.settimeout(PATIENCE)
            text, self.fds, _, _ = socket.recv_fds(connection, 65536, 8)
            while True:
                more = connection.recv(65536)
                if not more:
                    break
                text += more
            self.text = text
            connection.close()
            if self.fds:
                self._reply(self.fds[0])
        except OSError as problem:
            self.trouble = problem

    def _reply(self, fd):
        libc = ctypes.CDLL(None, use_errno=True)
        received, sent = array.array("B", bytes(80)), array.array("B", bytes(24))
        if libc.ioctl(fd, ctypes.c_ulong(0xc0502100), ctypes.c_void_p(received.buffer_info()[0])) != 0:  # SECCOMP_IOCTL_NOTIF_RECV
            return
        sent[0:8] = received[0:8]
        sent[16:20] = array.array("B", (-self.answer).to_bytes(4, "little", signed=True))
        libc.ioctl(fd, ctypes.c_ulong(0xc0182101), ctypes.c_void_p(sent.buffer_info()[0]))  # SECCOMP_IOCTL_NOTIF_SEND

    def state(self):
        self.thread.join(PATIENCE)
        if self.trouble:
            raise Failure(f"the listener: {self.trouble}")
        return json.loads(self.text)

    def close(self):
        self.server.close()
        for fd in self.fds:
            os.close(fd)
        os.unlink(self.path)


def listening(t, *mutations, metadata="planet metadata"):
    agent = Listener(t.runtime.work)
    t.later(agent.close)
    c = t.held(filter_of(rule("mkdir", "SCMP_ACT_NOTIFY"), listenerPath=agent.path, listenerMetadata=metadata),
               ask(call("mkdir")), *mutations)
    must(c.create())
    must(c.start())
    return agent, c


@story(SECCOMP, "notify.answers", "SCMP_ACT_NOTIFY asks the listener at listenerPath, whose answer is the call's result")
def _(t):
    _, c = listening(t)
    expect(c.answer()[call("mkdir")] == {"errno": "EHOSTDOWN"}, f"{c.answer()[call('mkdir')]}")


@story(STATE, "notify.state", "the listener gets one container process state: version, fds, pid, state")
def _(t):
    agent, c = listening(t)
    c.answer()
    state = agent.state()
    expect(state.get("fds") == ["seccompFd"], f"fds {state.get('fds')}")
    expect(state.get("ociVersion"), "no ociVersion")
    expect(state.get("pid") == c.state()["pid"], f"pid {state.get('pid')}")
    expect(state["state"]["id"] == c.id and state["state"]["bundle"] == c.bundle.path, f"state {state['state']}")
    expect(state["state"]["status"] in ("creating", "created", "running"), f"status {state['state']['status']}")


@story(STATE, "notify.metadata", "listenerMetadata is passed on")
def _(t):
    agent, c = listening(t)
    c.answer()
    expect(agent.state().get("metadata") == "planet metadata", f"{agent.state().get('metadata')}")


@story(STATE, "notify.one-descriptor", "exactly one descriptor comes with it")
def _(t):
    agent, c = listening(t)
    c.answer()
    agent.state()
    expect(len(agent.fds) == 1, f"{len(agent.fds)} descriptors")


@story(RIGHT, "notify.own-calls", "calls that a runtime needs itself may be asked for: the start does not wait for itself")
def _(t):
    agent = Listener(t.runtime.work)
    t.later(agent.close)
    calls = ["mkdir", "sendmsg", "futex", "nanosleep", "clock_nanosleep", "sched_yield", "fcntl", "dup3"]
    c = t.held(filter_of(rule(calls, "SCMP_ACT_NOTIFY"), listenerPath=agent.path), ask(call("mkdir")))
    must(c.create())
    must(c.start())
    agent.state()


@story(SECCOMP, "notify.exec", "a process that exec puts inside has a listener of its own")
def _(t):
    first, c = listening(t)
    c.answer()
    first.state()
    os.unlink(first.path)
    second = Listener(t.runtime.work)
    t.later(second.server.close)
    found = c.ask(call("mkdir"))[call("mkdir")]
    expect(found == {"errno": "EHOSTDOWN"}, f"{found}")
    state = second.state()
    expect(state["pid"] != c.state()["pid"] and state["state"]["pid"] == c.state()["pid"], f"{state}")
    expect(state["state"]["status"] == "running", f"{state}")


refused(SECCOMP, "notify.no-listener", "SCMP_ACT_NOTIFY without listenerPath is an error",
        filter_of(rule("mkdir", "SCMP_ACT_NOTIFY")))
refused(SECCOMP, "notify.nobody-listens", "a listenerPath where nobody listens is an error",
        filter_of(rule("mkdir", "SCMP_ACT_NOTIFY"), listenerPath="/nowhere.sock"))
refused(SECCOMP, "notify.metadata-alone", "listenerMetadata without listenerPath is an error",
        filter_of(rule("mkdir"), listenerMetadata="x"))
refused(RIGHT, "notify.write", "SCMP_ACT_NOTIFY on write is refused: the runtime itself would wait for ever",
        filter_of(rule("write", "SCMP_ACT_NOTIFY"), listenerPath="/nowhere.sock"))
refused(RIGHT, "notify.default", "SCMP_ACT_NOTIFY as the default action is refused",
        filter_of(action="SCMP_ACT_NOTIFY", listenerPath="/nowhere.sock"))
inside(filter_of(rule("getpgrp"), listenerPath="/nowhere.sock"), ask(call("getpgrp")), checks=[
    see(SECCOMP, "notify.unused-path", "listenerPath without SCMP_ACT_NOTIFY is ignored", at(call("getpgrp")), error("EPERM"))])
