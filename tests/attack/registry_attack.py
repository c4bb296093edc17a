#!/usr/bin/env python3
"""A hostile registry: registry_attack.py PLANET. Each case is one pull or push that has to fail with its own sentence, leave the
store empty, and show the login to nobody but the registry. A second server, to which the first one sends its guests, writes down
what it is shown.
"""
import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading

LOGIN = "Basic " + base64.b64encode(b"ann:hush").decode()
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MOST_MEMORY = 100 << 20


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Server:
    """Answers each request with what `answer(request)` gives: (status, headers, body), where a body may be an iterator."""

    def __init__(self):
        self.answer = None
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                first = self.rfile.peek(1)[:1]
                if first == b"\x16":  # a greeting of TLS: nobody here speaks it
                    self.close_connection = True
                    self.wfile.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                    return
                super().handle_one_request()

            def any(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.seen.append((self.command, self.path, dict(self.headers)))
                status, headers, body = outer.answer(self)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                if isinstance(body, bytes):
                    if not any(name == "Content-Length" for name, _ in headers):
                        self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(body)
                    return
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                for piece in body:
                    self.wfile.write(piece)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = any

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # whom we attack hangs up

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Image:
    """A good image, to be spoilt."""

    def __init__(self):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            info = tarfile.TarInfo("file")
            data = os.urandom(100_000)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        self.tar = out.getvalue()
        self.layer = gzip.compress(self.tar, mtime=0)
        self.config_fields = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(self.tar)]}}
        self.fields = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {}, "layers": [{}]}
        self.type = MANIFEST
        self.describe()

    def describe(self):
        self.config = json.dumps(self.config_fields).encode()
        self.fields["config"] = {"mediaType": CONFIG, "digest": digest(self.config), "size": len(self.config)}
        self.fields["layers"] = [{"mediaType": LAYER, "digest": digest(self.layer), "size": len(self.layer)}]

    def manifest(self):
        return json.dumps(self.fields).encode()

    def answer(self, request):
        if "/manifests/" in request.path:
            return 200, [("Content-Type", self.type)], self.manifest()
        for blob in (self.config, self.layer):
            if request.path.endswith(digest(blob)):
                return 200, [], blob
        return 404, [], b"{}"


