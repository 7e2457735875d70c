"""Several sessions with one server and one queue, so that they wait for replies at the same time.

On a connection with 20 ms round trip one session sends 50 messages a second at most, eight send
400. One thread makes messages and speaks SMTP for all sessions (see :mod:`shared_thread`); a session
whose TLS is not ours (see :mod:`tls_stream`) has its own. The owner, the thread that uses the pool,
reads and writes its database meanwhile. Sessions are opened in the owner's thread, because that may
need the database.

A server's limits are no faults (see :mod:`limit`): a session that it ends after some messages is
followed by another one, and of several connections only those are opened that it bears.
"""

import logging
import smtplib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from ..outcome import DEFERRED, NOT_SENT, SENT, UNCERTAIN, Outcome
from . import limit
from .connection import run_alone
from .envelope import Envelope
from .fault import FAULTS, from_exception
from .session import CLOSED, FINAL_TIMEOUT, REPLY_TIMEOUT, Session
from .shared_thread import LATER, Later, SharedThread

_logger = logging.getLogger(__name__)

# Seconds after which a session that the server closes counts as idle, so that another one is opened
# at once. Before that the server does not want the session, and would close the next one too.
MIN_IDLE = 1.0

# Messages that a new session defers one after the other because of a limit: then the limit is none
# of the recipients', and no other message is tried.
MAX_DEFERRED = 3

# Seconds within which a server refuses a session that it has no room for. One that needs longer, or
# does not answer, is not asked again at once.
SOON = 10.0

