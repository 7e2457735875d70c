"""The order of commands and replies for the messages of one connection.

A mail transaction is MAIL, RCPT, DATA, the message, end of data (RFC 5321, section 3.3). With
PIPELINING the commands go in groups (RFC 2920, section 3.1): DATA must be the last of its group,
and a message's content may be the first, so one group is::

    content of message n, end of data | MAIL RCPT DATA of message n+1

and each message takes one round trip; without PIPELINING it takes four. While the server works on a
group, the message after the next is made.
"""

import re
from typing import NamedTuple, Protocol

from ..outcome import NOT_SENT, REFUSED, SENT, UNCERTAIN, Outcome, clean, from_reply
from .connection import Connection, Reply, SmtpConnectionError, run_alone
from .envelope import END_OF_DATA, Envelope, content
from .extensions import Extensions, UnsupportedMessage
from .limit import names_session, signature
from .shared_thread import LATER, Later

LAST_REPLY_TIMEOUT = 1.0  # seconds to wait for the reply that says why a server closed

_RESET = (b"RSET\r\n",)

# The usual replies to MAIL, RCPT and DATA sent together.
_ACCEPTED = re.compile(rb"(?:2\d\d (?:[ -~]{0,510})\r\n){2}354 [ -~]{0,510}\r\n")


class MessageSource(Protocol):
    """Where transactions get their messages, and what they tell the outcomes to.

    It may have ``own_refusals``, a set of ``limit.signature`` that several sessions share: refusals
    of copies that are a limit of each message, and so no reason for another session.
    """

    def take(self, wait: bool) -> Envelope | Later | None:
        """Return the next message.

        :param wait: the method may wait for a message; ``None`` then means that the source has
            ended, and ``LATER`` that the session is to await a message without its thread. Without
            it, ``None`` means that there is no message at the moment
        """

    def settle(self, envelope: Envelope, outcome: Outcome) -> None:
        """Take the outcome of a message; called once for each message that was taken."""


class Ready(NamedTuple):
    """A message that can be sent: ``commands`` open its transaction, ``content`` closes it."""

    envelope: Envelope
    commands: list[bytes]
    content: tuple[bytes, ...]


class UnexpectedReply(SmtpConnectionError):
    """The reply cannot be one to the command that was sent; replies may have been lost."""