class Attack:
    def __init__(self, planet):
        self.planet = planet
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="planet-registry-", dir="/var/tmp"))
        self.registry, self.recorder = Server(), Server()
        self.recorder.answer = lambda request: (401, [("WWW-Authenticate", 'Basic realm="x"')], b"{}")
        self.host = f"127.0.0.1:{self.registry.port}"
        self.there = f"localhost:{self.recorder.port}"
        (self.top / "config.json").write_text(json.dumps({"auths": {self.host: {"auth": LOGIN.split()[1]}}}))
        self.failures = self.cases = 0

    def guarded(self, answer):
        """The registry wants the login before it answers."""
        def judge(request):
            if request.headers.get("Authorization") != LOGIN:
                return 401, [("WWW-Authenticate", 'Basic realm="test"')], b"{}"
            return answer(request)
        return judge

    def run(self, words):
        root = self.top / "root"
        environment = {"PATH": os.environ["PATH"], "DOCKER_CONFIG": str(self.top), "HOME": str(self.top)}
        process = subprocess.Popen([self.planet, "--root", root, "--runroot", self.top / "run", *words], env=environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            text, _ = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            text = process.communicate()[0] + b"(it had to be killed)"
        return process.returncode, text.decode(errors="replace")

    def stored(self):
        root = self.top / "root"
        places = ("layers", "blobs/sha256", "images", "tags", "staging")
        return [str(path) for place in places if (root / place).exists() for path in (root / place).iterdir()]

    def case(self, name, answer, want, words=None, guarded=True):
        self.cases += 1
        self.registry.answer = self.guarded(answer) if guarded else answer
        self.registry.seen.clear()
        self.recorder.seen.clear()
        status, text = self.run(words or ["pull", f"{self.host}/a/b:1"])
        problems = []
        errors = [line for line in text.splitlines() if line.startswith("planet: ")]
        if status != 1 or len(errors) != 1:
            problems.append(f"exit status {status}, {len(errors)} sentences")
        elif want not in errors[0]:
            problems.append(f"not the sentence: {want}")
        elif len(errors[0]) > 1500:
            problems.append("a sentence of more than 1500 characters")
        if "hush" in text or LOGIN.split()[1] in text or "X-Amz" in text:
            problems.append("it shows a secret")
        if self.stored():
            problems.append(f"stored: {self.stored()}")
        for method, path, headers in self.recorder.seen:
            if any(key.lower() in ("authorization", "cookie", "proxy-authorization") for key in headers):
                problems.append(f"the other host was shown a credential: {method} {path}")
        if problems:
            self.failures += 1
            print(f"not ok: {name}: {'; '.join(problems)}\n{text}")

    def end(self):
        good = Image()
        self.registry.answer = self.guarded(good.answer)
        status, text = self.run(["pull", "-q", f"{self.host}/a/b:1"])
        if status != 0:
            self.failures += 1
            print(f"not ok: the good image afterwards: {text}")
        shutil.rmtree(self.top)
        print(f"{self.cases} attacks, {self.failures} failures")
        return 1 if self.failures else 0


def redirects(attack):
    targets = {
        "another host": (f"http://{attack.there}/x?X-Amz-Signature=sig", "no access to"),
        "another port": (f"http://127.0.0.1:{attack.recorder.port}/x", "no access to"),
        "no scheme": (f"//{attack.there}/x", "no access to"),
        "upper case": (f"HTTP://LOCALHOST:{attack.recorder.port}/x", "no access to"),
        "a user": (f"http://ann:hush@{attack.there}/x", "user name"),
        "a file": ("file:///etc/passwd", "neither http nor https"),
        "a socket": ("unix:///run/docker.sock", "neither http nor https"),
        "a number": (f"http://2130706433:{attack.recorder.port}/x", "no proper host"),
        "a backslash": (f"http://127.0.0.1:{attack.registry.port}\\@{attack.there}/x", "a character"),
        "nowhere": ("", "redirects"),
    }
    for kind in ("manifests", "blobs"):
        for status in (301, 302, 303, 307, 308):
            for name, (target, want) in targets.items():
                if status != 307 and name not in ("another host", "no scheme"):
                    continue
                image = Image()

                def answer(request, image=image, status=status, target=target, kind=kind):
                    if f"/{kind}/" in request.path:
                        return status, [("Location", target)], b""
                    return image.answer(request)
                attack.case(f"{kind} redirected ({status}) to {name}", answer, want if target else "redirects" if target else "")
    image = Image()
    attack.case("redirected in a circle", lambda request: (302, [("Location", request.path)], b""), "more than 10 redirects")


def spoilt(change):
    image = Image()
    change(image)
    return image.answer


BAD_DIGESTS = ["", "sha256:", "sha256:../../x", "sha256:" + "A" * 64, "sha256:" + "a" * 63, "sha256:" + "a" * 65, "sha512:" + "a" * 128,
               "md5:" + "a" * 32, "a" * 64, "sha256:" + "a" * 63 + "/", "SHA256:" + "a" * 64, " sha256:" + "a" * 64, "sha256:" + "a" * 63 + "\n",
               "sha256:%2e%2e%2f" + "a" * 55]


def digests(attack):
    for bad in BAD_DIGESTS:
        for place in ("config", "layer"):
            def change(image, bad=bad, place=place):
                (image.fields["config"] if place == "config" else image.fields["layers"][0])["digest"] = bad
            attack.case(f"digest {bad!r} of the {place}", spoilt(change), "is not a digest")
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {"mediaType": MANIFEST, "digest": bad, "size": 5, "platform": {"os": "linux", "architecture": "amd64"}}]}).encode()
        attack.case(f"digest {bad!r} in an index", lambda request, index=index: (200, [("Content-Type", INDEX)], index), "is not a digest")
    image = Image()
    for claimed, want in (("sha256:../x", "is not a digest"), ("sha256:" + "a" * 64, "has digest")):
        attack.case("the registry's own word for a digest", lambda request, claimed=claimed: (
            200, [("Content-Type", MANIFEST), ("Docker-Content-Digest", claimed)], image.manifest()), want)
    attack.case("another manifest than that of the digest", image.answer, "has digest", ["pull", f"{attack.host}/a/b@sha256:{'a' * 64}"])


