"""The extensions that a server offers in its answer to EHLO, and the commands that they allow.

SIZE RFC 1870, PIPELINING RFC 2920, 8BITMIME RFC 6152, SMTPUTF8 RFC 6531.
"""

from ..outcome import NOT_SENT, REFUSED, Outcome
from .envelope import Envelope, is_path


class UnsupportedMessage(Exception):
    """A message that this server cannot take; the server is not asked.

    :ivar outcome: the outcome of the message
    """

    def __init__(self, outcome: Outcome):
        super().__init__(outcome.text)
        self.outcome = outcome


class Extensions:
    """The extensions of one session.

    :param features: the answer to EHLO: keywords in lower case, with their parameters
    """

    def __init__(self, features: dict[str, str]):
        self.pipelining = "pipelining" in features
        self._size = "size" in features
        self._eight_bit = "8bitmime" in features
        self._smtputf8 = "smtputf8" in features
        limit = features.get("size", "")
        # no number or 0: no fixed limit (RFC 1870, section 4)
        self._limit = int(limit) if limit.isdecimal() and int(limit) else float("inf")
        self._sender: str | None = (
            None  # of the last message; _mail is its MAIL command without parameters
        )
        self._mail = ""

    def open(self, envelope: Envelope, size: int) -> list[bytes]:
        """Return the commands that open the transaction: MAIL, and RCPT for each recipient.

        :param size: octets of the message
        :raises UnsupportedMessage: when this server cannot take the message
        """
        sender = envelope.sender
        if sender != self._sender:
            self._set_sender(sender)
        commands = []
        for address in envelope.recipients:
            if not is_path(address):
                raise UnsupportedMessage(_bad_recipient(address))
            commands.append(f"RCPT TO:<{address}>\r\n".encode())
        if not commands:
            raise UnsupportedMessage(_bad_recipient(""))
        command = f"{self._mail} SIZE={size}" if self._size else self._mail
        needs_smtputf8 = envelope.needs_smtputf8
        if needs_smtputf8 or envelope.eight_bit or size > self._limit:
            self._check(envelope, needs_smtputf8, size)
            if envelope.eight_bit or (needs_smtputf8 and self._eight_bit):
                command += " BODY=8BITMIME"
            if needs_smtputf8:
                command += " SMTPUTF8"
        return [f"{command}\r\n".encode(), *commands]

    def _set_sender(self, sender: str) -> None:
        """Check an envelope sender and keep it, because most messages have the same."""
        if not is_path(sender, may_be_empty=True):
            text = f"The envelope sender cannot be used: {sender!r}"
            raise UnsupportedMessage(Outcome(NOT_SENT, "mail", None, "5.1.7", text))
        self._sender, self._mail = sender, f"MAIL FROM:<{sender}>"

    def _check(self, envelope: Envelope, needs_smtputf8: bool, size: int) -> None:
        """Check that the server offers the extensions that a message needs.

        :raises UnsupportedMessage: names the extension that is missing
        """
        if needs_smtputf8 and not self._smtputf8:
            text = "The server does not accept addresses with letters outside of ASCII (SMTPUTF8)"
            if not envelope.sender.isascii():
                raise UnsupportedMessage(Outcome(NOT_SENT, "mail", None, "5.6.7", text))
            raise UnsupportedMessage(Outcome(REFUSED, "rcpt", None, "5.6.7", text))
        if envelope.eight_bit and not self._eight_bit:
            text = "The server does not accept eight-bit content (8BITMIME)"
            raise UnsupportedMessage(Outcome(NOT_SENT, "mail", None, "5.6.3", text))
        if size > self._limit:
            text = f"The message has {size} octets, the server accepts {self._limit}"
            raise UnsupportedMessage(Outcome(NOT_SENT, "mail", None, "5.3.4", text))


def _bad_recipient(address: str) -> Outcome:
    text = f"The address cannot be used: {address!r}"
    return Outcome(REFUSED, "rcpt", None, "5.1.3", text)
