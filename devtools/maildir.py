"""A Maildir as the local inbox keeps it: one file a delivery, the envelope in its first lines.

The message itself is kept byte for byte; as mail systems do at the last delivery, `Return-Path`
and `Delivered-To` are put before it (RFC 5321, section 4.4).
"""

import itertools
import os
import socket
import time
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from email.utils import getaddresses
from pathlib import Path

_number = itertools.count()


@dataclass(frozen=True)
class Delivery:
    """One message that arrived: its envelope, its headers and its file."""

    path: Path
    headers: Message

    @property
    def sender(self):
        """Return the envelope sender, which bounces would go to."""
        return self.headers["Return-Path"].strip("<>")

    @property
    def recipients(self):
        """Return the envelope recipients."""
        return self.headers.get_all("Delivered-To", [])

    @property
    def to(self):
        """Return the plain addresses of the To header."""
        return [address for _name, address in getaddresses(self.headers.get_all("To", []))]

    @property
    def message_id(self):
        """Return the Message-Id header."""
        return str(self.headers["Message-Id"]).strip()

    def content(self):
        """Return the message as it came over the wire."""
        data = self.path.read_bytes()
        lines = 1 + len(self.recipients)
        return data.split(b"\r\n", lines)[lines]


def create(folder):
    """Create the Maildir's three folders."""
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True)


def keep(folder, sender, recipients, content):
    """Add a message; it is seen in the folder `new` only once it is whole."""
    name = f"{time.time():.6f}.{os.getpid()}_{next(_number)}.{socket.gethostname()}"
    envelope = [f"Return-Path: <{sender}>", *(f"Delivered-To: {to}" for to in recipients), ""]
    path = folder / "tmp" / name
    path.write_bytes("\r\n".join(envelope).encode() + content)
    path.rename(folder / "new" / name)


def deliveries(folder):
    """Return what the Maildir holds, in the order of arrival."""
    files = sorted(path for part in ("new", "cur") for path in (folder / part).glob("*"))
    return [Delivery(path, _headers(path.read_bytes())) for path in files]


def _headers(data):
    """Return a message's headers; those of an internationalised message are UTF-8 (RFC 6532)."""
    head = data.partition(b"\r\n\r\n")[0]
    return HeaderParser().parsestr(head.decode("utf-8", "surrogateescape"), headersonly=True)
