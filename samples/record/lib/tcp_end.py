"""One end of a TCP connection that does what it is told, step by step.

    tcp_end.py listen  ADDRESS PORT STEP...
    tcp_end.py connect ADDRESS PORT STEP...
    tcp_end.py cross   OWN_ADDRESS:PORT ADDRESS PORT AT STEP...     connect from a bound port at that time

Steps:
    send:TEXT       a line                  fill:N      N octets
    cork            what is sent from here on waits for a full segment or the end
    read            wait for some octets    read-all    until the other end finishes
    sleep:SECONDS   at:EPOCH_SECONDS        wait until then
    finish          shut down the sending half (FIN)
    close           reset       close, and abort the connection (RST)
    keepalive       probe an idle connection after one second, then every second
    small-buffer    receive buffer of 4 kB (on `listen`, before the connection comes)
    fast-open       on `listen`: accept data on a SYN; on `connect`, followed by send: send that line with the SYN
    from:PORT       on `connect`: the port to connect from
    isn:N           on `connect`: the initial sequence number (needs root)
"""

import socket
import struct
import sys
import time

# linux/tcp.h
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
TCP_SEND_QUEUE = 2


def wait_until(moment):
    time.sleep(max(0.0, moment - time.time()))


def take(end, step):
    verb, _, value = step.partition(":")
    if verb == "send":
        end.sendall(value.encode() + b"\r\n")
    elif verb == "fill":
        lines = (b"%06d the quick brown fox jumps over the lazy dog 0123456789\r\n" % n for n in range(int(value)))
        text = b""
        while len(text) < int(value):
            text += next(lines)
        end.sendall(text[: int(value)])
    elif verb == "read":
        end.recv(65536)
    elif verb == "read-all":
        while end.recv(65536):
            pass
    elif verb == "sleep":
        time.sleep(float(value))
    elif verb == "at":
        wait_until(float(value))
    elif verb == "finish":
        end.shutdown(socket.SHUT_WR)
    elif verb == "close":
        end.close()
    elif verb == "reset":
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()
    elif verb == "keepalive":
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    elif verb == "cork":
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    elif verb not in ("small-buffer", "fast-open", "from", "isn"):
        sys.exit(f"unknown step: {step}")


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def begin_at(end, isn):
    """Made for moving a connection to another machine: a socket that is not connected yet keeps the number."""
    end.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    end.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE)
    end.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, struct.pack("I", isn))
    end.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 0)


def opened(role, arguments):
    """The connected socket, and the steps that are left."""
    if role == "cross":
        own, address, port, moment, *steps = arguments
        own_address, _, own_port = own.rpartition(":")
        end = socket.socket(family(own_address))
        end.bind((own_address, int(own_port)))
        wait_until(float(moment))
        end.connect((address, int(port)))
        return end, steps
    address, port, *steps = arguments
    end = socket.socket(family(address))
    if role == "connect":
        for step in [step for step in steps if step.startswith("from:")]:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            end.bind(("", int(step.partition(":")[2])))
            steps.remove(step)
        for step in [step for step in steps if step.startswith("isn:")]:
            begin_at(end, int(step.partition(":")[2]))
        if steps[:1] == ["fast-open"]:
            line = steps[1].partition(":")[2].encode() + b"\r\n"
            end.sendto(line, socket.MSG_FASTOPEN, (address, int(port)))
            return end, steps[2:]
        end.connect((address, int(port)))
        return end, steps
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if "small-buffer" in steps:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    if "fast-open" in steps:
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 8)
    end.bind((address, int(port)))
    end.listen()
    connection, _ = end.accept()
    return connection, steps


def main():
    end, steps = opened(sys.argv[1], sys.argv[2:])
    for step in steps:
        take(end, step)


main()
