"""fish: one `complete` for each option and each argument."""
import bash
import words


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def lookups(program):
    out = ""
    for kind, (question, filtered) in words.LOOKUPS[program.name].items():
        out += f"function __@id@_{kind}\n    __@id@_ask {question}{filtered}\nend\n"
    return out + f"function __@id@_signals\n    printf '%s\\n' {words.SIGNALS}\nend\n"


def takers(program):
    lines = ["function __@id@_takers --argument-names command", "    switch \"$command\""]
    for name, known in bash.levels(program):
        if bash.takers_of(known):
            lines += [f"        case {quoted(name)}", "            printf '%s\\n' " + " ".join(bash.takers_of(known))]
    return "\n".join([*lines, "    end", "end", ""])


def rule(command, what, rest):
    return f"complete -c @program@ -n \"__@id@_at '{command}' {what}\" {rest}"


def option_rule(name, option):
    flags = [f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names]
    if option.value and not option.optional:
        kind, listed = words.of_option(option)
        flags.append({"files": "-rF", "folders": "-xa '(__fish_complete_directories (commandline -ct))'",
                      "words": f"-xa {quoted(listed)}"}.get(kind, "-x"))
    if option.text:
        flags.append("-d " + quoted(option.text))
    return rule(name, "options", " ".join(flags))


def rules(program):
    out = [option_rule("", option) for option in program.options]
    for command in [*program.commands, *program.groups]:
        out.append(rule("", 0, f"-a {command.name} -d {quoted(command.summary)}"))
    for command in (command for group in program.groups for command in group.commands):
        group, name = command.name.split()
        out.append(rule(group, 0, f"-a {name} -d {quoted(command.summary)}"))
    for command in program.all_commands:
        out += [option_rule(command.name, option) for option in command.options]
        kinds, repeated = words.of_arguments(program, command)
        for place, kind in enumerate(kinds):
            where = "any" if repeated and place == len(kinds) - 1 else place
            if kind:
                out.append(rule(command.name, where, f"-a '(__@id@_{kind})'"))
    return "\n".join(out)


def tables(program):
    return lookups(program) + "\n" + takers(program)


def closing(program):
    return bash.closing(program)
