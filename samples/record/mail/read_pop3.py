"""Reads mail over POP3: looks what there is, fetches the first message, and deletes it.

    read_pop3.py [--apop] HOST USER PASSWORD
"""

import poplib
import sys

arguments = sys.argv[1:]
apop = arguments[0] == "--apop"
host, user, password = arguments[apop:]
pop3 = poplib.POP3(host)
pop3.capa()
if apop:
    pop3.apop(user, password)
else:
    pop3.user(user)
    pop3.pass_(password)
pop3.stat()
pop3.list()
pop3.uidl()
pop3.top(1, 0)
pop3.retr(1)
pop3.dele(1)
pop3.quit()
