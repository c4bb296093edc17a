#!/usr/bin/env python3
"""A server and a client that say who they see.

    net_peer.py serve PORT              by TCP and UDP, on all addresses
    net_peer.py ask tcp|udp HOST PORT   says hello, and prints the answer
    net_peer.py all PORT                each line says who is to be found: NAME ADDRESS..., which is asked for its name
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
    if text == b"who":
        return socket.gethostname().encode()
    return client[0].removeprefix("::ffff:").encode() + b" said " + text


def ask(protocol, host, port, text=b"hello"):
    """The answer."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    family, kind, number, _, address = socket.getaddrinfo(host, port, type=kind)[0]
    # A first datagram may be lost where the interface has just come.
    for attempt in range(3):
        with socket.socket(family, kind, number) as one:
            one.settimeout(2)
            one.connect(address)
            one.sendall(text)
            try:
                return one.recv(100).decode()
            except TimeoutError:
                if protocol == "tcp" or attempt == 2:
                    raise
    return ""


def ask_all(port):
    """The program ends with an error where anyone is not found, or is another."""
    lines = [line.split() for line in sys.stdin]
    for name, *addresses in lines:
        found = {one[4][0] for one in socket.getaddrinfo(name, port)}
        if found != set(addresses):
            sys.exit(f"{name} is at {addresses}, and found at {found}")
        for address in addresses:
            for protocol in ("tcp", "udp"):
                if (said := ask(protocol, address, port, b"who")) != name:
                    sys.exit(f"{name}, asked by {protocol} at {address}, says that it is {said}")
    print(f"all of {len(lines)}")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    elif sys.argv[1] == "all":
        ask_all(int(sys.argv[2]))
    else:
        print(ask(sys.argv[2], sys.argv[3], int(sys.argv[4])))
