#!/usr/bin/env python3
"""A docker archive on standard output: small_image.py NAME [TEXT...].

The lowest layer has busybox, each TEXT is a layer with one file that is called and says so.
"""
import hashlib
import io
import json
import sys
import tarfile


def entry(name, **fields):
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def tar(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def busybox():
    with open("/bin/busybox", "rb") as file:
        program = file.read()
    links = [(entry(f"bin/{name}", type=tarfile.SYMTYPE, linkname="busybox"), b"") for name in ("sh", "sleep", "cat", "true")]
    return tar([(entry("bin/", type=tarfile.DIRTYPE, mode=0o755), b""), (entry("bin/busybox", mode=0o755), program), *links])


def main():
    name, *texts = sys.argv[1:]
    layers = [busybox(), *(tar([(entry(text, mode=0o644), f"{text}\n".encode())]) for text in texts)]
    created = "2021-02-03T04:05:06Z"
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "created": created,
        "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"], "Labels": {"kind": name}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]},
        "history": [{"created": created, "created_by": f"make {text}"} for text in ("busybox", *texts)] +
                   [{"created": created, "created_by": "CMD sh", "comment": "nothing added", "empty_layer": True}]}).encode()
    files = [("config.json", config), *((f"{i}.tar", layer) for i, layer in enumerate(layers))]
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": [file for file, _ in files[1:]]}]
    files.append(("manifest.json", json.dumps(manifest).encode()))
    sys.stdout.buffer.write(tar([(entry(file, mode=0o644), data) for file, data in files]))


if __name__ == "__main__":
    main()
