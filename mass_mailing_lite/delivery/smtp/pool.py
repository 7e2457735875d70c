"""Several sessions with one server, fed from one queue, so that their waiting overlaps.

Over a line with 20 ms round trip one session sends 50 messages a second at best, eight send 400.
Each session has a thread, which makes messages and speaks SMTP; whoever owns the pool reads and
writes the database meanwhile. Opening sessions, which needs that database, happens in the owner's
thread.
"""

import logging
import smtplib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from ..outcome import NOT_SENT, UNCERTAIN, Outcome
from .envelope import Envelope
from .fault import FAULTS, from_exception
from .session import CLOSED, FINAL_TIMEOUT, REPLY_TIMEOUT, Session

_logger = logging.getLogger(__name__)

# Seconds before a server that refused one of several connections is asked for more again: many
# servers limit them, and each refused attempt counts against the client.
RECONNECT_PAUSE = 60.0

PARTING_TIME = 5.0  # seconds that a session gets to end what it is doing when the pool closes


class NoSession(Exception):
    """No session could be opened, nothing was tried.

    :ivar outcome: why, in the server's words (NOT_SENT)
    """

    def __init__(self, outcome: Outcome):
        super().__init__(outcome.text)
        self.outcome = outcome


class Pool:
    """A set of sessions with one server; a context manager that closes them.

    ``put`` and ``collect`` are for one thread, the owner's.

    :param connect: returns a connected and logged-in ``smtplib.SMTP``; called in the owner's
        thread, and only when there is something to send
    :param connections: sessions at most
    :param messages_per_connection: a session that has had so many is closed and another opened;
        many servers limit it themselves
    :param timeout: see :class:`session.Session`
    :param final_timeout: see :class:`session.Session`
    :ivar failure: why no session can be opened at present, else ``None``
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
        self._threads: list[SessionThread] = []
        self._no_more_before = 0.0  # monotonic seconds
        self.failure: Outcome | None = None
        # What follows is shared with the lanes' threads, under one lock.
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # for lanes: there is something to take
        self._news = threading.Condition(self._lock)  # for the owner: enough is done
        self._waiting: deque[Envelope] = deque()
        self._done: list[tuple[Envelope, Outcome]] = []
        self._open = 0  # messages put and not yet done
        self._enough = 1  # messages done that the owner waits for
        self._refusal: Outcome | None = None  # the server takes nothing, whoever it is for
        self._closing = False

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    @property
    def open_count(self) -> int:
        """Messages that were put and not yet collected."""
        return self._open + len(self._done)

    def put(self, envelopes: Iterable[Envelope]) -> None:
        """Let the sessions send these, too; opens sessions that are missing."""
        with self._lock:
            before = len(self._waiting)
            self._waiting.extend(envelopes)
            self._open += len(self._waiting) - before
            self._refusal = None
            self._work.notify(len(self._waiting) - before)
        self._open_sessions()

    def collect(
        self, least: int, seconds: float = threading.TIMEOUT_MAX
    ) -> list[tuple[Envelope, Outcome]]:
        """Return the messages that are done since the last time, with their outcomes.

        What a connection could not begin goes over a new one first: when the server closed after
        some success, had closed an idle connection, or takes no more messages over this one.
        Whatever else is NOT_SENT is left to the caller: all that waits, when the server objects or
        no session can be opened.

        :param least: wait for so many, or for all there are if these are fewer
        :param seconds: do not wait longer
        """
        until = time.monotonic() + seconds
        while True:
            self._open_sessions()
            with self._lock:
                self._enough = min(least, self._open + len(self._done))
                remaining = min(until - time.monotonic(), threading.TIMEOUT_MAX)
                if len(self._done) >= self._enough or remaining <= 0:
                    done, self._done = self._done, []
                    return done
                if not self._needs_session():
                    self._news.wait(remaining)

    def withdraw(self) -> list[Envelope]:
        """Take back what no session has begun."""
        with self._lock:
            withdrawn = list(self._waiting)
            self._waiting.clear()
            self._open -= len(withdrawn)
        return withdrawn

    def transmit(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Send the envelopes, and nothing else; return their outcomes in the same order.

        :raises NoSession: when no session could be opened and nothing was sent
        """
        self.put(envelopes)
        done = self.collect(len(envelopes)) if envelopes else []
        outcomes = {id(envelope): outcome for envelope, outcome in done}
        if self.failure and all(outcome is self.failure for outcome in outcomes.values()):
            raise NoSession(self.failure)
        return [outcomes[id(envelope)] for envelope in envelopes]

    def close(self) -> None:
        """Close all sessions politely; the pool may be used again."""
        with self._lock:
            self._closing = True
            self._work.notify_all()
        deadline = time.monotonic() + PARTING_TIME
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = []
        self._closing = False

    # What the owner's thread does for the lanes

    def _open_sessions(self) -> None:
        """Open sessions for what waits; give up on what waits when none can be had."""
        while self._needs_session():
            try:
                smtp = self._connect()
            except FAULTS as error:
                failure = from_exception(error)
            else:
                failure = None
                if smtp is None:  # Odoo's test mode
                    failure = Outcome(NOT_SENT, "connect", text="Sending is switched off")
            if failure:
                self._no_more_before = time.monotonic() + RECONNECT_PAUSE
                if not self._threads:
                    self.failure = failure
                    self._give_up(failure)
                return
            self.failure = None
            thread = SessionThread(self, Session(smtp, *self._timeouts))
            self._threads.append(thread)
            thread.start()

    def _needs_session(self) -> bool:
        """Whether another session is wanted: for what waits, and not refused a moment ago."""
        self._threads = [thread for thread in self._threads if not thread.is_over]
        return (
            bool(self._waiting)
            and not self._refusal
            and len(self._threads) < min(self._connections, self._open)
            and (not self._threads or time.monotonic() >= self._no_more_before)
        )

    def _give_up(self, outcome: Outcome) -> None:
        with self._lock:
            self._leave_waiting(outcome)

    def _leave_waiting(self, outcome: Outcome) -> None:
        """Settle all that waits. The lock is held."""
        self._done += [(envelope, outcome) for envelope in self._waiting]
        self._open -= len(self._waiting)
        self._waiting.clear()

    # What lanes call

    def _take(self, thread: "SessionThread", wait: bool) -> Envelope | None:
        with self._lock:
            while (self._refusal or not self._waiting) and not self._closing:
                if not wait:
                    return None
                self._work.wait()
            if self._closing or thread.carried >= self._limit:
                return None
            thread.carried += 1
            return self._waiting.popleft()

    def _settle(self, settled: Sequence[tuple[Envelope, Outcome]]) -> None:
        with self._lock:
            self._done += settled
            self._open -= len(settled)
            if len(self._done) >= self._enough:
                self._news.notify()

    def _stop(self, stop_reason: Outcome) -> None:
        """Leave all that waits: the server has refused what all messages have in common."""
        with self._lock:
            self._refusal = stop_reason
            self._leave_waiting(stop_reason)
            self._news.notify()

    def _end(self, thread: "SessionThread", left: Sequence[tuple[Envelope, Outcome]]) -> None:
        """Let what a thread that is over has left undone wait again, or leave it.

        Not after a new session that achieved nothing: the server would be asked for ever.
        """
        with self._lock:
            thread.is_over = True
            others = any(other.has_achieved for other in self._threads if not other.is_over)
            if thread.has_achieved or others:
                self._waiting.extendleft(envelope for envelope, _outcome in reversed(left))
            elif left:
                self._done += left
                self._open -= len(left)
                self._leave_waiting(left[-1][1])
            if not thread.has_achieved:
                self._no_more_before = time.monotonic() + RECONNECT_PAUSE
            # This thread may have been the one that was woken for what waits.
            self._work.notify(len(self._waiting))
            self._news.notify()


