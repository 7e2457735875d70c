"""One message with its addresses, and the octets that SMTP transmits for it.

Envelope RFC 5321, section 2.3.1; dot-stuffing RFC 5321, section 4.5.2.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

END_OF_DATA = b".\r\n"

_usual_path = re.compile(r"[A-Za-z0-9.@_+-]+").fullmatch


class Envelope(NamedTuple):
    """One message to transmit.

    :ivar key: identifies the message for the caller; not used here
    :ivar sender: envelope sender; ``""`` is the null reverse-path
    :ivar recipients: the first is the one that the outcome is about, the others get copies
    :ivar data: the message with CRLF line ends, not dot-stuffed; or a function that returns it in
        pieces. The function is called while the server works on the message before
    :ivar smtputf8: the message has UTF-8 in its header (RFC 6532); not needed for addresses that
        are not ASCII, which require SMTPUTF8 anyway
    :ivar eight_bit: the message has octets over 127
    :ivar dot_free: no line of ``data`` begins with a dot (``MessageTemplate.dot_free``), so that it
        is not searched for one, which takes 9 µs for 11 kB
    """

    key: Any
    sender: str
    recipients: tuple[str, ...]
    data: bytes | Callable[[], tuple[bytes, ...]]
    smtputf8: bool = False
    eight_bit: bool = False
    dot_free: bool = False

    @property
    def needs_smtputf8(self) -> bool:
        """Whether it can be sent only to a server that offers SMTPUTF8."""
        return self.smtputf8 or not self.sender.isascii() or not "".join(self.recipients).isascii()

    def pieces(self) -> tuple[bytes, ...]:
        """Return the message; a large part that all recipients share is a separate piece."""
        return self.data() if callable(self.data) else (self.data,)

    def octets(self) -> bytes:
        """Return the message in one piece."""
        return b"".join(self.pieces())


def content(envelope: Envelope, pieces: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the octets that follow DATA: the message, dot-stuffed (RFC 5321, 4.5.2), and its end.

    In pieces, so that a large one is not copied.

    :param pieces: the result of :meth:`Envelope.pieces`
    """
    if not envelope.dot_free:
        data = b"".join(pieces).replace(b"\n.", b"\n..")
        pieces = (b"." + data if data.startswith(b".") else data,)
    if pieces[-1] and not pieces[-1].endswith(b"\r\n"):
        pieces += (b"\r\n",)
    return (*pieces, END_OF_DATA)


def is_path(address: str, may_be_empty: bool = False) -> bool:
    """Whether the address can stand between ``<`` and ``>`` without ending the command."""
    if not address:
        return may_be_empty
    if _usual_path(address):
        return True
    # isprintable is false for control characters, line separators and surrogates
    return address.isprintable() and not any(character in address for character in " <>")
