"""Makes pcapng captures of classic ones.

    convert.py FILE... --output FILE [--name NAME]... [--comment TEXT] [--tls-keys FILE] [--note NUMBER:TEXT]...

Each input becomes an interface with its link type, and the packets are put in the order of their times.
--note gives packet NUMBER (of the output) a comment.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import pcapfile


def numbered(text):
    number, _, note = text.partition(":")
    return int(number), note


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+")
    parser.add_argument("--output", required=True)
    parser.add_argument("--name", action="append", default=[])
    parser.add_argument("--comment", default="")
    parser.add_argument("--tls-keys", type=Path)
    parser.add_argument("--note", type=numbered, action="append", default=[])
    options = parser.parse_args()

    interfaces, packets = [], []
    for index, path in enumerate(options.files):
        link_type, read = pcapfile.read(path)
        name = options.name[index] if index < len(options.name) else f"eth{index}"
        interfaces.append(pcapfile.Interface(link_type, name))
        packets += [replace(packet, interface=index) for packet in read]
    packets.sort(key=lambda packet: packet.time)
    for number, note in options.note:
        packets[number - 1] = replace(packets[number - 1], comment=note)

    keys = options.tls_keys.read_bytes() if options.tls_keys else b""
    pcapfile.write_pcapng(options.output, interfaces, packets, options.comment, keys)


main()