class SessionThread:
    """A session and its thread: the feed of its dialogues.

    :ivar carried: messages that it took
    :ivar has_achieved: a message got an outcome by it, or it was closed while idle
    """

    def __init__(self, pool: Pool, session: Session):
        self._pool = pool
        self._session = session
        self._held: list[Envelope] = []  # taken and not settled: two at most
        self._left: list[tuple[Envelope, Outcome]] = []  # NOT_SENT, perhaps to be tried again
        self.carried = 0
        self.has_achieved = False
        self.is_over = False
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)

    def start(self) -> None:
        """Begin to take messages."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the end; cut off a session that waits for its server."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._session.cut()
            self._thread.join(PARTING_TIME)

    def take(self, wait: bool) -> Envelope | None:
        """See ``transaction.MessageSource``."""
        self._leave()  # the session goes on, so these were about their messages alone
        envelope = self._pool._take(self, wait)
        if envelope and wait and not self._session.usable:
            self._left.append((envelope, CLOSED))
            self.has_achieved = True
            return None
        if envelope:
            self._held.append(envelope)
        return envelope

    def settle(self, envelope: Envelope, outcome: Outcome) -> None:
        """See ``transaction.MessageSource``."""
        self._held.remove(envelope)
        if outcome.kind is NOT_SENT:
            self._left.append((envelope, outcome))
        else:
            self.has_achieved = True
            self._pool._settle([(envelope, outcome)])

    def _run(self) -> None:
        try:
            while (stop_reason := self._session.run(self)) and self._session.usable:
                if self.has_achieved and is_session_limit(stop_reason):
                    return  # what is left goes over another session
                self._leave()
                self._pool._stop(stop_reason)
        except Exception as error:  # a defect; what was on its way may have arrived
            _logger.exception("A session with a mail server failed.")
            self._pool._settle(
                [(e, Outcome(UNCERTAIN, "mail", text=str(error))) for e in self._held]
            )
        finally:
            self._pool._end(self, self._left)
            self._session.close()

    def _leave(self) -> None:
        if self._left:
            self._pool._settle(self._left)
            self._left = []


def is_session_limit(outcome: Outcome) -> bool:
    """Whether a server says that a connection has carried as many messages as it may.

    OpenSMTPD after a hundred: "452 4.5.3" to MAIL, where no recipient was named yet that could be
    one too many (RFC 3463, section 3.6).
    """
    return outcome.stage == "mail" and outcome.enhanced == "4.5.3"
