"""Reads mail over IMAP as a small program does: logs in, looks, fetches, keeps a copy, waits, deletes.

    read_imap.py HOST USER PASSWORD COMMAND...

COMMAND runs while the program waits (IDLE): it makes a mail arrive.
"""

import imaplib
import subprocess
import sys

host, user, password, *arrive = sys.argv[1:]
imap = imaplib.IMAP4(host)
imap.login(user, password)
imap.list()
imap.select("INBOX")
imap.uid("SEARCH", "UNSEEN")
imap.fetch("1", "(UID FLAGS ENVELOPE)")
imap.fetch("1", "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)])")
_, [(_, message), _] = imap.fetch("1", "(UID BODY[])")
imap.append("Sent", r"(\Seen)", None, b"Subject: Re: " + message.partition(b"Subject: ")[2])

# imaplib of this Python knows no IDLE (RFC 2177)
tag = imap._new_tag()
imap.send(tag + b" IDLE\r\n")
assert imap.readline().startswith(b"+ ")
subprocess.run(arrive, check=True)
while b"EXISTS" not in imap.readline():
    pass
imap.send(b"DONE\r\n")
while not imap.readline().startswith(tag):
    pass

imap.fetch("2", "(UID BODY[])")
imap.store("1", "+FLAGS", r"(\Deleted)")
imap.expunge()
imap.close()
imap.logout()
