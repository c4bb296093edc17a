"""bash: tables as functions of case words, and the walk over the words in completions/bash.in."""
import words


def case(name, rows, subject="$1"):
    """A shell function that does what the row of its subject says."""
    lines = [f"{name}() {{", f'\tcase "{subject}" in']
    lines += [f"\t{pattern}) {action} ;;" for pattern, action in rows]
    return "\n".join([*lines, "\tesac", "}"]) + "\n"


def lookups(program):
    out = ""
    for kind, (question, filtered) in words.LOOKUPS[program.name].items():
        out += f"__@id@_{kind}() {{ __@id@_ask {question}{filtered}; }}\n"
    return out + f"__@id@_signals() {{ printf '%s\\n' {words.SIGNALS}; }}\n"


def levels(program):
    """The empty name is for the place before the command."""
    return [("", program.options), *((command.name, command.options) for command in program.all_commands)]


def takers_of(options):
    """The names of those whose value is the next word."""
    return [name for option in options if option.value and not option.optional for name in option.names]


def tables(program):
    options, takers, values, arguments = [], [], [], []
    for name, known in levels(program):
        pattern = f'"{name}"'
        options.append((pattern, "printf '%s ' " + " ".join(n for option in known for n in option.names)))
        if takers_of(known):
            takers.append((pattern, "printf '%s ' " + " ".join(takers_of(known))))
        for option in known:
            kind, listed = words.of_option(option)
            if option.value and kind:
                pattern = " | ".join(f'"{name} {n}"' for n in option.names)
                values.append((pattern, f"__@id@_offer {kind} {listed}".strip()))
    for group in program.groups:
        listed = " ".join(command.name.split()[1] for command in group.commands)
        arguments.append((f'"{group.name} 0"', f"__@id@_offer words {listed}"))
    for command in program.all_commands:
        kinds, repeated = words.of_arguments(program, command)
        for place, kind in enumerate(kinds):
            last = "*" if repeated and place == len(kinds) - 1 else str(place)
            if kind:
                arguments.append((f'"{command.name} "{last}', f"__@id@_offer {kind}"))
    return "\n".join([lookups(program), case("__@id@_options", options), case("__@id@_takers", takers),
                      case("__@id@_value", values, "$1 $2"), case("__@id@_argument", arguments, "$1 $2")])


def closing(program):
    return " ".join(f"'{command.name}'" for command in program.all_commands if words.ends_at_argument(command))


def rules(_program):
    return ""
