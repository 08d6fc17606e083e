"""Writes a made-up message: compose.py plain|attachment|dots|journey"""

import sys
from datetime import datetime, timezone
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime


def message(subject, text, identifier, to="Bob Example <bob@example.com>"):
    mail = EmailMessage(policy=SMTP)
    mail["Date"] = format_datetime(datetime.now(timezone.utc))
    mail["From"] = "Alice Example <alice@example.org>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{identifier}@client.example.org>"
    mail.set_content(text)
    return mail


def plain():
    return message("Lunch on Friday", "Hello Bob,\n\nlunch on Friday at noon?\n\nAlice\n", "lunch")


def attachment():
    mail = message("周五午餐：报价单在附件里", "鲍勃你好，\n\n报价单在附件里，周五中午一起吃饭吗？\n\n爱丽丝\n", "offer")
    table = "article,pieces,price\r\n" + "".join(f"{n:04d},{n % 7 + 1},{n * 3 % 100}.50\r\n" for n in range(40))
    mail.add_attachment(table.encode(), maintype="text", subtype="csv", filename="报价单.csv")
    return mail


def dots():
    text = "A line of one dot follows.\n.\nNow one that begins with two dots:\n..two\n.and one with one.\nThe end.\n"
    return message("Lines that begin with dots", text, "dots")


def journey():
    to = "The team <team@example.com>, Carol Example <carol@example.com>"
    text = "Hello all,\n\nthe menu is attached.\n\nAlice\n"
    mail = message("Lunch on Friday: the menu of Café Zoë", text, "menu", to)
    menu = "Friday at Café Zoë\r\n\r\nSoup          3.50\r\nCrêpe         6.00\r\nCrème brûlée  4.20\r\n"
    mail.add_attachment(
        menu.encode(), maintype="text", subtype="plain", filename="menu.txt", params={"charset": "utf-8"}
    )
    return mail


kinds = {"plain": plain, "attachment": attachment, "dots": dots, "journey": journey}
sys.stdout.buffer.write(kinds[sys.argv[1]]().as_bytes())
