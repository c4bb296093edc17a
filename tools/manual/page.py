"""A manual page: the hand-written part in docs/man, and the commands as --help has them."""
import re
import textwrap

WIDTH = 78


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("^", "\\(ha").replace("~", "\\(ti")
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
    return "\\&" + text if text.startswith((".", "'")) else text


def wrapped(line):
    """Lines of text that mandoc does not call long."""
    if line.startswith(".") or len(line) <= WIDTH:
        return [line]
    pieces = textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False)
    return ["\\&" + piece if piece.startswith((".", "'")) else piece for piece in pieces]


def head(option):
    names = ", ".join(f"\\fB{escape(name)}\\fR" for name in option.names)
    value = f"\\fI{escape(option.value)}\\fR"
    if option.optional:
        return f"{names}[\\fB=\\fR{value}]"
    return f"{names} {value}" if option.value else names


def item(option):
    text = escape(option.text)
    if option.choices and not all(choice in option.text for choice in option.choices):
        text += ("; " if text else "") + " or ".join(f"\\fB{escape(choice)}\\fR" for choice in option.choices)
    if option.repeated:
        text += (" " if text else "") + "(may be given many times)"
    return [".TP", head(option), text or "\\&"]


def usage(command):
    words = command.usage.split(None, 2)
    rest = escape(words[2]) if len(words) > 2 else ""
    return f"\\fB{escape(words[0])} {escape(words[1])}\\fR {rest}".rstrip()


def section(command, note):
    lines = [f".SS {command.name}", usage(command), ".PP", escape(command.summary[0].upper() + command.summary[1:]) + "."]
    if note:
        lines += [".PP", *note]
    for option in command.options:
        if option.long != "--help":
            lines += item(option)
    return lines


def same_commands(program):
    """Those of the groups that are other words for a command."""
    lines = []
    for command in program.all_commands:
        if command.same_as:
            lines += [f"\\fB{escape(command.name)}\\fR is \\fB{escape(command.same_as)}\\fR", ".br"]
    return lines[:-1]


def split_notes(template):
    """The page without its notes, and the notes: `.\\" note NAME` to `.\\" end`."""
    page, notes, into = [], {}, None
    for line in template.splitlines():
        if line.startswith('.\\" note '):
            into = notes.setdefault(line.split(None, 2)[2], [])
        elif line == '.\\" end':
            into = None
        else:
            (page if into is None else into).append(line)
    return page, notes


def make(program, template):
    page, notes = split_notes(template)
    commands = [command for command in program.all_commands if not command.same_as]
    stale = set(notes) - {command.name for command in commands}
    if stale:
        raise ValueError(f"docs/man has notes on {sorted(stale)}, which {program.name} does not have")
    out = []
    for line in page:
        if line == '.\\" commands':
            for command in commands:
                out += section(command, notes.get(command.name))
        elif line == '.\\" groups':
            out += same_commands(program)
        elif line == '.\\" options':
            for option in program.options:
                if option.text:
                    out += item(option)
        else:
            out.append(line.replace("@VERSION@", program.version))
    return "\n".join(piece for line in out for piece in wrapped(line)) + "\n"
