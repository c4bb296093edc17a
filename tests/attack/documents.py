"""Image archives whose manifests, indexes, configurations and members lie: (name, archive, refused with, or None)."""
import json

from evil_tar import (CONFIG, INDEX, LAYER, LAYOUT, MANIFEST, archive, blob, descriptor, digest, directory, docker, file, hardlink,
                      header, image_config, index_of, manifest_of, oci, pax, symlink, tar)

TREE = tar(file("f"))
OTHER = tar(file("other"))
CONFIG_TEXT = image_config([TREE])
MANIFEST_TEXT = manifest_of(CONFIG_TEXT, [TREE])


def layout(manifest, config=CONFIG_TEXT, layers=(TREE,), index=None):
    index = index or index_of([descriptor(manifest, MANIFEST)])
    return archive([LAYOUT, ("index.json", index), blob(manifest), blob(config), *(blob(one) for one in layers)])


def changed(text, **more):
    return json.dumps({**json.loads(text), **more}).encode()


BAD_DIGESTS = ["", "sha256", "sha256:", "sha256:abc", "sha256:../../x", "sha256:" + "../" * 21 + "x", "SHA256:" + "a" * 64,
               "sha256:" + "A" * 64, "sha256:" + "a" * 63, "sha256:" + "a" * 65, "sha256:" + "g" * 64, "md5:" + "a" * 32,
               "sha512:" + "a" * 128, "sha256:" + "a" * 63 + "/", "sha256:" + "a" * 63 + "\u0000", " sha256:" + "a" * 64,
               "sha256:" + "a" * 64 + "\n", "sha256+b64:" + "a" * 64, "/etc/shadow", "../../etc/shadow", "a" * 64,
               "sha256:" + "\u0430" * 64, "sha256:" + "a" * 10000]


def bad_digests():
    for i, bad in enumerate(BAD_DIGESTS):
        why = "without NUL" if "\0" in bad else "is not a digest"
        layer = {**descriptor(TREE, LAYER), "digest": bad}
        yield f"E2 layer digest {i}", layout(changed(MANIFEST_TEXT, layers=[layer])), why
        config = {**descriptor(CONFIG_TEXT, CONFIG), "digest": bad}
        yield f"E2 configuration digest {i}", layout(changed(MANIFEST_TEXT, config=config)), why
        index = index_of([{**descriptor(MANIFEST_TEXT, MANIFEST), "digest": bad}])
        yield f"E2 manifest digest {i}", layout(MANIFEST_TEXT, index=index), why
        text = changed(CONFIG_TEXT, rootfs={"type": "layers", "diff_ids": [bad]})
        yield f"E2 diff id {i}", layout(manifest_of(text, [TREE]), config=text), why


def sizes():
    for size in (0, len(TREE) - 1, len(TREE) + 1, 1 << 40):
        layer = {**descriptor(TREE, LAYER), "size": size}
        yield f"E4 layer size {size}", layout(changed(MANIFEST_TEXT, layers=[layer])), "its descriptor says"
    for size in (-1, 1 << 63, 1e300, "12", [], {}):
        layer = {**descriptor(TREE, LAYER), "size": size}
        yield f"E4 layer size {size}", layout(changed(MANIFEST_TEXT, layers=[layer])), "layers[0].size"
    wrong = [LAYOUT, ("index.json", index_of([descriptor(MANIFEST_TEXT, MANIFEST)])), blob(MANIFEST_TEXT), blob(CONFIG_TEXT)]
    yield "E4 one bit of a layer", archive([*wrong, (blob(TREE)[0], TREE[:-1] + b"\1")]), "has other content"
    yield "E4 a layer with more", archive([*wrong, (blob(TREE)[0], TREE + b"x")]), "has other content"
    yield "E4 no layer", archive(wrong), "the archive lacks blob"
    text = image_config([OTHER])
    yield "E4 right blob, wrong diff id", layout(manifest_of(text, [TREE]), config=text), "its content has digest"
    text = image_config([TREE, TREE])
    yield "E4 more diff ids than layers", layout(manifest_of(text, [TREE]), config=text), "names 2 layers, the manifest 1"
    text = image_config([])
    yield "E4 no layers", layout(manifest_of(text, []), config=text, layers=()), "the image has no layers"


