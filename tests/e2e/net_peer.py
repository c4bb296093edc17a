#!/usr/bin/env python3
"""A server and a client that say who they see.

    net_peer.py serve PORT              by TCP and UDP, on all addresses
    net_peer.py ask tcp|udp HOST PORT   says hello, and prints the answer
"""
import select
import socket
import sys


def serve(port):
    sockets = []
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        one = socket.socket(socket.AF_INET6, kind)
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("::", port))
        sockets.append(one)
    listener, datagrams = sockets
    listener.listen()
    print("ready", flush=True)
    while True:
        for ready in select.select(sockets, [], [])[0]:
            if ready is datagrams:
                text, client = datagrams.recvfrom(100)
                datagrams.sendto(answer(client, text), client)
                continue
            connection, client = listener.accept()
            with connection:
                connection.settimeout(5)
                connection.sendall(answer(client, connection.recv(100)))


def answer(client, text):
    return client[0].removeprefix("::ffff:").encode() + b" said " + text


def ask(protocol, host, port):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    family, kind, number, _, address = socket.getaddrinfo(host, port, type=kind)[0]
    # A first datagram may be lost where the interface has just come.
    for attempt in range(3):
        with socket.socket(family, kind, number) as one:
            one.settimeout(2)
            one.connect(address)
            one.sendall(b"hello")
            try:
                print(one.recv(100).decode())
                return
            except TimeoutError:
                if protocol == "tcp" or attempt == 2:
                    raise


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        ask(sys.argv[2], sys.argv[3], int(sys.argv[4]))
