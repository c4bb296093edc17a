#!/usr/bin/env python3
"""Types a line and a Tab into an interactive shell, and prints what the line is then.

    press_tab.py bash|zsh SCRIPT LINE
"""
import os
import pty
import select
import sys
import tempfile
import time

PATIENCE = 20  # seconds; a busy machine is slow

START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             'source "$SCRIPT"; bind \'set bell-style none\'; show() {{ printf "%s\\n" "$READLINE_LINE" >"$OUT"; }}; '
             'bind -x \'"\\C-xs": show\'; echo rea""dy\n'),
    "zsh": (["zsh", "-f", "-i"],
            'fpath=(${{SCRIPT:h}} $fpath); autoload -U compinit; compinit -D -u; setopt nobeep; '
            'show() {{ print -r -- "$BUFFER" >"$OUT" }}; zle -N show; bindkey "^Xs" show; echo rea""dy\n'),
}


def wait_for(terminal, done):
    seen, end = b"", time.monotonic() + PATIENCE
    while not done(seen):
        if time.monotonic() > end:
            sys.exit(f"the shell did not answer; it wrote: {seen.decode(errors='replace')}")
        if select.select([terminal], [], [], 0.05)[0]:
            seen += os.read(terminal, 65536)


def main():
    shell, script, line = sys.argv[1:]
    command, greeting = START[shell]
    with tempfile.TemporaryDirectory() as folder:
        out = folder + "/line"
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update(SCRIPT=script, OUT=out, TERM="dumb", PS1="$ ", HISTFILE="")
            os.execvp(command[0], command)
        os.write(terminal, greeting.format().encode())
        wait_for(terminal, lambda seen: b"ready" in seen)
        os.write(terminal, line.encode() + b"\t\x18s")
        wait_for(terminal, lambda _: os.path.exists(out) and os.path.getsize(out) > 0)
        with open(out) as result:
            print(result.read(), end="")
        os.close(terminal)
        os.waitpid(child, 0)


main()
