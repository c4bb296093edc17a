"""What can stand where: the part of the completions that --help does not say."""
import re

# What lists the things that exist, as a function of the same text in all three shells.
ID_AND_NAME = r""" | sed -n 'h;s/.*"Names":"\([^"]*\)".*/\1/p;g;s/.*"ID":"\([^"]*\)".*/\1/p'"""
REFERENCE = (r""" | sed -n '/"Repository":"<none>"/d;s/.*"Repository":"\([^"]*\)".*"Tag":"\([^"]*\)".*/\1:\2/;"""
             r"""/^localhost\//{p;s///};p'""")
LOOKUPS = {
    "planet": {
        "containers": ("ps -a --format json", ID_AND_NAME),
        "running": ("ps --format json", ID_AND_NAME),
        "images": ("images --format json", REFERENCE),
        "networks": ("network ls --format json", r""" | sed -n 's/.*"Name":"\([^"]*\)".*/\1/p'"""),
    },
    "planet-runtime": {"containers": ("list -q", "")},
}

# Where the state is: nothing is asked of a directory that does not exist, since asking would make it.
ROOTS = {"planet": "/var/lib/planet", "planet-runtime": "/run/planet-runtime"}

ARGUMENTS = {
    "planet": {"run": ["images"], "create": ["images"], "exec": ["running"], "stop": ["running"], "kill": ["running"], "attach": ["running"],
               "pause": ["running"], "unpause": ["running"], "top": ["running"], "stats": ["running"], "cp": ["files"], "import": ["files"],
               "network create": []},
    # create, run and restore give a new name
    "planet-runtime": {"create": [], "run": [], "restore": [], "exec": ["containers"]},
}
FILES = {"--cidfile", "--env-file", "--output", "--input", "--pid-file", "--log", "--process", "--resources", "--console-socket", "--volume",
         "--device"}
FOLDERS = {"--root", "--runroot", "--rootfs", "--bundle", "--image-path", "--work-path"}
SIGNALS = "HUP INT QUIT KILL USR1 USR2 TERM CONT STOP WINCH"
CAPABILITIES = (
    "ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH "
    "FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN "
    "NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT "
    "SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM")
WORDS = {
    "--signal": SIGNALS, "--stop-signal": SIGNALS, "--cap-add": CAPABILITIES, "--cap-drop": CAPABILITIES,
    "--cap": " ".join("CAP_" + name for name in CAPABILITIES.split() if name != "ALL"),
    "--manage-cgroups-mode": "soft full strict ignore", "--empty-ns": "network",
    "--network": "none host bridge", "--net": "none host bridge", "--pid": "host", "--uts": "host", "--ipc": "private host",
    "--security-opt": "no-new-privileges seccomp=unconfined apparmor=unconfined label=disable",
}


def of_option(option):
    """(kind, words): files, folders, words, or "" where nothing can be said."""
    if option.long in FILES:
        return "files", ""
    if option.long in FOLDERS:
        return "folders", ""
    words = WORDS.get(option.long) or " ".join(option.choices)
    return ("words", words) if words else ("", "")


def of_arguments(program, command):
    """What stands at each place; (kinds, whether the last one is repeated)."""
    known = ARGUMENTS[program.name].get(command.same_as or command.name)
    if known is not None and not command.positionals:
        return known, False
    kinds = []
    for positional in command.positionals:
        name = positional.long
        default = {"container": "containers", "object": "containers", "id": "containers", "signal": "signals", "image": "images",
                   "network": "networks"}.get(name, "")
        kinds.append(known[0] if known else default if known is None else "")
    return kinds, any(positional.repeated for positional in command.positionals)


def ends_at_argument(command):
    """Whether all words from the first argument on are for the container's command."""
    return bool(re.search(r"COMMAND\.\.\.", command.usage))
