"""One TCP segment that no socket of this host sends.

    forge.py SOURCE:PORT DESTINATION:PORT FLAGS [--seq N] [--ack N] [--data TEXT] [--after CAPTURE]

FLAGS is `SYN`, `SYN+ACK`, `RST` and so on. With --after, the numbers count from those that would come next
between these two ends by the capture so far; otherwise they stand as they are.
"""

import argparse
import socket
import struct

import pcapfile
import segment

ETHERNET_HEADER = 14


def end(text):
    address, _, port = text.rpartition(":")
    return address, int(port)


def next_numbers(capture, source, destination):
    """What the source would send next, and what it would acknowledge, by the last segment of each."""
    following = {source: 0, destination: 0}
    _, packets = pcapfile.read(capture)
    for packet in packets:
        ip = packet.octets[ETHERNET_HEADER:]
        tcp = ip[(ip[0] & 0x0F) * 4 :]
        source_port, destination_port, seq, _, offset, flags = struct.unpack("!HHIIBB", tcp[:14])
        sender = (socket.inet_ntoa(ip[12:16]), source_port)
        length = int.from_bytes(ip[2:4], "big") - (ip[0] & 0x0F) * 4 - (offset >> 4) * 4
        counted = bool(flags & segment.FLAGS["SYN"]) + bool(flags & segment.FLAGS["FIN"])
        if sender in following:
            following[sender] = seq + length + counted
    return following[source], following[destination]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=end)
    parser.add_argument("destination", type=end)
    parser.add_argument("flags", type=segment.flags_of)
    parser.add_argument("--seq", type=int, default=0)
    parser.add_argument("--ack", type=int, default=0)
    parser.add_argument("--data", default="")
    parser.add_argument("--after")
    options = parser.parse_args()

    seq, ack = options.seq, options.ack
    if options.after:
        own, other = next_numbers(options.after, options.source, options.destination)
        seq, ack = seq + own, ack + other
    if not options.flags & segment.FLAGS["ACK"]:
        ack = 0
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    raw.bind((options.source[0], 0))
    octets = segment.segment(options.source, options.destination, options.flags, seq, ack, options.data.encode())
    raw.sendto(octets, (options.destination[0], 0))


main()