def types(attack):
    def hybrid(image):
        image.fields["manifests"] = []
    attack.case("a manifest that is an index, too", spoilt(hybrid), "a manifest and an index at once")

    def as_index(image):
        hybrid(image)
        image.type = INDEX
    attack.case("the same as an index", spoilt(as_index), "a manifest and an index at once")

    def otherwise(image):
        image.type = DOCKER
    attack.case("another type than the document says", spoilt(otherwise), "and the document that it is")
    for kind, want in (("text/html", "and not the manifest of an image"), ("application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1")):
        def other(image, kind=kind):
            image.type = kind
        attack.case(f"a manifest of type {kind}", spoilt(other), want)

    def chart(image):
        image.fields["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json"
    attack.case("no image", spoilt(chart), "not an image to run")
    for kind, want in (("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "kept somewhere else"),
                       ("application/vnd.oci.image.layer.v1.tar+xz", "not a tar archive"), ("", "not a tar archive")):
        def layer(image, kind=kind):
            image.fields["layers"][0]["mediaType"] = kind
        attack.case(f"a layer of type {kind!r}", spoilt(layer), want)

    def urls(image):
        image.fields["layers"][0]["urls"] = [f"http://{attack.there}/layer"]
    attack.case("a layer with addresses", spoilt(urls), "kept somewhere else")


def contents(attack):
    def served(blob, how):
        """The right image, but of one blob other bytes come."""
        image = Image()
        data = image.layer if blob == "layer" else image.config
        bad = how(data)

        def answer(request):
            return (200, [], bad) if request.path.endswith(digest(data)) else image.answer(request)
        return answer

    flipped = lambda data: data[:50] + bytes([data[50] ^ 1]) + data[51:]
    for blob, want in (("layer", "has other content"), ("config", "has digest")):
        attack.case(f"a flipped bit in the {blob}", served(blob, flipped), want)
        attack.case(f"the {blob} cut short", served(blob, lambda data: data[:-1]), "its descriptor says")
        attack.case(f"the {blob} with more", served(blob, lambda data: data + b"x"), "its descriptor says")
    for size in (-1, 0, 1, 2**63 - 1, 2**63, "5", 1.5, None):
        def change(image, size=size):
            image.fields["layers"][0]["size"] = size
        want = "its descriptor says" if isinstance(size, int) and 0 <= size < 2**63 else "size" if size is not None else "its descriptor says"
        attack.case(f"a layer of {size} bytes", spoilt(change), want)

    def other_layer(image):
        image.layer = gzip.compress(Image().tar)
        image.fields["layers"][0].update(digest=digest(image.layer), size=len(image.layer))
    attack.case("another layer than the configuration says", spoilt(other_layer), "its content has digest")

    def garbage(image):
        image.layer += b"garbage"
        image.fields["layers"][0].update(digest=digest(image.layer), size=len(image.layer))
    attack.case("something behind the layer", spoilt(garbage), "damaged")

    def xz(image):
        image.layer = b"\xfd7zXZ\x00" + bytes(1000)
        image.fields["layers"][0].update(digest=digest(image.layer), size=len(image.layer))
    attack.case("xz in gzip's name", spoilt(xz), "xz or bzip2")

    def bomb(image):
        image.layer = gzip.compress(bytes(1 << 20), mtime=0) * 1100
        image.fields["layers"][0].update(digest=digest(image.layer), size=len(image.layer))
    attack.case("a bomb", spoilt(bomb), "")


def amounts(attack):
    def endless():
        while True:
            yield b" " * 65536
    for kind in ("manifests", "blobs"):
        image = Image()

        def answer(request, image=image, kind=kind):
            return (200, [("Content-Type", MANIFEST)], endless()) if f"/{kind}/" in request.path else image.answer(request)
        attack.case(f"endless {kind}", answer, "longer")
    attack.case("a deep document", lambda request: (200, [("Content-Type", MANIFEST)], b"[" * 1_000_000), "")
    attack.case("a head without end", lambda request: (200, [("X", "y" * 60_000), ("Z", "y" * 60_000)], b""), "longer than 64 KiB")
    many = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": "sha256:" + "a" * 64, "size": 1}] * 20_000})
    attack.case("an index of very many", lambda request: (200, [("Content-Type", INDEX)], many.encode()), "more than 500")

    def nested(depth):
        documents, inner, kind = {}, Image().manifest(), MANIFEST
        for _ in range(depth):
            documents[digest(inner)] = (kind, inner)
            inner = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
                {"mediaType": kind, "digest": digest(inner), "size": len(inner), "platform": {"os": "linux", "architecture": "amd64"}}]}).encode()
            kind = INDEX
        def answer(request):
            kind_, text = documents.get(request.path.rsplit("/", 1)[1], (kind, inner))
            return 200, [("Content-Type", kind_)], text
        return answer
    attack.case("indexes in indexes", nested(50), "more than four deep")


