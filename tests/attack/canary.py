"""A tree that no attack may touch, and a snapshot of all that can be seen of it."""
import hashlib
import os
import stat


class Canary:
    def __init__(self, path):
        self.path = path
        os.makedirs(path + "/directory/sub", mode=0o750)
        for name, mode in (("secret", 0o600), ("open", 0o666), ("setuid", 0o4755), ("directory/file", 0o644)):
            with open(f"{path}/{name}", "w", encoding="ascii") as out:
                out.write("canary " + name)
            os.chmod(f"{path}/{name}", mode)
        os.mkfifo(path + "/pipe")
        os.symlink("secret", path + "/link")
        os.setxattr(path + "/secret", "user.note", b"untouched")
        self.before = self.snapshot()

    def snapshot(self):
        seen = {}
        for top, directories, files in os.walk(self.path):
            for name in [".", *directories, *files]:
                path = os.path.join(top, name)
                st = os.lstat(path)
                attributes = [(key, os.getxattr(path, key, follow_symlinks=False))
                              for key in os.listxattr(path, follow_symlinks=False)]
                content = None
                if stat.S_ISREG(st.st_mode):
                    with open(path, "rb") as data:
                        content = hashlib.sha256(data.read()).hexdigest()
                seen[path] = (st.st_mode, st.st_uid, st.st_gid, st.st_size, st.st_mtime_ns, st.st_ino, st.st_nlink,
                              attributes, content)
        return seen

    def changes(self):
        now = self.snapshot()
        return [path for path in sorted(now.keys() | self.before.keys()) if now.get(path) != self.before.get(path)]
