#!/usr/bin/env python3
"""Makes the manual pages and the completions of both programs, from what they say with --help.

    make.py PLANET PLANET_RUNTIME OUT

OUT gets the files under the names and in the folders that they have below PREFIX/share.
"""
import pathlib
import sys

import bash
import fish
import help
import page
import words
import zsh

TOP = pathlib.Path(__file__).resolve().parents[2]
SECTIONS = {"planet": 1, "planet-runtime": 8}
SHELLS = {
    bash: "bash-completion/completions/{}",
    zsh: "zsh/site-functions/_{}",
    fish: "fish/vendor_completions.d/{}.fish",
}


def filled(shell, program):
    text = (TOP / "completions" / f"{shell.__name__}.in").read_text()
    commands = " ".join(command.name for command in [*program.commands, *program.groups])
    groups = " ".join(group.name for group in program.groups)
    for token, value in [("tables", shell.tables(program)), ("rules", shell.rules(program)), ("closing", shell.closing(program)),
                         ("commands", commands), ("groups", groups), ("program", program.name), ("root", words.ROOTS[program.name]),
                         ("id", program.name.replace("-", "_"))]:
        text = text.replace(f"@{token}@", value)
    return text


def files(program):
    section = SECTIONS[program.name]
    name = f"{program.name}.{section}"
    yield f"man/man{section}/{name}", page.make(program, (TOP / "docs/man" / (name + ".in")).read_text())
    for shell, path in SHELLS.items():
        yield path.format(program.name), filled(shell, program)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    *programs, out = sys.argv[1:]
    for path in programs:
        for name, text in files(help.read(path)):
            file = pathlib.Path(out) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)


if __name__ == "__main__":
    main()