# The outcome for a message that an idle session, which the server closed, has not sent.
IDLE = Outcome(NOT_SENT, "connect", text="The server has closed an idle connection")

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
    :param capacity: what the server was found to bear, where several pools share that
    :ivar failure: why no session could be opened at the last try, else ``None``
    """

    def __init__(
        self,
        connect: Callable[[], smtplib.SMTP],
        connections: int = 1,
        messages_per_connection: int = 1000,
        timeout: float = REPLY_TIMEOUT,
        final_timeout: float = FINAL_TIMEOUT,
        capacity: limit.Capacity | None = None,
    ):
        self._connect = connect
        self._connections = max(1, connections)
        self._limit = max(1, messages_per_connection)
        self._timeouts = (timeout, final_timeout)
        self._threads: list[SessionThread] = []
        self._capacity = capacity or limit.Capacity()
        self._pause = 0.0  # seconds to wait before the only session is tried again
        self._paused = 0.0  # seconds waited so since the last success
        self._retries = 0  # tries since the last success
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
        # Sessions that can share a thread do so; a single one needs no thread to share.
        self.shared_thread = SharedThread() if self._connections > 1 else None
        self._has_progress = False  # a message was settled since the last failure
        # Deferrals, as limit.signature, that were tried in another session; those of them that a
        # new session repeated, so that they are the recipients' own.
        self._tried_again: set[tuple] = set()
        self._recipients_own: set[tuple] = set()

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
        self._wake_shared()
        self._open_sessions()

    def collect(
        self, least: int, seconds: float = threading.TIMEOUT_MAX
    ) -> list[tuple[Envelope, Outcome]]:
        """Return the messages that are done since the last time, with their outcomes.

        A message that a connection could not send is first tried on another one, when the server
        closed or refused after some success, closed an idle connection, or serves others. All
        others that are NOT_SENT are returned: the whole queue, when a refusal concerns all messages
        or no session can be opened.

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
                    self._wait_for_news(remaining)

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
        self._wake_shared()
        deadline = time.monotonic() + CLOSING_TIME
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = []
        self._closing = False
        self._pause = 0.0

    def _wake_shared(self) -> None:
        if self.shared_thread:
            self.shared_thread.wake()

    # Called in the owner's thread

    def _wait_for_news(self, seconds: float) -> None:
        """Wait until a session has news, or the next session may be tried. With the lock held.

        The pause is counted down, not compared with a clock, which tests may stop.
        """
        if not self._pause or any(not thread.is_over for thread in self._threads):
            self._news.wait(seconds)
            return
        part = min(seconds, self._pause)
        self._news.wait(part)
        self._pause -= part

    def _open_sessions(self) -> None:
        """Open sessions for the queue; settle the queue when there is no session at all."""
        while self._needs_session():
            try:
                smtp = self._connect()
            except FAULTS as error:
                failure = from_exception(error)
            except NoSession as error:
                failure = error.outcome
            else:
                failure = None
                if smtp is None:
                    failure = Outcome(NOT_SENT, "connect", text="Sending is switched off")
            if failure:
                self._capacity.refused(failure)
                if not self._threads and not (limit.is_passing(failure) and self._retry_later()):
                    self.failure = failure
                    self._give_up(failure)
                return
            self.failure = None
            self._capacity.opened()
            thread = SessionThread(self, Session(smtp, *self._timeouts), self._most_messages())
            self._threads.append(thread)
            thread.start()

    def _needs_session(self) -> bool:
        """Whether another session is to be opened: messages wait, and the server bears it."""
        self._threads = [thread for thread in self._threads if not thread.is_over]
        return (
            bool(self._waiting)
            and not self._refusal
            and len(self._threads) < min(self._connections, self._open)
            and (not self._capacity.is_full if self._threads else not self._pause)
        )

    def _most_messages(self) -> int:
        return min(self._limit, self._capacity.messages or self._limit)

    def _retry_later(self) -> bool:
        """Whether the only session, which was refused, is tried again after a pause.

        After some success it is: the server may still count a connection that is closed.
        """
        if not self._has_progress:
            return False
        if self._retries == len(limit.RETRY_PAUSES):
            self._has_progress = False
            self._retries = 0
            self._paused = 0.0
            return False
        self._pause = limit.RETRY_PAUSES[self._retries]
        self._paused += self._pause
        self._retries += 1
        return True

    def _give_up(self, outcome: Outcome) -> None:
        with self._lock:
            self._settle_queue(outcome)

    def _settle_queue(self, outcome: Outcome) -> None:
        """Give all waiting messages this outcome. The caller holds the lock."""
        self._done += [(envelope, outcome) for envelope in self._waiting]
        self._open -= len(self._waiting)
        self._waiting.clear()

    # Called in the session threads

    def _take(self, thread: "SessionThread", wait: bool) -> Envelope | Later | None:
        with self._lock:
            while (self._refusal or not self._waiting) and not self._closing:
                if not wait:
                    return None
                if thread.is_shared:
                    return LATER
                self._work.wait()
            if self._closing or thread.taken >= thread.most:
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

    def _succeed(self) -> None:
        """Take note that a session has settled its first message."""
        self._capacity.granted()
        with self._lock:
            self._has_progress = True
            if self._retries:
                self._capacity.breath = min(self._paused, 1.0)
            self._retries, self._paused = 0, 0.0

    def _leave(self, thread: "SessionThread", stop_reason: Outcome) -> bool:
        """Whether a session ends because of a refusal, as another one may serve the queue.

        A server that bears fewer connections may greet all of them, and refuse later.
        """
        with self._lock:
            others = any(not other.is_leaving for other in self._threads if other is not thread)
            thread.is_leaving = (
                thread.has_succeeded
                or (others and limit.is_passing(stop_reason))
                or self._may_be_granted_soon(thread, stop_reason)
            )
            return thread.is_leaving

    def _hand_back(
        self,
        thread: "SessionThread",
        left: Sequence[tuple[Envelope, Outcome]],
    ) -> None:
        """Put the messages that an ended session has not sent back into the queue, or settle them.

        They are settled after the last session when it had no success, because a new one would fare
        no better, without end.
        """
        with self._lock:
            is_followed = thread.is_leaving or thread.has_succeeded
            thread.is_leaving = True
            others = any(not other.is_leaving for other in self._threads)
            if self._refusal:  # which concerns these messages, too
                self._done += [(envelope, self._refusal) for envelope, _outcome in left]
                self._open -= len(left)
            elif is_followed or others or self._may_be_granted_soon(thread, thread.end_reason):
                self._waiting.extendleft(envelope for envelope, _outcome in reversed(left))
            elif left or thread.end_reason:
                self._done += left
                self._open -= len(left)
                self._settle_queue(thread.end_reason or left[-1][1])
            # This thread may have been the one that was notified of the waiting messages.
            self._work.notify(len(self._waiting))
            self._news.notify()
        self._wake_shared()

    def _may_be_granted_soon(self, thread: "SessionThread", end_reason: Outcome | None) -> bool:
        """Whether a session that ended without success is followed by another one."""
        if end_reason is None or thread.age > SOON:
            return False
        is_passing = end_reason.code is None or limit.is_passing(end_reason)
        return is_passing and self._retry_later()

    def _end(self, thread: "SessionThread") -> None:
        """Take note that the connection of a session is closed."""
        self._capacity.closed()
        if thread.end_reason:
            if thread.has_succeeded:
                self._capacity.session_ended(thread.settled)
            else:
                self._capacity.refused(thread.end_reason)
        with self._lock:
            thread.is_over = True
            self._pause = max(self._pause, self._capacity.breath)
            self._news.notify()


