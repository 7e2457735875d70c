"""The order of commands and replies for a batch of messages on one connection.

A mail transaction is MAIL, RCPT, DATA, the message, end of data (RFC 5321, section 3.3). With
PIPELINING the commands go in groups (RFC 2920, section 3.1): DATA must be the last of its group,
and a message's content may be the first, so one group is::

    content of message n, end of data | MAIL RCPT DATA of message n+1

and each message takes one round trip, where the plain dialogue takes four.
"""

from collections.abc import Sequence

from .envelope import END_OF_DATA, Envelope, content, mail_command
from .outcome import NOT_SENT, UNCERTAIN, Outcome, clean, from_reply
from .wire import LineError, Reply, Wire

LAST_WORDS_TIMEOUT = 1.0  # seconds to hear why a server closed

_RESET = (b"RSET\r\n",)


class OutOfStep(LineError):
    """The reply cannot be one to the command that it should answer."""


class Dialogue:
    """One batch on one wire.

    Between two messages the connection is in one of these states, held in ``_closing``: the octets
    that end the transaction before, not yet sent; ``_unsettled`` is the position of the message
    whose content they are, if any.
    """

    def __init__(self, wire: Wire, features: dict[str, str], final_timeout: float):
        self._wire = wire
        self._features = features
        self._final_timeout = final_timeout
        self._pipelining = "pipelining" in features
        self._closing: tuple[bytes, ...] = ()
        self._unsettled: int | None = None
        self._settled: int | None = None  # the message whose final reply was read last
        self._note = ""  # what became of the copies of the unsettled message
        self._stage = "mail"
        self._objection: Outcome | None = None  # a refusal that concerns all messages
        self._outcomes: list[Outcome | None] = []

    def run(self, envelopes: Sequence[Envelope], outcomes: list[Outcome | None]) -> bool:
        """Transmit the envelopes whose outcome is ``None`` and put their outcomes there.

        :returns: whether the connection may be used further
        """
        self._outcomes = outcomes
        waiting = [index for index, outcome in enumerate(outcomes) if outcome is None]
        try:
            for index in waiting:
                if self._objection:
                    break
                self._stage = "mail"
                self._open(index, envelopes[index])
            self._close()
        except LineError as error:
            self._give_up(waiting, error)
            return False
        for index in waiting:
            if outcomes[index] is None:
                outcomes[index] = self._objection
        return True

    def _open(self, index: int, envelope: Envelope) -> None:
        """Bring the transaction to the point where the content may be sent."""
        commands = [mail_command(envelope, self._features)]
        commands += [f"RCPT TO:<{address}>\r\n".encode() for address in envelope.recipients]
        if self._pipelining and len(envelope.recipients) == 1:
            self._close(b"".join(commands) + b"DATA\r\n")
            self._read_group(index, envelope)
        else:
            # With several recipients DATA waits: were the first refused and a copy accepted, the
            # server would ask for the content, and only closing the connection could stop it.
            self._close()
            self._open_by_steps(index, envelope, commands)

    def _close(self, following: bytes = b"") -> None:
        """End the transaction before, with the next group's commands in the same packet."""
        closing, following_only = self._closing, not self._closing
        if following_only and not following:
            return
        try:
            self._wire.send(*closing, following)
        except LineError as error:
            if not following_only:
                self._settle_after_failure(error.sent >= sum(map(len, closing)), error)
            raise self._with_last_words(error) from error
        if not following_only:
            self._settle()

    def _settle(self) -> None:
        """Read the reply to what ended the transaction before."""
        index, note = self._unsettled, self._note
        self._closing, self._unsettled, self._note, self._settled = (), None, "", index
        if index is None:  # RSET, or the lone dot, whose reply says what RCPT's said
            self._read("mail")
            return
        try:
            reply = self._wire.read_reply(self._final_timeout)
            if reply.code < 400 and reply.code // 100 != 2:
                raise LineError(f"The server answered {reply.code} to the end of data")
        except LineError as error:
            self._doubt(index, error)
            raise
        self._conclude(index, "end_of_data", reply, note)
        _raise_if_closing(reply)

    def _settle_after_failure(self, was_handed_over: bool, error: LineError) -> None:
        """Find the outcome of a message during whose transfer the connection broke."""
        if was_handed_over:
            try:
                self._settle()
            except LineError as later:
                error.reply = error.reply or later.reply
            return
        index, self._unsettled = self._unsettled, None
        if index is None:
            return
        # Without the end of data nothing can have been accepted (RFC 5321, section 4.1.1.4).
        self._with_last_words(error)
        if error.reply:
            self._conclude(index, "end_of_data", error.reply)
        else:
            self._outcomes[index] = Outcome(NOT_SENT, "end_of_data", text=clean(str(error)))

    def _read_group(self, index: int, envelope: Envelope) -> None:
        """Read the replies to MAIL, RCPT and DATA sent together."""
        try:
            mail, rcpt, data = self._read("mail"), self._read("rcpt"), self._read("data")
        except OutOfStep as error:
            # One reply too few or too many: which was the one to the content before?
            if self._settled is not None:
                self._doubt(self._settled, error)
            raise
        refused = next(
            ((stage, r) for stage, r in (("mail", mail), ("rcpt", rcpt)) if r.code >= 400), None
        )
        if refused:
            self._conclude(index, *refused)
            # A server may ask for the content though nobody is there to get it; then a lone dot
            # ends it (RFC 2920, section 3.1). Else the transaction may still be open.
            self._closing = (END_OF_DATA,) if data.code == 354 else _RESET
        else:
            self._begin_content(index, envelope, data)

    def _open_by_steps(self, index: int, envelope: Envelope, commands: list[bytes]) -> None:
        """Send MAIL and RCPT, wait for their replies, then send DATA."""
        groups = [b"".join(commands)] if self._pipelining else commands
        replies: list[Reply] = []
        for group in groups:
            self._send(group)
            for _command in range(len(commands) if self._pipelining else 1):
                replies.append(self._read("rcpt" if replies else "mail"))
            refused = replies[: 2 if len(replies) > 1 else 1][-1]
            if replies[0].code >= 400 or refused.code >= 400:
                stage = "mail" if replies[0].code >= 400 else "rcpt"
                self._conclude(index, stage, replies[0] if stage == "mail" else refused)
                self._closing = _RESET
                return
        self._note = "; ".join(
            f"copy to {address} refused: {reply.code} {reply.text}"
            for address, reply in zip(envelope.recipients[1:], replies[2:], strict=True)
            if reply.code >= 400
        )
        self._send(b"DATA\r\n")
        self._begin_content(index, envelope, self._read("data"))

    def _begin_content(self, index: int, envelope: Envelope, data: Reply) -> None:
        """Make the content what closes the transaction, or conclude that DATA was refused."""
        if data.code != 354:
            self._conclude(index, "data", data)
            self._closing, self._note = _RESET, ""
            return
        if self._wire.has_unread:
            raise LineError("The server answers more than it was asked")
        self._closing = content(envelope)
        self._unsettled = index

    def _send(self, octets: bytes) -> None:
        try:
            self._wire.send(octets)
        except LineError as error:
            raise self._with_last_words(error) from error

    def _read(self, stage: str) -> Reply:
        """Read the reply to a command: positive (2xx; 354 to DATA) or a refusal."""
        self._stage = stage
        reply = self._wire.read_reply()
        _raise_if_closing(reply)
        if reply.code < 400 and (reply.code == 354) != (stage == "data"):
            raise OutOfStep(f"The server answered {reply.code} to {stage.upper()}")
        return reply

    def _with_last_words(self, error: LineError) -> LineError:
        """Add what the server said before it closed, if it refused something."""
        if error.reply is None:
            try:
                reply = self._wire.read_reply(LAST_WORDS_TIMEOUT)
            except LineError:
                return error
            error.reply = reply if reply.code >= 400 else None
        return error

    def _conclude(self, index: int, stage: str, reply: Reply, note: str = "") -> None:
        text = f"{reply.text}; {note}" if note else reply.text
        outcome = self._outcomes[index] = from_reply(stage, reply.code, text)
        if outcome.kind is NOT_SENT:
            self._objection = outcome

    def _doubt(self, index: int, error: LineError) -> None:
        self._outcomes[index] = Outcome(UNCERTAIN, "end_of_data", text=clean(str(error)))

    def _give_up(self, waiting: list[int], error: LineError) -> None:
        """Nothing of the rest was accepted: say so, with the server's words where there are any."""
        stage = self._stage
        for index in waiting:
            if self._outcomes[index] is None:
                if error.reply:
                    refusal = from_reply(stage, error.reply.code, error.reply.text)
                    outcome = Outcome(NOT_SENT, stage, refusal.code, refusal.enhanced, refusal.text)
                else:
                    outcome = Outcome(NOT_SENT, stage, text=clean(str(error)))
                self._outcomes[index] = outcome
                stage = "mail"


def _raise_if_closing(reply: Reply) -> None:
    """421 may answer any command: the server closes (RFC 5321, section 3.8)."""
    if reply.code == 421:
        raise LineError("The server closes the connection", reply)
