"""Sends frames that switches exchange: send_frames.py INTERFACE lldp|pause|pfc"""

import socket
import struct
import sys
import time

LLDP_NEIGHBOUR = bytes.fromhex("0180c200000e")
MAC_CONTROL = bytes.fromhex("0180c2000001")
SHORTEST_FRAME = 60  # without its FCS


def element(kind, value):
    return struct.pack("!H", kind << 9 | len(value)) + value


def lldp(own_address):
    elements = [
        (1, b"\x04" + own_address),  # chassis, by hardware address
        (2, b"\x05port1"),  # port, by interface name
        (3, struct.pack("!H", 120)),  # seconds to live
        (4, b"to the client"),
        (5, b"switch.example"),
        (6, b"a made-up switch"),
        (7, struct.pack("!HH", 0x0014, 0x0004)),  # can bridge and route, bridges
        (8, b"\x05\x01" + socket.inet_aton("10.20.0.2") + b"\x02" + struct.pack("!I", 1) + b"\x00"),
        (127, bytes.fromhex("0080c201") + struct.pack("!H", 10)),  # the port's own VLAN
        (0, b""),
    ]
    body = b"".join(element(kind, value) for kind, value in elements)
    return [LLDP_NEIGHBOUR + own_address + b"\x88\xcc" + body]


def mac_control(own_address, opcode, parameters):
    return MAC_CONTROL + own_address + b"\x88\x08" + struct.pack("!H", opcode) + parameters


def pause(own_address):
    """Stop for 65535 quanta, and go on."""
    return [mac_control(own_address, 0x0001, struct.pack("!H", quanta)) for quanta in (0xFFFF, 0)]


def pfc(own_address):
    """Stop the priorities 3 and 5, and let them go on."""
    enabled = 1 << 3 | 1 << 5
    stop = [0, 0, 0, 0xFFFF, 0, 0x1000, 0, 0]
    return [mac_control(own_address, 0x0101, struct.pack("!H8H", enabled, *quanta)) for quanta in (stop, [0] * 8)]


def main():
    interface, kind = sys.argv[1:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        own_address = wire.getsockname()[4]
        for frame in {"lldp": lldp, "pause": pause, "pfc": pfc}[kind](own_address):
            wire.send(frame.ljust(SHORTEST_FRAME, b"\0"))
            time.sleep(0.05)


main()
