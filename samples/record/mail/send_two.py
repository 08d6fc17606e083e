"""Two messages in one session, a transaction that is given up between them: send_two.py SERVER PORT"""

import smtplib
import sys


def text(subject, recipient):
    return (
        f"From: Alice Example <alice@example.org>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\n"
        f"Message-ID: <{subject.lower()}@client.example.org>\r\n\r\n{subject} of two.\r\n"
    )


with smtplib.SMTP(sys.argv[1], int(sys.argv[2]), local_hostname="client.example.org") as session:
    session.sendmail("alice@example.org", ["bob@example.com"], text("First", "bob@example.com"))
    session.mail("alice@example.org")
    session.rcpt("carol@example.com")
    session.rset()
    session.sendmail("alice@example.org", ["carol@example.com"], text("Second", "carol@example.com"))