def confused():
    hybrid = changed(MANIFEST_TEXT, manifests=[descriptor(MANIFEST_TEXT, MANIFEST)])
    for kind in (MANIFEST, INDEX):
        yield f"E3 manifest and index at once as {kind}", layout(hybrid, index=index_of([descriptor(hybrid, kind)])), \
            "a manifest and an index at once"
    yield "E3 a manifest called an index", layout(MANIFEST_TEXT, index=index_of([descriptor(MANIFEST_TEXT, INDEX)])), \
        "is not that of an index"
    inner = changed(index_of([descriptor(MANIFEST_TEXT, MANIFEST)]), mediaType=INDEX)
    outer = index_of([descriptor(inner, MANIFEST)])
    yield "E3 an index called a manifest", archive([LAYOUT, ("index.json", outer), blob(inner), blob(MANIFEST_TEXT)]), \
        "is not that of a manifest"
    both = b'{"config":' + json.dumps(descriptor(CONFIG_TEXT, CONFIG)).encode() + b"," + MANIFEST_TEXT[1:]
    yield "J12 a key twice", layout(both), "config"
    for kind in ("application/vnd.erofs", "application/vnd.oci.image.layer.v1.tar+encrypted", "", "text/html"):
        text = changed(MANIFEST_TEXT, layers=[descriptor(TREE, kind)])
        yield f"D9 a layer of type {kind}", layout(text), "and not a tar archive"
    deep = b"[" * 100_000 + b"]" * 100_000
    yield "E9 deep JSON", layout(deep), "read manifest"
    yield "E9 deep JSON in the configuration", layout(manifest_of(deep, [TREE]), config=deep), "read image configuration"
    huge = json.dumps({"x": "y" * (9 << 20)}).encode()
    yield "E9 a large manifest", layout(huge), "more than"
    yield "E9 a large configuration", layout(manifest_of(huge, [TREE]), config=huge), "more than"
    many = [descriptor(TREE, LAYER)] * 501
    yield "R10 501 layers", layout(changed(MANIFEST_TEXT, layers=many)), "more than 500 entries"
    yield "E9 not UTF-8", layout(MANIFEST_TEXT[:-1] + b',"x":"\xff"}'), "read manifest"


def nested():
    inner, blobs = descriptor(MANIFEST_TEXT, MANIFEST), [blob(MANIFEST_TEXT), blob(CONFIG_TEXT), blob(TREE)]
    for depth in range(1, 7):
        text = changed(index_of([inner]), mediaType=INDEX)
        inner = descriptor(text, INDEX)
        blobs.append(blob(text))
        yield f"E9 {depth} indexes in the index", archive([LAYOUT, ("index.json", index_of([inner])), *blobs]), \
            None if depth <= 4 else "nested more than four deep"
    elsewhere = {**descriptor(MANIFEST_TEXT, MANIFEST), "platform": {"architecture": "s390x", "os": "linux"}}
    one, blobs = elsewhere, [blob(MANIFEST_TEXT)]
    for _ in range(4):
        text = changed(index_of([one] * 400), mediaType=INDEX)
        one = descriptor(text, INDEX)
        blobs.append(blob(text))
    yield "E9 indexes that name each other a billion times", archive([LAYOUT, ("index.json", index_of([one])), *blobs]), \
        "more than 2000 manifests"
    yield "an image for another machine", layout(MANIFEST_TEXT, index=index_of([elsewhere])), "no image for this machine"


