"""Reading classic captures, and writing classic and pcapng ones: as much as the recipes need."""

import struct
from dataclasses import dataclass, replace

ETHERNET = 1
CLASSIC_MAGIC = 0xA1B2C3D4  # microseconds
NANOSECONDS = b"\x09"

OPT_COMMENT, OPT_END = 1, 0
IF_NAME, IF_DESCRIPTION, IF_TSRESOL, IF_FCSLEN = 2, 3, 9, 13
TLS_KEY_LOG = 0x544C534B


@dataclass(frozen=True)
class Packet:
    time: int  # nanoseconds
    octets: bytes
    original: int  # its length on the wire
    interface: int = 0
    comment: str = ""


@dataclass
class Interface:
    link_type: int
    name: str
    description: str = ""
    fcs_octets: int | None = None


def read(path):
    """The link type and the packets of a classic capture that this machine wrote."""
    with open(path, "rb") as file:
        magic, _, _, _, _, _, link_type = struct.unpack("=IHHiIII", file.read(24))
        if magic != CLASSIC_MAGIC:
            raise SystemExit(f"{path}: not a classic capture in microseconds and this machine's order")
        packets = []
        while header := file.read(16):
            seconds, microseconds, captured, original = struct.unpack("=IIII", header)
            packets.append(Packet(seconds * 10**9 + microseconds * 1000, file.read(captured), original))
    return link_type, packets


def write_classic(path, link_type, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("=IHHiIII", CLASSIC_MAGIC, 2, 4, 0, 0, 262144, link_type))
        for packet in packets:
            seconds, rest = divmod(packet.time, 10**9)
            file.write(struct.pack("=IIII", seconds, rest // 1000, len(packet.octets), packet.original))
            file.write(packet.octets)


def padded(octets):
    return octets + bytes(-len(octets) % 4)


def option(code, value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack("=HH", code, len(value)) + padded(value)


def options(pairs):
    written = b"".join(option(code, value) for code, value in pairs if value not in (None, "", b""))
    return written + struct.pack("=HH", OPT_END, 0) if written else b""


def block(kind, body):
    length = struct.pack("=I", len(body) + 12)
    return struct.pack("=I", kind) + length + body + length


def interface_block(interface):
    fcs = None if interface.fcs_octets is None else bytes([interface.fcs_octets])
    pairs = [
        (IF_NAME, interface.name),
        (IF_DESCRIPTION, interface.description),
        (IF_TSRESOL, NANOSECONDS),
        (IF_FCSLEN, fcs),
    ]
    return block(1, struct.pack("=HHI", interface.link_type, 0, 262144) + options(pairs))


def packet_block(packet):
    head = struct.pack(
        "=IIIII",
        packet.interface,
        packet.time >> 32,
        packet.time & 0xFFFFFFFF,
        len(packet.octets),
        packet.original,
    )
    return block(6, head + padded(packet.octets) + options([(OPT_COMMENT, packet.comment)]))


def write_pcapng(path, interfaces, packets, comment="", tls_keys=b""):
    with open(path, "wb") as file:
        section = struct.pack("=IHHq", 0x1A2B3C4D, 1, 0, -1) + options([(OPT_COMMENT, comment)])
        file.write(block(0x0A0D0D0A, section))
        for interface in interfaces:
            file.write(interface_block(interface))
        if tls_keys:
            file.write(block(10, struct.pack("=II", TLS_KEY_LOG, len(tls_keys)) + padded(tls_keys)))
        for packet in packets:
            file.write(packet_block(packet))


def with_octets(packet, octets):
    return replace(packet, octets=octets, original=packet.original + len(octets) - len(packet.octets))
