"""Sends a mail as a Python script does it; SSLKEYLOGFILE, if set, gets the keys.

    send.py HOST PORT starttls|implicit TLSv1_2|TLSv1_3 CERTIFICATE
"""

import smtplib
import ssl
import sys
from email.message import EmailMessage

host, port, mode, version, certificate = sys.argv[1:]
context = ssl.create_default_context(cafile=certificate)
context.minimum_version = context.maximum_version = ssl.TLSVersion[version]

message = EmailMessage()
message["From"] = "Alice <alice@example.org>"
message["To"] = "bob@example.com"
message["Subject"] = "Grüße over TLS"
message["Date"] = "Fri, 12 Jun 2015 18:04:05 +0000"
message["Message-ID"] = f"<{mode}@example.org>"
message.set_content("A mail that nobody between the two of us can read.\n.\nNor this line.\n")

if mode == "implicit":
    server = smtplib.SMTP_SSL(host, int(port), "client.example.org", context=context)
else:
    server = smtplib.SMTP(host, int(port), "client.example.org")
    server.starttls(context=context)
server.login("alice@example.org", "correct-horse-battery")
server.send_message(message)
server.quit()
