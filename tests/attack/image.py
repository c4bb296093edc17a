#!/usr/bin/env python3
"""An OCI archive with one layer and a configuration as wanted, true or not.

    image.py ARCHIVE NAME DIRECTORY CONFIG [PATH:ATTRIBUTE=VALUE...] [@ANNOTATION=VALUE...]

DIRECTORY becomes the layer; CONFIG is the JSON of config.config, or @FILE with it; each PATH gets the extended attribute;
annotations stand on the manifest, on its layer and in the index.
"""
import hashlib
import io
import json
import os
import sys
import tarfile


def layer_of(directory, attributes):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(tar.gettarinfo(directory, "."))
        for folder, folders, files in os.walk(directory):
            folders.sort()
            for name in sorted(folders + files):
                full = os.path.join(folder, name)
                entry = tar.gettarinfo(full, os.path.relpath(full, directory))
                for attribute, value in attributes.get(entry.name, {}).items():
                    entry.pax_headers["SCHILY.xattr." + attribute] = value
                tar.addfile(entry, open(full, "rb") if entry.isreg() else None)
    return buffer.getvalue()


def main(archive, name, directory, config, *words):
    attributes, annotations = {}, {}
    if config.startswith("@"):
        with open(config[1:]) as file:
            config = file.read()
    for word in words:
        if word.startswith("@"):
            annotations.update([word[1:].split("=", 1)])
            continue
        path, rest = word.split(":", 1)
        attributes.setdefault(path, {}).update([rest.split("=", 1)])
    blobs = {}

    def blob(data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}

    kind = "application/vnd.oci.image."
    layer = blob(layer_of(directory, attributes), kind + "layer.v1.tar")
    configuration = {"architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine], "os": "linux",
                     "config": json.loads(config), "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}
    manifest = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
                "config": blob(json.dumps(configuration).encode(), kind + "config.v1+json"), "layers": [layer]}
    if annotations:
        manifest["annotations"] = layer["annotations"] = annotations
    top = blob(json.dumps(manifest).encode(), kind + "manifest.v1+json")
    top["annotations"] = {**annotations, "org.opencontainers.image.ref.name": name}
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
             "index.json": json.dumps({"schemaVersion": 2, "manifests": [top]}).encode()}
    files.update({"blobs/sha256/" + digest: data for digest, data in blobs.items()})
    with tarfile.open(archive, "w") as tar:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


if __name__ == "__main__":
    main(*sys.argv[1:])
