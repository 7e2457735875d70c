"""The order of commands and replies for the messages of one connection.

A mail transaction is MAIL, RCPT, DATA, the message, end of data (RFC 5321, section 3.3). With
PIPELINING the commands go in groups (RFC 2920, section 3.1): DATA must be the last of its group,
and a message's content may be the first, so one group is::

    content of message n, end of data | MAIL RCPT DATA of message n+1

and each message takes one round trip, where the plain dialogue takes four. While the server works
on a group, the message after the next is made.
"""

import re
from typing import NamedTuple, Protocol

from ..outcome import NOT_SENT, REFUSED, UNCERTAIN, Outcome, clean, from_reply
from .connection import Connection, Reply, SmtpConnectionError
from .envelope import END_OF_DATA, Envelope, content
from .extensions import Extensions, UnsupportedMessage

LAST_WORDS_TIMEOUT = 1.0  # seconds to hear why a server closed

_RESET = (b"RSET\r\n",)

# What MAIL, RCPT and DATA sent together are nearly always answered with.
_GRANTED = re.compile(rb"(?:2\d\d (?:[ -~]{0,510})\r\n){2}354 [ -~]{0,510}\r\n")


class MessageSource(Protocol):
    """Where a dialogue gets its messages, and where it says what became of them."""

    def take(self, wait: bool) -> Envelope | None:
        """Return the next message.

        :param wait: nothing else is to be done meanwhile; ``None`` then means the end, else that
            there is none at the moment
        """

    def settle(self, envelope: Envelope, outcome: Outcome) -> None:
        """Say what became of a message that was taken: once for each."""


class Ready(NamedTuple):
    """A message that can go: ``commands`` open its transaction, ``content`` closes it."""

    envelope: Envelope
    commands: list[bytes]
    content: tuple[bytes, ...]


class UnexpectedReply(SmtpConnectionError):
    """The reply cannot be one to the command that it should answer."""


