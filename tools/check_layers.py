#!/usr/bin/env python3
"""Checks the house: includes go downwards only, and raw calls stay in sys/.

The order of the modules is that of docs/architecture.md. Modules on one line never include each other.
"""
import pathlib
import re
import sys

LAYERS = [["base"], ["sys"], ["oci"], ["fs", "cgroup", "security", "registry", "network", "format"], ["image"], ["runtime"], ["engine"], ["apps"]]
LEVEL = {module: level for level, row in enumerate(LAYERS) for module in row}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^/"]+)/[^"]+"')

# Each line stands for a class of past holes: paths resolved by string, helpers executed in a foreign root, libraries
# that load others. sys/ wraps the calls once, with descriptors and errors.
RAW_CALLS = re.compile(
    r"(?<![\w.>])(?:::|std::)?"
    r"(syscall|open|openat|openat2|creat|mkdir|mkdirat|mknod|mknodat|symlink|symlinkat|link|linkat|unlink|unlinkat|"
    r"rename|renameat|renameat2|chmod|fchmod|fchmodat|chown|fchown|lchown|fchownat|mount|umount|umount2|pivot_root|"
    r"chroot|unshare|setns|clone|fork|vfork|execve|execv|execvp|execl|execlp|system|popen|getpwnam|getpwuid|getgrnam|"
    r"dlopen|setuid|setgid|setfsuid|setfsgid|setresuid|setresgid|ioctl|prctl)\(")
GLOBAL_CALL = re.compile(r"(?<![\w:])::(\w+)\(")
FORBIDDEN = re.compile(r"std::filesystem|<filesystem>|std::system\(|std::ofstream|std::ifstream|std::fstream")


def sources(top):
    for folder in ("src", "apps"):
        for path in sorted((top / folder).rglob("*")):
            if path.suffix in (".h", ".cc") and not path.stem.endswith(("_test", "_fuzz")):
                yield path


def module_of(path, top):
    parts = path.relative_to(top).parts
    return "apps" if parts[0] == "apps" else parts[1]


def without_comments(line):
    return line.split("//", 1)[0]


def check(top):
    problems = []
    for path in sources(top):
        module = module_of(path, top)
        where = path.relative_to(top)
        if module not in LEVEL:
            problems.append(f"{where}: folder {module!r} is not in the table of layers")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = without_comments(line)
            include = INCLUDE.match(line)
            if include and include.group(1) in LEVEL:
                target = include.group(1)
                if target != module and LEVEL[target] >= LEVEL[module]:
                    problems.append(f"{where}:{number}: {module} may not include {target}")
            if module in ("sys", "base"):
                continue
            call = GLOBAL_CALL.search(code)
            if call and RAW_CALLS.search("::" + call.group(1) + "("):
                problems.append(f"{where}:{number}: raw call ::{call.group(1)}() outside sys/")
            if re.search(r"\b(system|popen|getpwnam|getgrnam|dlopen)\(", code):
                problems.append(f"{where}:{number}: forbidden call outside sys/")
            if FORBIDDEN.search(code):
                problems.append(f"{where}:{number}: file access by path outside sys/ and fs/")
    return problems


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    problems = check(top)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
