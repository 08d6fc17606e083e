"""A small server for what nginx does not do: forms, cookies, chunks with a trailer, 100-continue, WebSocket, a proxy.

    server.py ADDRESS PORT           pages
    server.py --proxy ADDRESS PORT   CONNECT alone, for alice with her password
"""

import argparse
import base64
import hashlib
import http.server
import select
import socket

PAGE = b"<!doctype html>\n<title>Example</title>\n" + b"<p>A page that was made to be fetched.</p>\n" * 40
WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PROXY_USER = "Basic " + base64.b64encode(b"alice:open-sesame").decode()


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def version_string(self):
        return "Example/1.0"

    def log_message(self, *_):
        pass

    def answer(self, status, body, **fields):
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.headers.get("Upgrade") == "websocket":
            self.websocket()
        elif self.path.startswith("/chunks"):
            self.chunks()
        else:
            self.answer(200, PAGE)

    def chunks(self):
        """Three chunks, one with an extension, and a field behind them."""
        self.send_response(200)
        for name, value in (("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked"), ("Trailer", "X-Octets")):
            self.send_header(name, value)
        self.end_headers()
        parts = [b"first chunk\n", b"the second chunk is longer\n", b"third\n"]
        for number, part in enumerate(parts):
            extension = b';note="second"' if number == 1 else b""
            self.wfile.write(b"%x%s\r\n%s\r\n" % (len(part), extension, part))
        self.wfile.write(b"0\r\nX-Octets: %d\r\n\r\n" % sum(map(len, parts)))

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        if self.path == "/login":
            self.answer(303, b"", Location="/welcome", Set_Cookie="session=7f3a9c5e1b; HttpOnly; Path=/")
        else:
            self.answer(201, b"stored\n")

    def websocket(self):
        """RFC 6455: agrees, and says the client's first message again."""
        key = self.headers["Sec-WebSocket-Key"] + WEBSOCKET
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        head = self.rfile.read(2)
        mask = self.rfile.read(4)
        text = bytes(o ^ mask[n % 4] for n, o in enumerate(self.rfile.read(head[1] & 0x7F)))
        self.wfile.write(bytes([0x81, len(text)]) + text)
        self.close_connection = True


class Proxy(Pages):
    def do_CONNECT(self):
        if self.headers.get("Proxy-Authorization") != PROXY_USER:
            self.answer(407, b"who are you?\n", Proxy_Authenticate='Basic realm="Example proxy"')
            return
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as there:
            self.send_response_only(200, "Connection established")
            self.end_headers()
            ends = {self.connection: there, there: self.connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    octets = end.recv(65536)
                    if not octets:
                        self.close_connection = True
                        return
                    ends[end].sendall(octets)


arguments = argparse.ArgumentParser()
arguments.add_argument("--proxy", action="store_true")
arguments.add_argument("address")
arguments.add_argument("port", type=int)
chosen = arguments.parse_args()
handler = Proxy if chosen.proxy else Pages
http.server.ThreadingHTTPServer((chosen.address, chosen.port), handler).serve_forever()
