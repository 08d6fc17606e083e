"""A mail server with TLS that keeps each message as it came, and writes down the keys of its sessions.

    store.py ADDRESS PORT starttls|implicit FOLDER

FOLDER holds certificate.pem and key.pem; it gets server-keys, and stored.eml, the last message.
"""

import asyncio
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult


class Keep:
    def __init__(self, path):
        self.path = path

    async def handle_DATA(self, server, session, envelope):
        self.path.write_bytes(envelope.original_content)
        return "250 2.0.0 Ok: kept"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"alice@example.org")


async def main():
    address, port, mode, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    context.keylog_filename = str(folder / "server-keys")

    def protocol():
        return SMTP(Keep(folder / "stored.eml"), hostname="mx.example.com", ident="ESMTP", authenticator=authenticate,
                    tls_context=context if mode == "starttls" else None, auth_require_tls=mode == "starttls")

    server = await asyncio.get_running_loop().create_server(
        protocol, address, port, ssl=context if mode == "implicit" else None)
    await server.serve_forever()


asyncio.run(main())
