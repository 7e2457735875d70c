"""An SMTP session that the caller has connected and logged in; sends many messages.

SMTP RFC 5321; extensions are used where the server offers them (see :mod:`extensions`).
"""

import contextlib
import smtplib
import socket
from collections.abc import Sequence

from ..outcome import NOT_SENT, Outcome
from .connection import Connection, SmtpConnectionError, run_alone
from .envelope import Envelope
from .extensions import Extensions
from .transaction import MessageSource, Transactions

REPLY_TIMEOUT = 60.0  # seconds, for each reply but the last; RFC 5321 section 4.5.3.2 allows 300
FINAL_TIMEOUT = 600.0  # seconds, for the reply to end of data; RFC 5321 section 4.5.3.2.6

CLOSED = Outcome(NOT_SENT, "connect", text="The session is closed")


class _Batch:
    """A source of messages: a list of envelopes.

    :ivar outcomes: the outcomes so far, by the envelope's ``id()``
    """

    def __init__(self, envelopes: Sequence[Envelope]):
        self._remaining = iter(envelopes)
        self.outcomes: dict[int, Outcome] = {}

    def take(self, wait: bool) -> Envelope | None:
        return next(self._remaining, None)

    def settle(self, envelope: Envelope, outcome: Outcome) -> None:
        self.outcomes[id(envelope)] = outcome


class Session:
    """Sends envelopes over a connected ``smtplib.SMTP`` or ``SMTP_SSL``; for one thread at a time.

    :param smtp: connected, greeted with EHLO or HELO, logged in where the server requires it
    :param timeout: seconds for each reply, and for a write to make progress
    :param final_timeout: seconds for the reply to the end of data. After it the outcome is
        UNCERTAIN, so a short one makes duplicates (RFC 1047)
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
        # Groups of commands are small; Nagle's algorithm would delay each by 40 ms.
        with contextlib.suppress(OSError, AttributeError):
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def pipelining(self) -> bool:
        """Whether the server offers PIPELINING."""
        return self._extensions.pipelining

    @property
    def usable(self) -> bool:
        """Whether more can be sent: nothing has failed, and the server has not closed."""
        return not self._broken and self._connection.is_quiet()

    def send(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Transmit the envelopes in order and return their outcomes in the same order.

        Faults of the network and the server raise nothing. After the connection is lost, all
        messages that were not begun are NOT_SENT. After a refusal that concerns all messages
        (envelope sender, server, content) the rest is NOT_SENT with the same words, and the server
        is not asked again. ``usable`` stays true then.
        """
        batch = _Batch(envelopes)
        stop_reason = self.run(batch)
        return [batch.outcomes.get(id(envelope), stop_reason) for envelope in envelopes]

    def run(self, source: MessageSource) -> Outcome | None:
        """Transmit the source's messages until it ends or nothing more can be sent.

        :returns: ``None`` when the source ended. Else why its other messages were not begun: the
            connection was lost, or a refusal concerns all messages (envelope sender, server,
            content); after a refusal ``usable`` stays true
        """
        return run_alone(self.steps(source))

    def share(self) -> bool:
        """Let the session share its thread with others; return whether it can.

        Then only :meth:`steps` and :meth:`leave` are for it.
        """
        return self._connection.share()

    async def steps(self, source: MessageSource) -> Outcome | None:
        """Do what :meth:`run` does."""
        if self._broken:
            return CLOSED
        transactions = Transactions(self._connection, self._extensions, self._final_timeout, source)
        self._broken = not await transactions.steps()
        return transactions.stop_reason

    def close(self, timeout: float = 2.0) -> None:
        """Close the connection; before that send QUIT, if the session is usable.

        :param timeout: seconds for the reply to QUIT
        """
        run_alone(self.leave(timeout))

    async def leave(self, timeout: float = 2.0) -> None:
        """Do what :meth:`close` does."""
        if self.usable:
            with contextlib.suppress(SmtpConnectionError):
                await self._connection.write(b"QUIT\r\n")
                await self._connection.reply(timeout)
        self._broken = True
        with contextlib.suppress(Exception):  # the connection is given up
            self._smtp.close()

    def cut(self) -> None:
        """End the connection at once; a thread that waits for a reply gets an error."""
        with contextlib.suppress(Exception):
            self._smtp.sock.shutdown(socket.SHUT_RDWR)