class Transactions:
    """The transactions on one connection, until the source ends or nothing more can be sent.

    Between two messages, ``_closing`` holds the octets that end the transaction before and are not
    yet sent; ``_unsettled`` is the message whose content they are, if they are content. ``_ahead``
    is a message that is ready and not begun.

    :ivar stop_reason: why the source's other messages cannot be sent: a refusal that concerns all
        messages, or the loss of the connection
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
        self._settled: Envelope | None = None  # the source does not know its outcome yet
        self._outcome: Outcome | None = None  # of _settled
        self._has_accepted = False  # the server has accepted a message
        self._note = ""  # which copies of the unsettled message were refused
        self._stage = "mail"
        self._current: Envelope | None = None
        self._ahead: Ready | None = None
        self.stop_reason: Outcome | None = None

    def run(self) -> bool:
        """Do what :meth:`steps` do, on a connection that shares its thread with no other."""
        return run_alone(self.steps())

    async def steps(self) -> bool:
        """Transmit the source's messages until it ends or there is a ``stop_reason``.

        :returns: whether the connection can still be used
        """
        try:
            while not self.stop_reason:
                if message := await self._next(wait=not self._closing):
                    await self._open(message)
                elif self._closing:
                    await self._close()
                    self._notify()
                else:
                    break
            await self._close()
        except SmtpConnectionError as error:
            self._give_up(error)
            return False
        finally:
            self._notify()
        if self._ahead:
            self._source.settle(self._ahead.envelope, self.stop_reason)
            self._ahead = None
        return True

    async def _next(self, wait: bool) -> Ready | None:
        """Return the message that is ready, or make the next one ready."""
        message, self._ahead = self._ahead, None
        while message is None and (envelope := self._source.take(wait)):
            if envelope is LATER:
                await LATER
            else:
                message = self._make(envelope)
        return message

    def _make(self, envelope: Envelope) -> Ready | None:
        """Make a message; settle it at once when it cannot be sent over this connection."""
        try:
            pieces = envelope.pieces()
        except Exception as error:  # the caller's function failed, for this message only
            # The words of a codec are for programmers.
            is_codec = isinstance(error, UnicodeError)
            words = "The message has a character that cannot be sent" if is_codec else str(error)
            self._source.settle(envelope, Outcome(REFUSED, "making", text=clean(words)))
            return None
        try:
            commands = self._extensions.open(envelope, sum(map(len, pieces)))
        except UnsupportedMessage as unsupported:
            self._source.settle(envelope, unsupported.outcome)
            return None
        return Ready(envelope, commands, content(envelope, pieces))

    async def _open(self, message: Ready) -> None:
        """Send MAIL, RCPT and DATA of a message, and read the replies."""
        self._current, self._stage = message.envelope, "mail"
        if self._pipelining and len(message.commands) == 2:
            await self._close(b"".join(message.commands) + b"DATA\r\n")
            await self._read_group(message)
        else:
            # With several recipients DATA waits for the replies to RCPT: if the first recipient
            # were refused and a copy accepted, the server would ask for the content, and only
            # closing the connection would prevent the copy.
            await self._close()
            if self.stop_reason:
                self._settle_current(self.stop_reason)
            else:
                await self._open_by_steps(message)
        self._current = None

    async def _close(self, following: bytes = b"") -> None:
        """End the transaction before, and send the following commands in the same packet."""
        closing = self._closing
        if not closing and not following:
            return
        try:
            await self._connection.write(*closing, following)
        except SmtpConnectionError as error:
            self._notify()
            if closing:
                await self._settle_after_failure(error.sent >= sum(map(len, closing)), error)
            raise await self._with_last_reply(error) from error
        # The server works meanwhile, so this costs no time.
        self._notify()
        if not self.stop_reason:
            self._ahead = await self._next(wait=False)
        if closing:
            await self._settle()

    async def _settle(self) -> None:
        """Read the reply to what ended the transaction before."""
        envelope, note = self._unsettled, self._note
        self._closing, self._unsettled, self._note = (), None, ""
        if envelope is None:  # RSET, or a single dot, whose reply has no new information
            await self._read("mail")
            return
        try:
            reply = await self._connection.reply(self._final_timeout)
            if reply.code < 400 and reply.code // 100 != 2:
                raise SmtpConnectionError(f"The server answered {reply.code} to the end of data")
        except SmtpConnectionError as error:
            self._settled, self._outcome = envelope, _uncertain(error)
            raise
        self._settled = envelope
        self._outcome = self._get_outcome("end_of_data", reply, note)
        self._has_accepted |= self._outcome.kind is SENT
        _raise_if_closing(reply)

    async def _settle_after_failure(
        self, was_transmitted: bool, error: SmtpConnectionError
    ) -> None:
        """Find the outcome of the message that was being sent when the connection was lost."""
        if was_transmitted:
            try:
                await self._settle()
            except SmtpConnectionError as later:
                error.reply = error.reply or later.reply
            return
        envelope, self._unsettled = self._unsettled, None
        if envelope is None:
            return
        # Without the end of data the server cannot have accepted it (RFC 5321, section 4.1.1.4).
        await self._with_last_reply(error)
        self._settled = envelope
        if error.reply:
            self._outcome = self._get_outcome("end_of_data", error.reply)
        else:
            self._outcome = Outcome(NOT_SENT, "end_of_data", text=clean(str(error)))

    def _notify(self) -> None:
        """Tell the source the outcome of the message whose final reply was read.

        Called after the replies that follow were read, because a reply too few or too many makes
        the outcome uncertain; and after the next group was sent.
        """
        if self._settled:
            self._source.settle(self._settled, self._outcome)
            self._settled = None

    async def _read_group(self, message: Ready) -> None:
        """Read the replies to MAIL, RCPT and DATA sent together."""
        if self._connection.skip(_ACCEPTED):
            self._prepare_content(message)
            return
        try:
            mail = await self._read("mail")
            rcpt, data = await self._read("rcpt"), await self._read("data")
        except UnexpectedReply as error:
            if self._settled:
                self._outcome = _uncertain(error)
            raise
        refused = next(
            ((stage, r) for stage, r in (("mail", mail), ("rcpt", rcpt)) if r.code >= 400), None
        )
        if refused:
            self._settle_current(self._get_outcome(*refused))
            # A server may ask for the content although no recipient was accepted; then a single
            # dot ends it (RFC 2920, section 3.1). Else the transaction may still be open.
            self._closing = (END_OF_DATA,) if data.code == 354 else _RESET
        else:
            self._follow_data(message, data)

    async def _open_by_steps(self, message: Ready) -> None:
        """Send MAIL and RCPT, wait for their replies, then send DATA."""
        commands = message.commands
        groups = [b"".join(commands)] if self._pipelining else commands
        replies: list[Reply] = []
        for group in groups:
            await self._send(group)
            for _command in range(len(commands) if self._pipelining else 1):
                replies.append(await self._read("rcpt" if replies else "mail"))
            refused = replies[: 2 if len(replies) > 1 else 1][-1]
            if replies[0].code >= 400 or refused.code >= 400:
                stage = "mail" if replies[0].code >= 400 else "rcpt"
                reply = replies[0] if stage == "mail" else refused
                self._settle_current(self._get_outcome(stage, reply))
                self._closing = _RESET
                return
        if self._is_cut_short(replies[2:]):
            self._settle_current(self.stop_reason)
            self._closing = _RESET
            return
        self._note = "; ".join(
            f"copy to {address} refused: {reply.code} {reply.text}"
            for address, reply in zip(message.envelope.recipients[1:], replies[2:], strict=True)
            if reply.code >= 400
        )
        await self._send(b"DATA\r\n")
        self._follow_data(message, await self._read("data"))

    def _is_cut_short(self, replies: list[Reply]) -> bool:
        """Whether the session has no room for a copy any more; then ``stop_reason`` says so.

        Nothing of the message is sent yet, so it goes whole over another session.
        """
        own = getattr(self._source, "own_refusals", None)
        for reply in replies:
            if reply.code < 400 or not names_session(outcome := from_reply("rcpt", *reply)):
                continue
            if not self._has_accepted:
                # A session that has taken nothing yet says the same: the limit is one of each
                # message (X.5.3: too many recipients; RFC 3463, section 3.6).
                if own is not None:
                    own.add(signature(outcome))
            elif own is None or signature(outcome) not in own:
                self.stop_reason = outcome._replace(kind=NOT_SENT)
                return True
        return False

    def _follow_data(self, message: Ready, reply: Reply) -> None:
        """Prepare the content, or settle the message when DATA was refused."""
        if reply.code == 354:
            self._prepare_content(message)
        else:
            self._settle_current(self._get_outcome("data", reply))
            self._closing, self._note = _RESET, ""

    def _prepare_content(self, message: Ready) -> None:
        """Make the content the octets that close the transaction."""
        if self._connection.has_unread:
            raise SmtpConnectionError("The server sent more replies than it got commands")
        self._closing = message.content
        self._unsettled = message.envelope

    async def _send(self, octets: bytes) -> None:
        try:
            await self._connection.write(octets)
        except SmtpConnectionError as error:
            raise await self._with_last_reply(error) from error

    async def _read(self, stage: str) -> Reply:
        """Read the reply to a command: 2xx (354 to DATA), or a refusal."""
        self._stage = stage
        reply = await self._connection.reply()
        if reply.code >= 400:
            _raise_if_closing(reply)
        elif (reply.code == 354) != (stage == "data"):
            raise UnexpectedReply(f"The server answered {reply.code} to {stage.upper()}")
        return reply

    async def _with_last_reply(self, error: SmtpConnectionError) -> SmtpConnectionError:
        """Add the last reply to an error, if the server sent a refusal before it closed."""
        if error.reply is None:
            try:
                reply = await self._connection.reply(LAST_REPLY_TIMEOUT)
            except SmtpConnectionError:
                return error
            error.reply = reply if reply.code >= 400 else None
        return error

    def _get_outcome(self, stage: str, reply: Reply, note: str = "") -> Outcome:
        """Return the outcome of a reply; one that concerns all messages becomes ``stop_reason``."""
        text = f"{reply.text}; {note}" if note else reply.text
        outcome = from_reply(stage, reply.code, text)
        if outcome.kind is NOT_SENT:
            self.stop_reason = outcome
        return outcome

    def _settle_current(self, outcome: Outcome) -> None:
        self._notify()  # in order: after accepted messages a refusal may mean something else
        self._source.settle(self._current, outcome)
        self._current = None

    def _give_up(self, error: SmtpConnectionError) -> None:
        """Settle the messages that were not accepted as NOT_SENT, with the server's last reply."""
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


def _uncertain(error: SmtpConnectionError) -> Outcome:
    return Outcome(UNCERTAIN, "end_of_data", text=clean(str(error)))


def _raise_if_closing(reply: Reply) -> None:
    """Raise when the reply is 421, which any command may get: the server closes (RFC 5321, 3.8)."""
    if reply.code == 421:
        raise SmtpConnectionError("The server closes the connection", reply)
