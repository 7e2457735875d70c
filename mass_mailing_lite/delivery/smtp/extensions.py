"""What a server has offered in its answer to EHLO, and what follows from it for each message.

SIZE RFC 1870, PIPELINING RFC 2920, 8BITMIME RFC 6152, SMTPUTF8 RFC 6531.
"""

from ..outcome import NOT_SENT, REFUSED, Outcome
from .envelope import Envelope, is_path


class UnsupportedMessage(Exception):
    """A message that this server need not be asked about.

    :ivar outcome: what becomes of it
    """

    def __init__(self, outcome: Outcome):
        super().__init__(outcome.text)
        self.outcome = outcome


class Extensions:
    """The extensions of one session.

    :param features: what EHLO offered: keyword in lower case, its parameters
    """

    def __init__(self, features: dict[str, str]):
        self.pipelining = "pipelining" in features
        self._size = "size" in features
        self._eight_bit = "8bitmime" in features
        self._smtputf8 = "smtputf8" in features
        limit = features.get("size", "")
        # "0" or nothing: no fixed limit is declared, RFC 1870 section 4
        self._limit = int(limit) if limit.isdecimal() and int(limit) else float("inf")
        self._sender: str | None = None  # the last one, and what stands before the size in MAIL
        self._mail = ""

    def open(self, envelope: Envelope, size: int) -> list[bytes]:
        """Return the commands that open the transaction: MAIL, and RCPT for each recipient.

        :param size: octets of the message
        :raises UnsupportedMessage: when this server cannot get the message
        """
        sender = envelope.sender
        if sender != self._sender:
            self._take_sender(sender)
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

    def _take_sender(self, sender: str) -> None:
        """Keep the sender that the messages of a mailing have in common."""
        if not is_path(sender, may_be_empty=True):
            text = f"The sender's address cannot be used: {sender!r}"
            raise UnsupportedMessage(Outcome(NOT_SENT, "mail", None, "5.1.7", text))
        self._sender, self._mail = sender, f"MAIL FROM:<{sender}>"

    def _check(self, envelope: Envelope, needs_smtputf8: bool, size: int) -> None:
        """Find what this server's extensions cannot carry.

        :raises UnsupportedMessage: names the extension
        """
        if needs_smtputf8 and not self._smtputf8:
            text = "The server takes no addresses with other than ASCII letters (SMTPUTF8)"
            if not envelope.sender.isascii():
                raise UnsupportedMessage(Outcome(NOT_SENT, "mail", None, "5.6.7", text))
            raise UnsupportedMessage(Outcome(REFUSED, "rcpt", None, "5.6.7", text))
        if envelope.eight_bit and not self._eight_bit:
            text = "The server takes no messages with eight-bit content (8BITMIME)"
            raise UnsupportedMessage(Outcome(NOT_SENT, "mail", None, "5.6.3", text))
        if size > self._limit:
            text = f"The message has {size} octets, the server takes {self._limit}"
            raise UnsupportedMessage(Outcome(NOT_SENT, "mail", None, "5.3.4", text))


def _bad_recipient(address: str) -> Outcome:
    text = f"The address cannot be used: {address!r}"
    return Outcome(REFUSED, "rcpt", None, "5.1.3", text)
