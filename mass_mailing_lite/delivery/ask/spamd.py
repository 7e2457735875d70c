"""Asks SpamAssassin how much a message looks like spam, by the protocol of its server, spamd.

The protocol is a request with the message and an answer with a score, both with headers like those
of HTTP (``spamd/PROTOCOL`` in SpamAssassin's source, version 1.5).
"""

import re
import socket
import time
from typing import NamedTuple

from .timed_socket import TimedSocket, get_rest

PORT = 783
MAX_ANSWER = 64 * 1024  # octets
MAX_RULES = 50
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?")
_SPAM = re.compile(
    r"(?:True|False|Yes|No)\s{0,9};\s{0,9}(-?\d{1,6}(?:\.\d{1,6})?)\s{0,9}/\s{0,9}(-?\d{1,6}(?:\.\d{1,6})?)",
    re.IGNORECASE,
)
_RULE = re.compile(r"\w{1,100}", re.ASCII)


class SpamdError(Exception):
    """No score came; the text is for the log of the server."""


class Score(NamedTuple):
    """What SpamAssassin says of a message.

    :ivar score: points; more look more like spam
    :ivar threshold: points from which it takes a message for spam
    :ivar rules: names of the rules that matched
    """

    score: float
    threshold: float
    rules: tuple[str, ...]


def read_address(text: str) -> tuple[str, int]:
    """Return ``(host, port)`` of an address as administrators type it: ``host`` or ``host:port``.

    :raises ValueError: when it is none
    """
    match = _ADDRESS.fullmatch(text.strip())
    port = int((match and match[3]) or PORT)
    if not match or not 0 < port < 65536:
        raise ValueError(text)
    return match[1] or match[2], port


def ask(host: str, port: int, message: bytes, seconds: float = 20.0) -> Score:
    """Return what the server at an address says of a message.

    :param message: as it leaves, with line breaks CRLF
    :param seconds: for everything together
    :raises SpamdError: when there is no such server, or it gives no score
    """
    until = time.monotonic() + seconds
    request = f"SYMBOLS SPAMC/1.5\r\nContent-length: {len(message)}\r\n\r\n".encode()
    try:
        with socket.create_connection((host, port), timeout=get_rest(until)) as connection:
            timed = TimedSocket(connection, until, MAX_ANSWER)
            timed.sendall(request + message)
            connection.shutdown(socket.SHUT_WR)
            answer = timed.makefile().read()
    except (OSError, UnicodeError) as error:
        raise SpamdError(f"spamd at {host}:{port}: {error!r}") from error
    return read_answer(answer)


def read_answer(answer: bytes) -> Score:
    """Return the score in an answer of spamd.

    :raises SpamdError: when it has none
    """
    head, _blank, body = answer.decode("latin-1").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    words = first.split()
    if len(words) < 2 or not words[0].startswith("SPAMD/") or words[1] != "0":
        raise SpamdError(f"spamd answered {first[:200]!r}")
    for line in lines:
        name, _colon, value = line.partition(":")
        if name.strip().lower() == "spam" and (match := _SPAM.fullmatch(value.strip())):
            rules = tuple(_RULE.findall(body))[:MAX_RULES]
            return Score(float(match[1]), float(match[2]), rules)
    raise SpamdError("spamd gave no score")
