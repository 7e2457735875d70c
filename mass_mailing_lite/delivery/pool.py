"""Several sessions with one server, so that their waiting overlaps.

Over a line with 20 ms round trip one session sends 50 messages a second at best, eight send 400.
Threads do nothing but speak SMTP; opening sessions, which reads the caller's database, happens in
the calling thread.
"""

import smtplib
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from .fault import FAULTS, from_exception
from .outcome import NOT_SENT, Outcome
from .smtp import FINAL_TIMEOUT, REPLY_TIMEOUT, Envelope, Session

# Seconds before a server that refused one of several connections is asked for more again: many
# servers limit them, and each refused attempt counts against the client.
RECONNECT_PAUSE = 60.0


class NoSession(Exception):
    """No session could be opened, nothing was tried.

    :ivar outcome: why, in the server's words (NOT_SENT)
    """

    def __init__(self, outcome: Outcome):
        super().__init__(outcome.text)
        self.outcome = outcome


class Pool:
    """A set of sessions with one server; a context manager that closes them.

    :param connect: returns a connected and logged-in ``smtplib.SMTP``; called in the thread that
        calls :meth:`transmit`, and only when there is something to send
    :param connections: sessions at most; with one, no thread is started
    :param messages_per_connection: a session that has had so many is closed and another opened;
        many servers limit it themselves
    :param timeout: see :class:`smtp.Session`
    :param final_timeout: see :class:`smtp.Session`
    """

    def __init__(
        self,
        connect: Callable[[], smtplib.SMTP],
        connections: int = 1,
        messages_per_connection: int = 1000,
        timeout: float = REPLY_TIMEOUT,
        final_timeout: float = FINAL_TIMEOUT,
    ):
        self._connect = connect
        self._connections = max(1, connections)
        self._limit = max(1, messages_per_connection)
        self._timeouts = (timeout, final_timeout)
        self._sessions: list[_Slot] = []
        self._executor: ThreadPoolExecutor | None = None
        self._failure: Outcome | None = None  # of the last attempt to connect
        self._no_more_before = 0.0  # monotonic seconds

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def transmit(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Send the envelopes over all sessions; return their outcomes in the same order.

        What a session could not begin because the server closed after some success, takes no more
        of this session, or had closed an idle one, is sent over a new session at once. Whatever else is NOT_SENT
        is left to the caller.

        :raises NoSession: when no session could be opened before anything was sent
        """
        outcomes: list[Outcome | None] = [None] * len(envelopes)
        waiting = deque(range(len(envelopes)))
        while waiting:
            slots = self._open(len(waiting))
            if not slots:
                self._leave(waiting, outcomes)
                break
            shares = self._share(slots, waiting)
            for slot, share, results in self._run(slots, shares, envelopes):
                for index, outcome in zip(share, results, strict=True):
                    outcomes[index] = outcome
                if slot.may_repeat(results):
                    waiting += [
                        i for i, o in zip(share, results, strict=True) if o.kind is NOT_SENT
                    ]
        return outcomes

    def close(self) -> None:
        """Close all sessions politely; the pool may be used again."""
        for slot in self._sessions:
            slot.session.close()
        self._sessions = []
        if self._executor:
            self._executor.shutdown()
            self._executor = None

    def _open(self, needed: int) -> list["_Slot"]:
        """Drop sessions that are used up, open missing ones, return those to use now."""
        kept = []
        for slot in self._sessions:
            if slot.usable and slot.carried < self._limit:
                kept.append(slot)
            else:
                slot.session.close()
        self._sessions = kept
        wanted = min(self._connections, needed)
        while len(kept) < wanted and (not kept or time.monotonic() >= self._no_more_before):
            try:
                smtp = self._connect()
            except FAULTS as error:
                self._failure = from_exception(error)
                self._no_more_before = time.monotonic() + RECONNECT_PAUSE
                break
            if smtp is None:  # Odoo's test mode
                self._failure = Outcome(NOT_SENT, "connect", text="Sending is switched off")
                break
            kept.append(_Slot(Session(smtp, *self._timeouts)))
        return kept[:wanted]

    def _share(self, slots: list["_Slot"], waiting: deque[int]) -> list[list[int]]:
        """Take from the waiting what each session gets now: equal parts, within its limit."""
        total, count = len(waiting), len(slots)
        shares = []
        for number, slot in enumerate(slots):
            part = total // count + (number < total % count)
            size = min(part, self._limit - slot.carried)
            shares.append([waiting.popleft() for _each in range(size)])
        return shares

    def _run(self, slots, shares, envelopes):
        """Send each session's share, all at once; return (slot, share, outcomes) of each."""
        batches = [[envelopes[index] for index in share] for share in shares]
        if len(slots) == 1:
            results = [slots[0].send(batches[0])]
        else:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._connections, "smtp")
            results = list(self._executor.map(_Slot.send, slots, batches))
        return list(zip(slots, shares, results, strict=True))

    def _leave(self, waiting: deque[int], outcomes: list[Outcome | None]) -> None:
        """Give up on what waits; those that were tried keep their outcome."""
        if all(outcome is None for outcome in outcomes):
            raise NoSession(self._failure)
        for index in waiting:
            outcomes[index] = outcomes[index] or self._failure


class _Slot:
    """A session and what it has carried."""

    def __init__(self, session: Session):
        self.session = session
        self.carried = 0  # messages begun
        self._was_fresh = True
        self._is_full = False  # the server takes no more messages of this session

    @property
    def usable(self) -> bool:
        return self.session.usable and not self._is_full

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        """Send over the session and count."""
        self._was_fresh = self.carried == 0
        self.carried += len(batch)
        results = self.session.send(batch)
        self._is_full = any(is_session_limit(outcome) for outcome in results)
        return results

    def may_repeat(self, results: Sequence[Outcome]) -> bool:
        """Whether what this session left undone may be tried over another one at once.

        Not on a new session that achieved nothing: the server would be asked for ever.
        """
        if self.usable:
            return False
        return not self._was_fresh or any(outcome.kind is not NOT_SENT for outcome in results)


def is_session_limit(outcome: Outcome) -> bool:
    """Whether a server says that this session has had its number of messages.

    OpenSMTPD after a hundred: "452 4.5.3" to MAIL, where no recipient was named yet that could be
    one too many (RFC 3463, section 3.6).
    """
    return outcome.stage == "mail" and outcome.enhanced == "4.5.3"
