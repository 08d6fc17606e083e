"""TCP segments over IPv4, octet by octet, with the checksums that belong to them."""

import socket
import struct

FLAGS = {"FIN": 0x01, "SYN": 0x02, "RST": 0x04, "PSH": 0x08, "ACK": 0x10}
MODULUS = 2**32


def flags_of(names):
    """`SYN+ACK` as the octet of a header."""
    return sum(FLAGS[name] for name in names.split("+"))


def checksum(octets):
    """The Internet checksum (RFC 1071)."""
    octets += bytes(len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def segment(source, destination, flags, seq, ack=0, payload=b"", options=b"", window=8192):
    """Header and payload; an end is its (address, port), `options` a multiple of four octets."""
    (source_address, source_port), (destination_address, destination_port) = source, destination
    head = struct.pack(
        "!HHIIBBHHH",
        source_port,
        destination_port,
        seq % MODULUS,
        ack % MODULUS,
        (5 + len(options) // 4) << 4,
        flags,
        window,
        0,
        0,
    )
    body = head + options + payload
    addresses = socket.inet_aton(source_address) + socket.inet_aton(destination_address)
    total = checksum(addresses + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(body)) + body)
    return body[:16] + struct.pack("!H", total) + body[18:]


def ipv4(source_address, destination_address, identification, payload):
    addresses = socket.inet_aton(source_address) + socket.inet_aton(destination_address)
    head = struct.pack(
        "!BBHHHBBH", 0x45, 0, 20 + len(payload), identification, 0x4000, 64, socket.IPPROTO_TCP, 0
    )
    total = checksum(head + addresses)
    return head[:10] + struct.pack("!H", total) + addresses + payload
