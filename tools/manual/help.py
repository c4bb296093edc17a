"""Reads what a program says of itself with --help."""
import dataclasses
import re
import subprocess

COLUMN = 30  # where CLI11 begins the texts


@dataclasses.dataclass
class Option:
    names: list          # ["-e", "--env"]; of a positional argument its one name
    text: str = ""
    value: str = ""      # TEXT, INT, ...; empty for a flag without one
    optional: bool = False  # the value may be left out: --explain[=text]
    repeated: bool = False
    choices: list = dataclasses.field(default_factory=list)

    @property
    def long(self):
        return self.names[-1]


@dataclasses.dataclass
class Command:
    name: str
    summary: str
    usage: str
    options: list
    positionals: list
    same_as: str = ""    # `planet image ls` is `planet images`


@dataclasses.dataclass
class Group:
    name: str
    summary: str
    commands: list       # each with the group's name in front


@dataclasses.dataclass
class Program:
    name: str
    version: str
    options: list   # those before the command
    commands: list
    groups: list = dataclasses.field(default_factory=list)

    @property
    def all_commands(self):
        return [*self.commands, *(command for group in self.groups for command in group.commands)]


class NotUnderstood(Exception):
    pass


def ask(path, *args):
    return subprocess.run([path, *args], check=True, capture_output=True, text=True, timeout=60).stdout


def sections(text):
    """The lines of each `Title:` block; what stands before and between them is under ""."""
    found, title = {"": []}, ""
    for line in text.splitlines():
        if re.fullmatch(r"\w+:", line):
            title = line[:-1]
        elif not line.startswith(" "):
            title = ""
        if title and line.startswith(" "):
            found.setdefault(title, []).append(line)
        elif not title and line:
            found[""].append(line)
    return found


def entries(lines):
    """(head, text) of each entry; the text of a long head is on the next line."""
    out = []
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if not line[:COLUMN].strip():
            out[-1][1] = (out[-1][1] + " " + line.strip()).strip()
        elif len(line) > COLUMN and following and not following[:COLUMN].strip():
            out.append([line.strip(), ""])
        else:
            out.append([line[:COLUMN].strip(), line[COLUMN:].strip()])
    return out


def choices_in(text):
    """`none (with loopback) or host` names all values that there are."""
    plain = re.sub(r" \([^)]*\)", "", text)
    match = re.match(r"((?:[a-z]+, )*[a-z]+) or ([a-z]+)(?:$|[;.,])", plain)
    if not match or plain.startswith("name"):
        return []
    return [*match.group(1).split(", "), match.group(2)]


def option(head, text):
    names, _, value = head.partition(" ")
    repeated = " ..." in " " + value
    value = re.sub(r"\.\.\.|REQUIRED", "", value).strip()
    named = re.search(r"\{(.*)\}", names)
    if named:  # --explain{text}: a value that may be left out
        return Option(names[:named.start()].split(","), text, named.group(1), optional=True)
    listed = re.search(r":?\{(.*)\}", value)
    choices = listed.group(1).split(",") if listed else choices_in(text) if value else []
    value = value[:listed.start()] if listed else value
    return Option(names.split(","), text, value, repeated=repeated, choices=choices)


def command(path, program, name, summary):
    text = ask(path, *name.split(), "--help")
    parts = sections(text)
    usages = [line[len("Usage: "):] for line in parts[""] if line.startswith("Usage: ")]
    if not usages:
        raise NotUnderstood(f"`{program} {name} --help` has no usage")
    same_as = "" if usages[0].startswith(f"{program} {name}") else usages[0].split()[1]
    better = f"{program} {same_as or name} "  # at the end
    usages = [line for line in parts[""] if line.startswith(better)] + usages
    return Command(name, summary, usages[0],
                   [option(*entry) for entry in entries(parts.get("Options", []))],
                   [option(*entry) for entry in entries(parts.get("Positionals", []))], same_as)


def group(path, program, name, summary):
    listed = [line.strip().split(None, 1) for line in sections(ask(path, name, "--help"))["Commands"]]
    return Group(name, summary, [command(path, program, f"{name} {sub}", text) for sub, text in listed])


def read(path):
    """Asks the program at `path` and all of its commands."""
    text = ask(path, "--help")
    usage = re.search(r"^Usage: (\S+) (.*)$", text, re.M)
    parts = sections(text)
    listed = parts.get("Commands") or parts.get("Subcommands")
    if not usage or not listed:
        raise NotUnderstood(f"{path} --help lists no commands")
    program = usage.group(1)
    options = [option(*entry) for entry in entries(parts.get("Options", []))]
    options += [Option([flag], "", value) for flag, value in re.findall(r"\[(--\w+) (\w+)\]", usage.group(2))]
    commands = [command(path, program, *line.strip().split(None, 1)) for line in listed]
    groups = [group(path, program, *line.strip().split(None, 1)) for line in parts.get("Groups", [])]
    return Program(program, ask(path, "--version").split()[2], options, commands, groups)