class SessionThread:
    """A session of a pool, its :class:`transaction.MessageSource`; with a thread, if not shared.

    :param most: number of messages after which it ends
    :ivar taken: number of messages that it took
    :ivar settled: number of messages that got a certain outcome in it
    :ivar has_succeeded: one of them did, or the server closed it while it was idle
    :ivar end_reason: why the server has ended it, by a refusal or by closing
    :ivar is_leaving: it takes no message any more
    :ivar is_over: its connection is closed
    :ivar is_shared: it shares its thread with other sessions
    """

    def __init__(self, pool: Pool, session: Session, most: int = 1000):
        self._pool = pool
        self._session = session
        self._taken: list[Envelope] = []  # and not settled: two at most
        self._left: list[tuple[Envelope, Outcome]] = []  # NOT_SENT; another session may send them
        self._held: tuple[Envelope, Outcome] | None = None  # deferred; the next reply says whether
        self._deferred = 0  # messages deferred because of a limit, in a row
        self._accepted = 0
        self._is_used_up = False
        self.most = most
        self.taken = 0
        self.settled = 0
        self.has_succeeded = False
        self.end_reason: Outcome | None = None
        self.is_leaving = False
        self.is_over = False
        self.is_shared = False
        self._opened = time.monotonic()
        self._end = threading.Event()

    @property
    def own_refusals(self) -> set[tuple]:
        """See ``transaction.MessageSource``."""
        return self._pool._recipients_own

    @property
    def age(self) -> float:
        """Seconds since it was opened."""
        return time.monotonic() - self._opened

    def start(self) -> None:
        """Begin to take messages."""
        shared = self._pool.shared_thread
        self.is_shared = bool(shared and self._session.share())
        if self.is_shared:
            shared.add(self._run())
        else:
            thread = threading.Thread(
                target=run_alone, args=[self._run()], name="smtp", daemon=True
            )
            thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the end; after that time cut the connection, so that no reply is waited for."""
        if not self._end.wait(seconds):
            self._session.cut()
            self._end.wait(CLOSING_TIME)

    def take(self, wait: bool) -> Envelope | Later | None:
        """See ``transaction.MessageSource``."""
        if self._is_used_up:
            return None
        self._settle_left()  # the session goes on, so another one would not send them either
        if wait:
            self._settle_held()
        envelope = self._pool._take(self, wait)
        if envelope is LATER:
            return LATER
        if envelope and wait and not self._session.usable:
            was_idle = self.age > MIN_IDLE
            self.has_succeeded |= was_idle
            self._left.append((envelope, IDLE if was_idle else CLOSED))
            return None
        if envelope:
            self._taken.append(envelope)
        return envelope

    def settle(self, envelope: Envelope, outcome: Outcome) -> None:
        """See ``transaction.MessageSource``."""
        self._taken.remove(envelope)
        kind = outcome.kind
        if kind is SENT:
            self._accepted += 1
            self._deferred = 0
        elif kind is NOT_SENT:
            self._left.append((envelope, outcome))
            return
        elif kind is not UNCERTAIN and self._is_of_session(envelope, outcome):
            return
        if self._held:
            self._settle_held()
        if kind is not UNCERTAIN:  # whose final reply did not come
            self._note_success()
        self._pool._settle([(envelope, outcome)])

    def _note_success(self) -> None:
        """Count a message that got a certain outcome."""
        self.settled += 1
        if not self.has_succeeded:
            self.has_succeeded = True
            self._pool._succeed()

    def _is_of_session(self, envelope: Envelope, outcome: Outcome) -> bool:
        """Whether a refusal is, or may be, one of the session and not of the recipient.

        After accepted messages a limit ends the session, and so do two deferrals in a row for no
        reason of the recipients: the messages are tried in another session. What a new session
        repeats is the recipients' own, unless it defers one after the other because of a limit.
        """
        reply = limit.signature(outcome)
        own, tried = self._pool._recipients_own, self._pool._tried_again
        if not self._accepted:
            is_limit = outcome.kind is DEFERRED and limit.ends_session(outcome)
            self._deferred = self._deferred + 1 if is_limit else 0
            if self._deferred > MAX_DEFERRED:
                own.discard(reply)
                stop_reason = outcome._replace(kind=NOT_SENT)
                self._pool._settle([(envelope, stop_reason)])
                self._pool._stop(stop_reason)
                return True
            if reply in tried:
                own.add(reply)
            return False
        if reply in own:
            return False
        if limit.ends_session(outcome):
            self._settle_held()
        elif not limit.is_vague(outcome):
            return False
        elif self._held is None or limit.signature(self._held[1]) != reply:
            self._settle_held()
            self._held = envelope, outcome
            return True
        else:
            self._left.append(self._held)
            self._held = None
        tried.add(reply)
        self._left.append((envelope, outcome))
        self._is_used_up = True
        return True

    def _settle_held(self) -> None:
        """Settle a message that was deferred for no reason of the session."""
        if self._held:
            held, self._held = self._held, None
            self._note_success()
            self._pool._settle([held])

    async def _run(self) -> None:
        try:
            while (stop_reason := await self._session.steps(self)) and self._session.usable:
                if self._pool._leave(self, stop_reason):
                    break
                self._settle_left()
                self._pool._stop(stop_reason)
            self.end_reason = stop_reason
        except Exception as error:  # a bug; the messages that were taken may have arrived
            _logger.exception("A session with a mail server failed.")
            self._pool._settle(
                [(e, Outcome(UNCERTAIN, "mail", text=str(error))) for e in self._taken]
            )
        finally:
            self._settle_held()
            if self._left and not self.end_reason and self._left[-1][1] is not IDLE:
                self.end_reason = self._left[-1][1]
            self._pool._hand_back(self, self._left)
            # The server counts a connection until it is closed; only then there is room.
            await self._session.leave()
            self._pool._end(self)
            self._end.set()

    def _settle_left(self) -> None:
        if self._left:
            self._pool._settle(self._left)
            self._left = []
