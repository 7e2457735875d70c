"""An SMTP session that somebody else has connected and logged in, for sending many messages.

SMTP RFC 5321; extensions are used where the server offers them (see :mod:`extensions`).
"""

import contextlib
import smtplib
import socket
from collections.abc import Sequence

from ..outcome import NOT_SENT, Outcome
from .connection import Connection, SmtpConnectionError
from .envelope import Envelope
from .extensions import Extensions
from .transaction import MessageSource, Transactions

REPLY_TIMEOUT = 60.0  # seconds, for each reply but the last; RFC 5321 section 4.5.3.2 allows 300
FINAL_TIMEOUT = 600.0  # seconds, for the reply to end of data; RFC 5321 section 4.5.3.2.6

CLOSED = Outcome(NOT_SENT, "connect", text="The session is closed")


class _Batch:
    """A feed that ends: a list of envelopes.

    :ivar outcomes: of those that were settled, by the envelope's ``id()``
    """

    def __init__(self, envelopes: Sequence[Envelope]):
        self._coming = iter(envelopes)
        self.outcomes: dict[int, Outcome] = {}

    def take(self, wait: bool) -> Envelope | None:
        return next(self._coming, None)

    def settle(self, envelope: Envelope, outcome: Outcome) -> None:
        self.outcomes[id(envelope)] = outcome


class Session:
    """Sends envelopes over a connected ``smtplib.SMTP`` or ``SMTP_SSL``; for one thread at a time.

    :param smtp: connected, greeted with EHLO or HELO, logged in where the server asks for it
    :param timeout: seconds for each reply, and for each piece of data to leave
    :param final_timeout: seconds for the reply to end of data. What comes later is uncertain, so a
        short one makes duplicates (RFC 1047)
    """

    def __init__(
        self,
        smtp: smtplib.SMTP,
        timeout: float = REPLY_TIMEOUT,
        final_timeout: float = FINAL_TIMEOUT,
    ):
        self._smtp = smtp
        self._extensions = Extensions(smtp.esmtp_features if smtp.does_esmtp else {})
        self._connection = Connection(smtp.sock, timeout)
        self._final_timeout = final_timeout
        self._broken = False
        # Groups of commands are small; Nagle's algorithm would hold each back for 40 ms.
        with contextlib.suppress(OSError, AttributeError):
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def pipelining(self) -> bool:
        """Whether the server offers PIPELINING."""
        return self._extensions.pipelining

    @property
    def usable(self) -> bool:
        """Whether more can be sent: no fault so far, and the server has not said goodbye."""
        return not self._broken and self._connection.is_quiet()

    def send(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Transmit the envelopes in order and return their outcomes in the same order.

        Never raises for what the network or the server does. After the connection is lost, all that
        was not begun is NOT_SENT. After a refusal that is not the recipient's fault (sender,
        server, content of the whole mailing) the rest is NOT_SENT with the same words, unasked:
        a server that is overloaded or offended is left alone. ``usable`` stays true then.
        """
        batch = _Batch(envelopes)
        stop_reason = self.run(batch)
        return [batch.outcomes.get(id(envelope), stop_reason) for envelope in envelopes]

    def run(self, source: MessageSource) -> Outcome | None:
        """Transmit what the feed gives until it ends, the connection breaks or the server objects.

        :returns: ``None`` when the feed ended, else why what it still has was not begun: the
            connection broke, or a refusal concerns all messages (sender, server, content of the
            whole mailing); then ``usable`` stays true
        """
        if self._broken:
            return CLOSED
        transactions = Transactions(self._connection, self._extensions, self._final_timeout, source)
        self._broken = not transactions.run()
        return transactions.stop_reason

    def close(self, timeout: float = 2.0) -> None:
        """Say QUIT where the session is in order, wait a little for the answer, close.

        :param timeout: seconds
        """
        if self.usable:
            with contextlib.suppress(SmtpConnectionError):
                self._connection.send(b"QUIT\r\n")
                self._connection.read_reply(timeout)
        self._broken = True
        with contextlib.suppress(Exception):  # nothing is left to be saved
            self._smtp.close()

    def cut(self) -> None:
        """End the connection at once; another thread that waits for a reply stops waiting."""
        with contextlib.suppress(Exception):
            self._smtp.sock.shutdown(socket.SHUT_RDWR)
