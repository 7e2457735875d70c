"""Several sessions with one server and one queue, so that they wait for replies at the same time.

On a connection with 20 ms round trip one session sends 50 messages a second at most, eight send
400. Each session has a thread that makes messages and speaks SMTP. The owner, the thread that uses
the pool, reads and writes its database meanwhile. Sessions are opened in the owner's thread,
because that may need the database.
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

# Seconds until a server that refused one of several connections is asked for another one: many
# servers limit them, and count refused attempts too.
RECONNECT_PAUSE = 60.0

# Seconds after which a session that the server closes counts as idle, so that another one is opened
# at once. Before that the server does not want the session, and would close the next one too.
MIN_IDLE = 1.0

CLOSING_TIME = 5.0  # seconds for a session to end its transaction when the pool closes


class NoSession(Exception):
    """No session could be opened; no message was tried.

    :ivar outcome: why (NOT_SENT), with the server's words
    """

    def __init__(self, outcome: Outcome):
        super().__init__(outcome.text)
        self.outcome = outcome


class Pool:
    """A set of sessions with one server; a context manager that closes them.

    All methods are for one thread, the owner's.

    :param connect: returns a connected and logged-in ``smtplib.SMTP``; called in the owner's
        thread, and only when there is something to send. ``None`` means: sending is switched off
    :param connections: maximum number of sessions
    :param messages_per_connection: maximum number of messages of a session, after which another
        one is opened; many servers have such a limit themselves
    :param timeout: see :class:`session.Session`
    :param final_timeout: see :class:`session.Session`
    :ivar failure: why no session could be opened at the last try, else ``None``
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
        self._no_more_before = 0.0  # no further session before, in monotonic seconds
        self.failure: Outcome | None = None
        # The attributes below are shared with the session threads, under one lock.
        self._lock = threading.Lock()
        self._work = threading.Condition(
            self._lock
        )  # for session threads: there are messages to take
        self._news = threading.Condition(self._lock)  # for the owner: enough messages are done
        self._waiting: deque[Envelope] = deque()
        self._done: list[tuple[Envelope, Outcome]] = []
        self._open = 0  # messages put and not yet done
        self._enough = 1  # number of done messages that the owner waits for
        self._refusal: Outcome | None = None  # concerns all messages
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
        """Add messages to the queue, and open sessions as far as they are needed."""
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

        A message that a connection could not begin is first tried on a new one, when the server
        closed after some success, closed an idle connection, or accepts no more messages on this
        one. All others that are NOT_SENT are returned: the whole queue, when a refusal concerns all
        messages or no session can be opened.

        :param least: number of messages to wait for, or all there are when they are fewer
        :param seconds: maximum time to wait
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
        """Return the messages that no session has begun; they are not sent."""
        with self._lock:
            withdrawn = list(self._waiting)
            self._waiting.clear()
            self._open -= len(withdrawn)
        return withdrawn

    def transmit(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Send the envelopes and return their outcomes in the same order; for an empty queue only.

        :raises NoSession: when no session could be opened and nothing was sent
        """
        self.put(envelopes)
        done = self.collect(len(envelopes)) if envelopes else []
        outcomes = {id(envelope): outcome for envelope, outcome in done}
        if self.failure and all(outcome is self.failure for outcome in outcomes.values()):
            raise NoSession(self.failure)
        return [outcomes[id(envelope)] for envelope in envelopes]

    def close(self) -> None:
        """Close all sessions after their transaction; the pool may be used again."""
        with self._lock:
            self._closing = True
            self._work.notify_all()
        deadline = time.monotonic() + CLOSING_TIME
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = []
        self._closing = False

    # Called in the owner's thread

    def _open_sessions(self) -> None:
        """Open sessions for the queue; settle the queue when there is no session at all."""
        while self._needs_session():
            try:
                smtp = self._connect()
            except FAULTS as error:
                failure = from_exception(error)
            else:
                failure = None
                if smtp is None:
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
        """Whether another session is to be opened: messages wait, and none was just refused."""
        self._threads = [thread for thread in self._threads if not thread.is_over]
        return (
            bool(self._waiting)
            and not self._refusal
            and len(self._threads) < min(self._connections, self._open)
            and (not self._threads or time.monotonic() >= self._no_more_before)
        )

    def _give_up(self, outcome: Outcome) -> None:
        with self._lock:
            self._settle_queue(outcome)

    def _settle_queue(self, outcome: Outcome) -> None:
        """Give all waiting messages this outcome. The caller holds the lock."""
        self._done += [(envelope, outcome) for envelope in self._waiting]
        self._open -= len(self._waiting)
        self._waiting.clear()

    # Called in the session threads

    def _take(self, thread: "SessionThread", wait: bool) -> Envelope | None:
        with self._lock:
            while (self._refusal or not self._waiting) and not self._closing:
                if not wait:
                    return None
                self._work.wait()
            if self._closing or thread.taken >= self._limit:
                return None
            thread.taken += 1
            return self._waiting.popleft()

    def _settle(self, settled: Sequence[tuple[Envelope, Outcome]]) -> None:
        with self._lock:
            self._done += settled
            self._open -= len(settled)
            if len(self._done) >= self._enough:
                self._news.notify()

    def _stop(self, stop_reason: Outcome) -> None:
        """Settle the queue after a refusal that concerns all messages."""
        with self._lock:
            self._refusal = stop_reason
            self._settle_queue(stop_reason)
            self._news.notify()

    def _end(self, thread: "SessionThread", left: Sequence[tuple[Envelope, Outcome]]) -> None:
        """Put the messages that an ended session has not sent back into the queue, or settle them.

        They are settled after a session without any success, because a new one would fare no
        better, without end.
        """
        with self._lock:
            thread.is_over = True
            others = any(other.has_succeeded for other in self._threads if not other.is_over)
            if thread.has_succeeded or others:
                self._waiting.extendleft(envelope for envelope, _outcome in reversed(left))
            elif left:
                self._done += left
                self._open -= len(left)
                self._settle_queue(left[-1][1])
            if not thread.has_succeeded:
                self._no_more_before = time.monotonic() + RECONNECT_PAUSE
            # This thread may have been the one that was notified of the waiting messages.
            self._work.notify(len(self._waiting))
            self._news.notify()


class SessionThread:
    """A session with its thread; the :class:`transaction.MessageSource` of the session.

    :ivar taken: number of messages that it took
    :ivar has_succeeded: a message got an outcome in it, or the server closed it while it was idle
    """

    def __init__(self, pool: Pool, session: Session):
        self._pool = pool
        self._session = session
        self._taken: list[Envelope] = []  # and not settled: two at most
        self._left: list[tuple[Envelope, Outcome]] = []  # NOT_SENT; another session may send them
        self.taken = 0
        self.has_succeeded = False
        self.is_over = False
        self._opened = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)

    def start(self) -> None:
        """Begin to take messages."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the end; after that time cut the connection, so that no reply is waited for."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._session.cut()
            self._thread.join(CLOSING_TIME)

    def take(self, wait: bool) -> Envelope | None:
        """See ``transaction.MessageSource``."""
        self._settle_left()  # the session goes on, so another one would not send them either
        envelope = self._pool._take(self, wait)
        if envelope and wait and not self._session.usable:
            self._left.append((envelope, CLOSED))
            self.has_succeeded |= time.monotonic() - self._opened > MIN_IDLE
            return None
        if envelope:
            self._taken.append(envelope)
        return envelope

    def settle(self, envelope: Envelope, outcome: Outcome) -> None:
        """See ``transaction.MessageSource``."""
        self._taken.remove(envelope)
        if outcome.kind is NOT_SENT:
            self._left.append((envelope, outcome))
        else:
            self.has_succeeded = True
            self._pool._settle([(envelope, outcome)])

    def _run(self) -> None:
        try:
            while (stop_reason := self._session.run(self)) and self._session.usable:
                if self.has_succeeded and is_session_limit(stop_reason):
                    return  # another session sends the rest
                self._settle_left()
                self._pool._stop(stop_reason)
        except Exception as error:  # a bug; the messages that were taken may have arrived
            _logger.exception("A session with a mail server failed.")
            self._pool._settle(
                [(e, Outcome(UNCERTAIN, "mail", text=str(error))) for e in self._taken]
            )
        finally:
            self._pool._end(self, self._left)
            self._session.close()

    def _settle_left(self) -> None:
        if self._left:
            self._pool._settle(self._left)
            self._left = []


def is_session_limit(outcome: Outcome) -> bool:
    """Whether a refusal means that the connection has reached its number of messages.

    OpenSMTPD says "452 4.5.3" (too many recipients, RFC 3463 section 3.6) to MAIL after a hundred
    messages, when no recipient was named yet.
    """
    return outcome.stage == "mail" and outcome.enhanced == "4.5.3"
