#!/usr/bin/env python3
"""A name server for a test.

    dns_peer.py ADDRESS DOMAIN    any name of DOMAIN is 192.0.2.77, by UDP and TCP; one that begins with "big" has forty
                                  addresses, of which UDP tells none but that they are too many. Other names are not there.
"""
import socket
import struct
import sys
import threading

A, TRUNCATED, NO_SUCH_NAME = 1, 0x0200, 3


def question(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind, = struct.unpack_from("!H", query, at + 1)
    return ".".join(labels).lower(), kind, query[12:at + 5]


def answer(query, domain, datagram):
    name, kind, asked = question(query)
    flags, records = 0x8180, []
    if not name.endswith("." + domain):
        flags |= NO_SUCH_NAME
    elif kind == A and name.startswith("big"):
        records = [bytes([198, 51, 100, last]) for last in range(1, 41)]
    elif kind == A:
        records = [bytes([192, 0, 2, 77])]
    if datagram and len(records) > 10:
        flags, records = flags | TRUNCATED, []
    body = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 60, 4) + one for one in records)
    return query[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0) + asked + body


def exactly(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def serve_stream(listener, domain):
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            try:
                size, = struct.unpack("!H", exactly(connection, 2))
                text = answer(exactly(connection, size), domain, False)
                connection.sendall(struct.pack("!H", len(text)) + text)
            except (EOFError, TimeoutError):
                pass


def main(address, domain):
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((address, 53))
    listener = socket.create_server((address, 53))
    threading.Thread(target=serve_stream, args=(listener, domain), daemon=True).start()
    print("ready", flush=True)
    while True:
        query, client = datagrams.recvfrom(512)
        datagrams.sendto(answer(query, domain, True), client)


main(sys.argv[1], sys.argv[2])
