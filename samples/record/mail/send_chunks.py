"""Sends one message by BDAT (RFC 3030), in three chunks, the last of them empty: send_chunks.py SERVER PORT

The second chunk holds lines that DATA would have to change: one of a single dot, one that begins with a dot.
"""

import socket
import sys

CHUNKS = (
    b"From: Alice Example <alice@example.org>\r\nTo: Bob Example <bob@example.com>\r\n"
    b"Subject: Sent in chunks\r\nMessage-ID: <chunks@client.example.org>\r\n\r\n",
    b"A dot alone ends nothing here:\r\n.\r\n.neither does this\r\nAlice\r\n",
)


def reply(lines):
    """All lines of one reply; the last one has a space after its code."""
    while True:
        line = next(lines)
        if line[3:4] != b"-":
            print(line.decode().rstrip())
            return


def main():
    connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    lines = iter(connection.makefile("rb"))
    reply(lines)
    for command in ("EHLO client.example.org", "MAIL FROM:<alice@example.org>", "RCPT TO:<bob@example.com>"):
        connection.sendall(command.encode() + b"\r\n")
        reply(lines)
    for chunk in CHUNKS:
        connection.sendall(b"BDAT %d\r\n" % len(chunk) + chunk)
        reply(lines)
    for command in (b"BDAT 0 LAST\r\n", b"QUIT\r\n"):
        connection.sendall(command)
        reply(lines)


main()
