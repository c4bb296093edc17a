"""zsh: one call of _arguments for each command."""
import bash
import words


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def described(text):
    return "".join("\\" + letter if letter in "[]:\\" else letter for letter in text)


def spec(option):
    """What _arguments is told of an option: 'who excludes it'{names}'[text]:value:action'."""
    takes = bool(option.value) and not option.optional
    names = [name + ("=" if name.startswith("--") else "+") if takes else name for name in option.names]
    kind, listed = words.of_option(option)
    action = {"files": "_files", "folders": "_files -/", "words": f"({listed})"}.get(kind, " ")
    rest = f"[{described(option.text)}]" + (f":{option.value}:{action}" if takes else "")
    first = "*" if option.repeated else "(" + " ".join(option.names) + ")"
    if len(names) == 1:
        return quoted(("*" if option.repeated else "") + names[0] + rest)
    return quoted(first) + "{" + ",".join(names) + "}" + quoted(rest)


def places(program, command):
    kinds, repeated = words.of_arguments(program, command)
    for place, kind in enumerate(kinds):
        where = "*" if repeated and place == len(kinds) - 1 else str(place + 1)
        # An empty list offers nothing. A blank would show its message, and offer no flags either.
        yield quoted(f"{where}:{kind or 'argument'}:" + (f" __@id@_add {kind}" if kind else "()"))
    if words.ends_at_argument(command):
        yield quoted("*:: : ")


def call(flags, specs):
    return " \\\n\t\t".join([f"_arguments {flags}", *specs])


def tables(program):
    listed = " ".join(quoted(f"{command.name}:{command.summary}") for command in [*program.commands, *program.groups])
    members = [(group.name, "print -l " + " ".join(command.name.split()[1] for command in group.commands))
               for group in program.groups]
    rows = []
    for command in program.all_commands:
        flags = "-s -S -A '-*'" if words.ends_at_argument(command) else "-s -S"
        rows.append((quoted(command.name),
                     call(flags, [*(spec(option) for option in command.options), *places(program, command)])))
    return "\n".join([
        bash.lookups(program),
        f"__@id@_commands() {{\n\tlocal -a commands=({listed})\n\t_describe command commands\n}}\n",
        bash.case("__@id@_members", members),
        bash.case("__@id@_arguments", rows, "$words[1]")])


def rules(program):
    """The flags before the command, and the command."""
    return call("-C -A '-*'", [*(spec(option) for option in program.options),
                               quoted("1: :->commands"), quoted("*:: :->arguments")])


def closing(_program):
    return ""
