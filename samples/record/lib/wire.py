"""A wire between two tap devices that takes its time, and may tag the frames on the way.

    wire.py TAP1 TAP2 [--delay SECONDS] [--tag TPID:ID[:PRIORITY] ...] [--trunk TAP]

With --trunk, each frame also appears on that tap, with its tags: the place to capture. The tags are those a
switch would add on a trunk port (the first one named is the outer one); the two ends never see them.
"""

import argparse
import fcntl
import heapq
import os
import select
import struct
import time

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
LONGEST_FRAME = 65535


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def tag(text):
    tpid, identifier, priority = (text.split(":") + ["0"])[:3]
    return struct.pack("!HH", int(tpid, 16), int(priority) << 13 | int(identifier))


def write(tap, frame):
    try:
        os.write(tap, frame)
    except OSError:
        pass  # the device is not up yet: a wire loses what nobody listens to


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ends", nargs=2)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--tag", type=tag, action="append", default=[])
    parser.add_argument("--trunk")
    options = parser.parse_args()

    trunk = open_tap(options.trunk) if options.trunk else None
    first, second = map(open_tap, options.ends)
    other_end = {first: second, second: first}
    tags = b"".join(options.tag)
    on_the_way = []
    sent = 0

    while True:
        wait = max(0.0, on_the_way[0][0] - time.monotonic()) if on_the_way else None
        for tap in select.select([first, second], [], [], wait)[0]:
            frame = os.read(tap, LONGEST_FRAME)
            if trunk is not None:
                write(trunk, frame[:12] + tags + frame[12:])
            sent += 1  # equal times keep the order of sending
            heapq.heappush(on_the_way, (time.monotonic() + options.delay, sent, other_end[tap], frame))
        while on_the_way and on_the_way[0][0] <= time.monotonic():
            _, _, tap, frame = heapq.heappop(on_the_way)
            write(tap, frame)


main()