class Transactions:
    """What is said on one wire until the feed ends or something fails.

    Between two messages the connection is in one of these states, held in ``_closing``: the octets
    that end the transaction before, not yet sent; ``_unsettled`` is the message whose content they
    are, if any. ``_ahead`` is a message that was taken and made, and not begun.

    :ivar stop_reason: what ended the dialogue before the feed did: a refusal that concerns all messages,
        or the end of the connection
    """

    def __init__(
        self,
        connection: Connection,
        extensions: Extensions,
        final_timeout: float,
        source: MessageSource,
    ):
        self._connection = connection
        self._extensions = extensions
        self._final_timeout = final_timeout
        self._source = source
        self._pipelining = extensions.pipelining
        self._closing: tuple[bytes, ...] = ()
        self._unsettled: Envelope | None = None
        self._settled: Envelope | None = None  # whose final reply was read last, not yet told
        self._outcome: Outcome | None = None  # of that one
        self._note = ""  # what became of the copies of the unsettled message
        self._stage = "mail"
        self._current: Envelope | None = None
        self._ahead: Ready | None = None
        self.stop_reason: Outcome | None = None

    def run(self) -> bool:
        """Transmit what the feed gives until it ends, or until an stop_reason.

        :returns: whether the connection may be used further
        """
        try:
            while not self.stop_reason:
                if message := self._next(wait=not self._closing):
                    self._open(message)
                elif self._closing:
                    self._close()
                    self._notify()
                else:
                    break
            self._close()
        except SmtpConnectionError as error:
            self._give_up(error)
            return False
        finally:
            self._notify()
        if self._ahead:
            self._source.settle(self._ahead.envelope, self.stop_reason)
            self._ahead = None
        return True

    def _next(self, wait: bool) -> Ready | None:
        """Return the message that is ready, or make the next one so."""
        message, self._ahead = self._ahead, None
        while message is None and (envelope := self._source.take(wait)):
            message = self._make_ready(envelope)
        return message

    def _make_ready(self, envelope: Envelope) -> Ready | None:
        """Make a message; one that cannot be sent over this connection is settled at once."""
        try:
            pieces = envelope.pieces()
        except Exception as error:  # it is about this one message, whatever it is
            self._source.settle(envelope, Outcome(REFUSED, "making", text=clean(str(error))))
            return None
        try:
            commands = self._extensions.open(envelope, sum(map(len, pieces)))
        except UnsupportedMessage as unfit:
            self._source.settle(envelope, unfit.outcome)
            return None
        return Ready(envelope, commands, content(envelope, pieces))

    def _open(self, message: Ready) -> None:
        """Bring the transaction to the point where the content may be sent."""
        self._current, self._stage = message.envelope, "mail"
        if self._pipelining and len(message.commands) == 2:
            self._close(b"".join(message.commands) + b"DATA\r\n")
            self._read_group(message)
        else:
            # With several recipients DATA waits: were the first refused and a copy accepted, the
            # server would ask for the content, and only closing the connection could stop it.
            self._close()
            if self.stop_reason:
                self._conclude_current(self.stop_reason)
            else:
                self._open_by_steps(message)
        self._current = None

    def _close(self, following: bytes = b"") -> None:
        """End the transaction before, with the next group's commands in the same packet."""
        closing = self._closing
        if not closing and not following:
            return
        try:
            self._connection.send(*closing, following)
        except SmtpConnectionError as error:
            self._notify()
            if closing:
                self._settle_after_failure(error.sent >= sum(map(len, closing)), error)
            raise self._with_last_words(error) from error
        # What is done while the server works holds nothing up.
        self._notify()
        if not self.stop_reason:
            self._ahead = self._next(wait=False)
        if closing:
            self._settle()

    def _settle(self) -> None:
        """Read the reply to what ended the transaction before."""
        envelope, note = self._unsettled, self._note
        self._closing, self._unsettled, self._note = (), None, ""
        if envelope is None:  # RSET, or the lone dot, whose reply says what RCPT's said
            self._read("mail")
            return
        try:
            reply = self._connection.read_reply(self._final_timeout)
            if reply.code < 400 and reply.code // 100 != 2:
                raise SmtpConnectionError(f"The server answered {reply.code} to the end of data")
        except SmtpConnectionError as error:
            self._settled, self._outcome = envelope, _doubt(error)
            raise
        self._settled = envelope
        self._outcome = self._judge("end_of_data", reply, note)
        _raise_if_closing(reply)

    def _settle_after_failure(self, was_handed_over: bool, error: SmtpConnectionError) -> None:
        """Find the outcome of a message during whose transfer the connection broke."""
        if was_handed_over:
            try:
                self._settle()
            except SmtpConnectionError as later:
                error.reply = error.reply or later.reply
            return
        envelope, self._unsettled = self._unsettled, None
        if envelope is None:
            return
        # Without the end of data nothing can have been accepted (RFC 5321, section 4.1.1.4).
        self._with_last_words(error)
        self._settled = envelope
        if error.reply:
            self._outcome = self._judge("end_of_data", error.reply)
        else:
            self._outcome = Outcome(NOT_SENT, "end_of_data", text=clean(str(error)))

    def _notify(self) -> None:
        """Say what became of the message whose final reply was read.

        Not before the replies behind it were seen: one too few or too many puts it in doubt. And
        not before what comes next was sent.
        """
        if self._settled:
            self._source.settle(self._settled, self._outcome)
            self._settled = None

    def _read_group(self, message: Ready) -> None:
        """Read the replies to MAIL, RCPT and DATA sent together."""
        if self._connection.skip(_GRANTED):
            self._begin_content(message)
            return
        try:
            mail, rcpt, data = self._read("mail"), self._read("rcpt"), self._read("data")
        except UnexpectedReply as error:
            if self._settled:
                self._outcome = _doubt(error)
            raise
        refused = next(
            ((stage, r) for stage, r in (("mail", mail), ("rcpt", rcpt)) if r.code >= 400), None
        )
        if refused:
            self._conclude_current(self._judge(*refused))
            # A server may ask for the content though nobody is there to get it; then a lone dot
            # ends it (RFC 2920, section 3.1). Else the transaction may still be open.
            self._closing = (END_OF_DATA,) if data.code == 354 else _RESET
        else:
            self._follow_data(message, data)

    def _open_by_steps(self, message: Ready) -> None:
        """Send MAIL and RCPT, wait for their replies, then send DATA."""
        commands = message.commands
        groups = [b"".join(commands)] if self._pipelining else commands
        replies: list[Reply] = []
        for group in groups:
            self._send(group)
            for _command in range(len(commands) if self._pipelining else 1):
                replies.append(self._read("rcpt" if replies else "mail"))
            refused = replies[: 2 if len(replies) > 1 else 1][-1]
            if replies[0].code >= 400 or refused.code >= 400:
                stage = "mail" if replies[0].code >= 400 else "rcpt"
                reply = replies[0] if stage == "mail" else refused
                self._conclude_current(self._judge(stage, reply))
                self._closing = _RESET
                return
        self._note = "; ".join(
            f"copy to {address} refused: {reply.code} {reply.text}"
            for address, reply in zip(message.envelope.recipients[1:], replies[2:], strict=True)
            if reply.code >= 400
        )
        self._send(b"DATA\r\n")
        self._follow_data(message, self._read("data"))

    def _follow_data(self, message: Ready, reply: Reply) -> None:
        """Begin the content, or conclude that DATA was refused."""
        if reply.code == 354:
            self._begin_content(message)
        else:
            self._conclude_current(self._judge("data", reply))
            self._closing, self._note = _RESET, ""

    def _begin_content(self, message: Ready) -> None:
        """Make the content what closes the transaction."""
        if self._connection.has_unread:
            raise SmtpConnectionError("The server answers more than it was asked")
        self._closing = message.content
        self._unsettled = message.envelope

    def _send(self, octets: bytes) -> None:
        try:
            self._connection.send(octets)
        except SmtpConnectionError as error:
            raise self._with_last_words(error) from error

    def _read(self, stage: str) -> Reply:
        """Read the reply to a command: positive (2xx; 354 to DATA) or a refusal."""
        self._stage = stage
        reply = self._connection.read_reply()
        if reply.code >= 400:
            _raise_if_closing(reply)
        elif (reply.code == 354) != (stage == "data"):
            raise UnexpectedReply(f"The server answered {reply.code} to {stage.upper()}")
        return reply

    def _with_last_words(self, error: SmtpConnectionError) -> SmtpConnectionError:
        """Add what the server said before it closed, if it refused something."""
        if error.reply is None:
            try:
                reply = self._connection.read_reply(LAST_WORDS_TIMEOUT)
            except SmtpConnectionError:
                return error
            error.reply = reply if reply.code >= 400 else None
        return error

    def _judge(self, stage: str, reply: Reply, note: str = "") -> Outcome:
        """Return what a reply means for its message; what concerns all is an stop_reason."""
        text = f"{reply.text}; {note}" if note else reply.text
        outcome = from_reply(stage, reply.code, text)
        if outcome.kind is NOT_SENT:
            self.stop_reason = outcome
        return outcome

    def _conclude_current(self, outcome: Outcome) -> None:
        self._source.settle(self._current, outcome)
        self._current = None

    def _give_up(self, error: SmtpConnectionError) -> None:
        """Nothing of the rest was accepted: say so, with the server's words where there are any."""
        rest = [self._unsettled, self._current, self._ahead and self._ahead.envelope]
        self._unsettled = self._current = self._ahead = None
        words = "", clean(str(error))
        if error.reply:
            refusal = from_reply(self._stage, error.reply.code, error.reply.text)
            words = refusal.enhanced, refusal.text
        code = error.reply.code if error.reply else None
        for envelope in filter(None, rest):
            self._source.settle(envelope, Outcome(NOT_SENT, self._stage, code, *words))
            self._stage = "mail"
        self.stop_reason = Outcome(NOT_SENT, "mail", code, *words)


def _doubt(error: SmtpConnectionError) -> Outcome:
    return Outcome(UNCERTAIN, "end_of_data", text=clean(str(error)))


def _raise_if_closing(reply: Reply) -> None:
    """421 may answer any command: the server closes (RFC 5321, section 3.8)."""
    if reply.code == 421:
        raise SmtpConnectionError("The server closes the connection", reply)
