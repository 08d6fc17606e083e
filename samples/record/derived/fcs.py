"""Gives the frames of a capture the frame check sequences that they had on the wire.

    fcs.py CAPTURE --output FILE [--declare classic|pcapng] [--only-to MAC]
           [--damage-payload NUMBER] [--damage-fcs NUMBER]

Frames are padded to 60 octets first, as a sender does. --only-to leaves all other frames as they are.
--damage-payload changes a bit of a frame after its FCS was computed, --damage-fcs a bit of the FCS itself; NUMBER
counts the frames that get an FCS.
"""

import argparse
import struct
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import pcapfile  # noqa: E402

SHORTEST_FRAME = 60  # without its FCS
FCS_OCTETS = 4
# In the link type word of a classic capture: the length of the FCS is known (P), and is two 16-bit words.
DECLARED_IN_LINK_TYPE = 2 << 28 | 1 << 26


def checked(frame):
    padded = frame.ljust(SHORTEST_FRAME, b"\0")
    return padded + struct.pack("<I", zlib.crc32(padded))


def bit_changed(octets, index):
    changed = bytearray(octets)
    changed[index] ^= 0x01
    return bytes(changed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("capture")
    parser.add_argument("--output", required=True)
    parser.add_argument("--declare", choices=["classic", "pcapng"])
    parser.add_argument("--only-to", type=lambda text: bytes.fromhex(text.replace(":", "")))
    parser.add_argument("--damage-payload", type=int)
    parser.add_argument("--damage-fcs", type=int)
    options = parser.parse_args()

    link_type, packets = pcapfile.read(options.capture)
    written = []
    number = 0
    for packet in packets:
        octets = packet.octets
        if options.only_to in (None, octets[:6]):
            octets = checked(octets)
            number += 1
            if number == options.damage_payload:
                octets = bit_changed(octets, -FCS_OCTETS - 1)
            if number == options.damage_fcs:
                octets = bit_changed(octets, -1)
        written.append(pcapfile.with_octets(packet, octets))

    if options.declare == "pcapng":
        interface = pcapfile.Interface(link_type, "eth0", fcs_octets=FCS_OCTETS)
        pcapfile.write_pcapng(options.output, [interface], written)
    else:
        declared = DECLARED_IN_LINK_TYPE if options.declare == "classic" else 0
        pcapfile.write_classic(options.output, link_type | declared, written)


main()
