#!/usr/bin/env python3
"""Makes the embedded default image: an OCI archive of a busybox root filesystem.

    busybox_image.py BUSYBOX ARCHIVE

The same program gives the same bytes: no times, no names of this machine.
"""
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile

DIRECTORIES = {
    "bin": 0o755, "dev": 0o755, "etc": 0o755, "home": 0o755, "proc": 0o755, "root": 0o700, "run": 0o755,
    "sys": 0o755, "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755, "var": 0o755, "var/tmp": 0o1777,
}
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    "etc/group": "root:x:0:\nnobody:x:65534:\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost\n",
    "etc/resolv.conf": "",
    "etc/hostname": "planet\n",
    "etc/profile": "export PS1='\\u@\\h:\\w\\$ '\n",
}
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def entry(name, mode, kind=tarfile.REGTYPE, link="", size=0):
    info = tarfile.TarInfo(name)
    info.mode, info.type, info.linkname, info.size = mode, kind, link, size
    return info


def add_file(tar, name, content, mode=0o644):
    tar.addfile(entry(name, mode, size=len(content)), io.BytesIO(content))


def layer(busybox):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, mode in DIRECTORIES.items():
            tar.addfile(entry(name + "/", mode, tarfile.DIRTYPE))
        with open(busybox, "rb") as program:
            add_file(tar, "bin/busybox", program.read(), 0o755)
        applets = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
        for applet in sorted(set(applets) - {"busybox"}):
            tar.addfile(entry("bin/" + applet, 0o777, tarfile.SYMTYPE, "busybox"))
        tar.addfile(entry("usr/bin/env", 0o777, tarfile.SYMTYPE, "../../bin/busybox"))
        for name, text in FILES.items():
            add_file(tar, name, text.encode())
    return out.getvalue()


class Archive:
    def __init__(self):
        self.blobs = {}

    def add(self, media_type, content, **more):
        digest = hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(content), **more}

    def write(self, path, manifest):
        index = {"schemaVersion": 2, "manifests": [manifest]}
        with tarfile.open(path, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            add_file(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
            add_file(tar, "index.json", json.dumps(index).encode())
            for digest in sorted(self.blobs):
                add_file(tar, "blobs/sha256/" + digest, self.blobs[digest])


def main():
    busybox, path = sys.argv[1:]
    machine = subprocess.run([busybox, "uname", "-m"], check=True, capture_output=True, text=True).stdout.strip()
    plain = layer(busybox)
    archive = Archive()
    packed = archive.add("application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(plain, 9, mtime=0))
    config = archive.add("application/vnd.oci.image.config.v1+json", json.dumps({
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {"Env": ["PATH=/bin:/usr/bin"], "Cmd": ["sh"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(plain).hexdigest()]},
    }).encode())
    manifest = archive.add("application/vnd.oci.image.manifest.v1+json", json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": [packed],
    }).encode(), annotations={"org.opencontainers.image.ref.name": "localhost/busybox:latest"})
    archive.write(path, manifest)


if __name__ == "__main__":
    main()
