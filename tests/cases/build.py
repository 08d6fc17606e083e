"""Writes the captures of those cases that no stack was made to do: tests/cases/build.py [DIR]

The same octets each time. What can be recorded is recorded: samples/record/cases.sh.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "samples/record/lib"))
sys.dont_write_bytecode = True

import pcapfile  # noqa: E402
import segment  # noqa: E402

CLIENT, SERVER = 0, 1
ADDRESSES = [("10.20.0.25", 40000), ("10.20.0.10", 30000)]
HARDWARE = [bytes.fromhex("020000000001"), bytes.fromhex("020000000002")]
START = 1_700_000_000 * 10**9
MILLISECOND = 10**6


class Talk:
    """A segment a frame, a millisecond apart. Sequence numbers count from each end's initial one."""

    def __init__(self):
        self.isn = [1000, 5000]
        self.following = [0, 0]
        self.packets = []

    def say(self, side, names, payload=b"", **changes):
        """The next segment of one end, which acknowledges all that the other one has said."""
        flags = segment.flags_of(names)
        self.at(side, names, self.following[side], self.following[1 - side], payload, **changes)
        counted = bool(flags & segment.FLAGS["SYN"]) + bool(flags & segment.FLAGS["FIN"])
        self.following[side] += len(payload) + counted

    def at(self, side, names, seq, ack, payload=b"", window=8192):
        """A segment with these numbers, which changes nothing of what comes next."""
        flags = segment.flags_of(names)
        ack = self.isn[1 - side] + ack if flags & segment.FLAGS["ACK"] else 0
        ends = ADDRESSES[side], ADDRESSES[1 - side]
        tcp = segment.segment(*ends, flags, self.isn[side] + seq, ack, payload, window=window)
        number = len(self.packets) + 1
        ip = segment.ipv4(ends[0][0], ends[1][0], number, tcp)
        frame = HARDWARE[1 - side] + HARDWARE[side] + b"\x08\x00" + ip
        self.packets.append(pcapfile.Packet(START + number * MILLISECOND, frame, len(frame)))

    def open(self):
        self.say(CLIENT, "SYN")
        self.say(SERVER, "SYN+ACK")
        self.say(CLIENT, "ACK")

    def close(self):
        self.say(CLIENT, "FIN+ACK")
        self.say(SERVER, "FIN+ACK")
        self.say(CLIENT, "ACK")

    def swap(self, first, second):
        """Two packets in the other order, as two queues of a network card can hand them up: numbers from 1."""
        one, other = self.packets[first - 1], self.packets[second - 1]
        self.packets[first - 1] = pcapfile.Packet(one.time, other.octets, other.original)
        self.packets[second - 1] = pcapfile.Packet(other.time, one.octets, one.original)


def open_syn_ack_first(talk):
    talk.open()
    talk.swap(1, 2)
    talk.say(CLIENT, "PSH+ACK", b"hello\r\n")
    talk.say(SERVER, "ACK")
    talk.close()


def data_duplicate_ack(talk):
    """Octets 8 to 14 are missing: the client asks for them alone, then with data, then with another window."""
    talk.open()
    talk.say(SERVER, "PSH+ACK", b"first\r\n")
    talk.say(CLIENT, "ACK")
    talk.at(SERVER, "PSH+ACK", 15, 1, b"third\r\n")
    talk.say(CLIENT, "ACK")
    talk.say(CLIENT, "PSH+ACK", b"hello\r\n")
    talk.say(CLIENT, "ACK", window=9000)
    talk.at(SERVER, "PSH+ACK", 8, 8, b"other\r\n")
    talk.following[SERVER] = 22
    talk.say(CLIENT, "ACK", window=9000)
    talk.close()


def data_overlap(talk):
    """Octets 7 to 12 come late, in a segment that has other octets for 13 to 16 than the one that came before."""
    talk.open()
    talk.say(CLIENT, "ACK", b"hello ")
    talk.at(CLIENT, "PSH+ACK", 13, 1, b"good\r\n")
    talk.at(CLIENT, "ACK", 7, 1, b"world evil")
    talk.following[CLIENT] = 19
    talk.say(SERVER, "ACK")
    talk.close()


CASES = [open_syn_ack_first, data_duplicate_ack, data_overlap]


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "tcp"
    for case in CASES:
        talk = Talk()
        case(talk)
        place = folder / case.__name__.replace("_", "-")
        place.mkdir(parents=True, exist_ok=True)
        pcapfile.write_classic(place / "capture.pcap", pcapfile.ETHERNET, talk.packets)


main()