def members(canary):
    secret = canary + "/secret"
    plain = [LAYOUT, ("index.json", index_of([descriptor(MANIFEST_TEXT, MANIFEST)])), blob(MANIFEST_TEXT), blob(CONFIG_TEXT)]
    yield "F17 a blob that is a link to the host", archive([*plain, symlink(blob(TREE)[0], secret)]), "the archive lacks blob"
    yield "F17 a blob that is a hard link to the host", archive([*plain, hardlink(blob(TREE)[0], secret)]), "lacks blob"
    yield "F17 a blob that is a fifo", archive([*plain, header(blob(TREE)[0], b"6")]), "neither a file nor a directory"
    yield "F17 a blob that is a directory", archive([*plain, directory(blob(TREE)[0])]), "lacks blob"
    yield "F17 an index that leads out", archive([("../index.json", b"{}"), *plain, blob(TREE)]), "leads out of the archive"
    yield "F17 a member that leads out", archive([("blobs/../../x", b"x"), *plain, blob(TREE)]), "leads out of the archive"
    yield "F17 an absolute member", archive([("/index.json", plain[1][1]), plain[0], *plain[2:], blob(TREE)]), None
    yield "F17 a blob twice", archive([*plain, blob(TREE), blob(TREE)]), None
    yield "F17 two blobs of one name", archive([*plain, (blob(TREE)[0], OTHER), blob(TREE)]), "two files of this name"
    yield "F17 two indexes", archive([("index.json", b"{}"), *plain, blob(TREE)]), "two files of this name"
    yield "F17 20001 members", archive([*(header("m%d" % i) for i in range(20001))]), "more than 20000 files"

    def image(config="c", layers=("l",), tags=("evil:1",)):
        return "manifest.json", json.dumps([{"Config": config, "RepoTags": tags, "Layers": layers}]).encode()
    files = [("c", CONFIG_TEXT), ("l", TREE)]
    for bad in ("../../etc/shadow", "/etc/shadow", secret, "", ".", "none"):
        yield f"F17 configuration {bad!r}", archive([*files, image(config=bad)]), "the archive has no file"
        yield f"F17 layer {bad!r}", archive([*files, image(layers=[bad])]), "the archive has no layer"
    yield "F17 a configuration that is a link to the host", archive([symlink("s", secret), *files, image(config="s")]), "no file"
    yield "F17 a layer that is a link to the host", archive([symlink("s", secret), *files, image(layers=["s"])]), "no layer"
    yield "F17 a layer that is a link to itself", archive([symlink("s", "s"), *files, image(layers=["s"])]), "no layer"
    yield "F17 a layer that is a link to a member", archive([symlink("d/s", "../l"), *files, image(layers=["d/s"])]), None
    yield "E10 a name that is none", archive([*files, image(tags=["../../x"])]), "is no name of an image"
    yield "E10 a name with an escape", archive([*files, image(tags=["a\x1b[2J:1"])]), "is no name of an image"
    yield "F17 manifest.json that is no list", archive([*files, ("manifest.json", b"{}")]), "not a list of images"
    yield "F17 manifest.json without images", archive([*files, ("manifest.json", b"[]")]), "no image for this machine"
    two = json.dumps([{"Config": "c", "RepoTags": ["evil:1"], "Layers": ["l"]},
                      {"Config": "c", "RepoTags": ["evil:2"], "Layers": ["none"]}]).encode()
    yield "the second of two images is bad", archive([*files, ("manifest.json", two)]), "has no layer"
    yield "a good OCI archive", oci([TREE], [TREE]), None
    yield "a good docker archive", docker([TREE], [TREE]), None
    noted = pax([("comment", "x")]) + file("l", TREE)
    yield "a member with a pax header", archive([noted, files[0], image()]), None
    text = changed(CONFIG_TEXT, config={"Labels": {"planet.anything": "x", "io.containerd.runc": "binary:///x"}})
    yield "G1 labels", layout(manifest_of(text, [TREE]), config=text), None
    assert digest(TREE) != digest(OTHER)


def hostile(canary):
    yield from bad_digests()
    yield from sizes()
    yield from confused()
    yield from nested()
    yield from members(canary)