def challenges(attack):
    demands = {
        "a realm that is a file": ('Bearer realm="file:///etc/passwd"', "neither http nor https"),
        "a realm with a user": (f'Bearer realm="http://x:y@{attack.there}/"', "user name"),
        "no realm": ('Bearer service="x"', "realm"),
        "an open quote": ('Basic realm="x', ""),
        "another scheme": ("Negotiate", ""),
        "nothing": ("", ""),
        "very much": ("Basic " + ", ".join(f'a{i}="b"' for i in range(1000)), ""),
        "a parameter twice": ('Bearer realm="http://a/", realm="http://b/"', ""),
    }
    for name, (field, want) in demands.items():
        attack.case(f"a challenge with {name}", lambda request, field=field: (401, [("WWW-Authenticate", field)], b"{}"), want, guarded=False)

    def endless():
        while True:
            yield b'{"token":"' + b"x" * 65536
    answers = {"no JSON": (b"<html>", "not JSON"), "no token": (b"{}", "no token"), "two lines": (b'{"token":"a\\r\\nX: y"}', "not one word"), "much": (endless, "longer")}
    for name, (body, want) in answers.items():
        def answer(request, body=body):
            if request.path.startswith("/token"):
                return 200, [], body() if callable(body) else body
            return 401, [("WWW-Authenticate", f'Bearer realm="http://{attack.host}/token",service="s"')], b"{}"
        attack.case(f"an answer of the token's server with {name}", answer, want, guarded=False)
    errors = json.dumps({"errors": [{"code": "X", "message": "\u001b[2J\nplanet: " + "x" * 5000}]}).encode()
    attack.case("an error that would write on the terminal", lambda request: (404, [], errors), "\\x1b[2J\\x0aplanet")


def main():
    attack = Attack(sys.argv[1])
    for group in (redirects, digests, types, contents, amounts, challenges):
        group(attack)
    import resource
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    if memory > MOST_MEMORY:
        attack.failures += 1
        print(f"not ok: {memory >> 20} MiB of memory at most")
    return attack.end()


if __name__ == "__main__":
    sys.exit(main())
