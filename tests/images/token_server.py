#!/usr/bin/env python3
"""Gives tokens to who may have them, as the distribution specification's token authentication says.

    token_server.py PORT CERTIFICATE KEY LOG

USER:PASSWORD comes from the environment (TOKEN_LOGIN). With the login everything that is asked for is granted, without
it pulling of what begins with "open/". The registry knows our signature by the certificate (rootcertbundle), an RSA one.
LOG gets a line for each request: the user or "-", and what was asked for. Source: distribution's docs/spec/auth/token.md.
"""
import base64
import http.server
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.parse

PORT, CERTIFICATE, KEY, LOG = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
ISSUER, SERVICE, SECONDS = "issuer", "registry", 60
LOGIN = os.environ["TOKEN_LOGIN"]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(user, access):
    chain = [ssl.PEM_cert_to_DER_cert(open(CERTIFICATE).read())]
    header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode() for der in chain]}
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": user, "aud": SERVICE, "exp": now + SECONDS, "nbf": now - 10, "iat": now,
              "jti": os.urandom(8).hex(), "access": access}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", KEY], input=signed.encode(), capture_output=True,
                               check=True).stdout
    return signed + "." + base64url(signature)


def granted(user, scopes):
    access = []
    for scope in scopes:
        kind, name, actions = scope.split(":", 2)
        allowed = [action for action in actions.split(",") if user or (action == "pull" and name.startswith("open/"))]
        if allowed:
            access.append({"type": kind, "name": name, "actions": allowed})
    return access


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="token"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        given = self.headers.get("Authorization", "")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        scopes = [scope for text in query.get("scope", []) for scope in text.split(" ")]
        user = ""
        if given:
            user, _, _ = LOGIN.partition(":")
            if given != "Basic " + base64.b64encode(LOGIN.encode()).decode():
                return self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong user or password"}]})
        with open(LOG, "a") as log:
            log.write(f"{user or '-'} {' '.join(scopes)}\n")
        text = token(user, granted(user, scopes))
        return self.answer(200, {"token": text, "access_token": text, "expires_in": SECONDS})

    def do_POST(self):
        self.answer(404, {})  # no OAuth2 here: clients ask again with GET

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
