"""One thread for several connections, which go on in turn as their servers answer.

A session has one message in flight, and waits for its reply. With a thread of its own it sleeps and
is woken for each message, and so is a server on the same machine. Several sessions in one thread
find the reply of one there when they have sent the message of another: two of them need 58 µs of
processor time a message, two threads 75, one alone 105.

A session is a coroutine that awaits :class:`Wait`, or ``LATER`` when it has no message to send.
"""

import contextlib
import logging
import math
import select
import socket
import threading
import time
from collections.abc import Coroutine, Generator
from typing import Any, NamedTuple

_logger = logging.getLogger(__name__)

READ = getattr(select, "POLLIN", 1)
WRITE = getattr(select, "POLLOUT", 4)


class Wait(NamedTuple):
    """Suspends a session until its socket can be read or written, or ``seconds`` are over.

    To await it gives whether the socket is ready.
    """

    number: int  # the socket's file descriptor
    event: int
    seconds: float

    def __await__(self) -> Generator["Wait", bool, bool]:
        """Suspend the session."""
        return (yield self)


class Later:
    """Suspends a session until :meth:`SharedThread.wake`."""

    def __await__(self) -> Generator["Later", None, None]:
        """Suspend the session."""
        yield self


LATER = Later()


class SharedThread:
    """Runs sessions; the thread begins with the first one and ends with the last."""

    def __init__(self) -> None:
        # Under the lock:
        self._lock = threading.Lock()
        self._new: list[Coroutine] = []
        self._is_woken = False
        self._is_running = False
        self._waker: socket.socket | None = None
        # The thread's own:
        self._receiver: socket.socket | None = None
        self._idle: list[Coroutine] = []
        self._waiting: dict[int, tuple[Coroutine, float]] = {}  # with the end of its time
        self._nearest = math.inf  # no time in _waiting ends before this one
        self._poll: Any = None
        self._registered: dict[Coroutine, tuple[int, int]] = {}  # number and event, in _poll

    def add(self, session: Coroutine) -> None:
        """Run a session."""
        with self._lock:
            self._new.append(session)
            if not self._is_running:
                self._begin()
            self._interrupt()

    def wake(self) -> None:
        """Let the sessions go on that await ``LATER``, or are about to."""
        with self._lock:
            self._is_woken = True
            if self._is_running and self._idle:
                self._interrupt()

    def _begin(self) -> None:
        self._receiver, self._waker = socket.socketpair()
        self._receiver.setblocking(False)
        self._waker.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._receiver.fileno(), READ)
        self._nearest = math.inf
        self._is_running = True
        threading.Thread(target=self._run, name="smtp", daemon=True).start()

    def _interrupt(self) -> None:
        """End a poll that has begun. With the lock held."""
        with contextlib.suppress(BlockingIOError):  # it has many octets to read already
            self._waker.send(b"\0")

    # In the thread

    def _run(self) -> None:
        while self._start_ready():
            pause = None if self._nearest == math.inf else self._nearest - time.monotonic()
            for number, _event in self._poll.poll(pause and max(0, math.ceil(pause * 1000))):
                if number in self._waiting:
                    self._go_on(self._waiting.pop(number)[0], True)
                else:
                    self._receiver.recv(4096)
            if time.monotonic() >= self._nearest:
                self._end_waits()

    def _start_ready(self) -> bool:
        """Let new and woken sessions go on; return whether any session is left."""
        while True:
            with self._lock:
                ready, self._new = self._new, []
                if self._is_woken and self._idle:
                    ready += self._idle
                    self._idle, self._is_woken = [], False
                if not ready:
                    if not self._idle and not self._waiting:
                        self._end()
                    return self._is_running
            for session in ready:
                self._go_on(session, None)

    def _end(self) -> None:
        self._is_running = False
        self._receiver.close()
        self._waker.close()

    def _end_waits(self) -> None:
        now = time.monotonic()
        over = [number for number, (_session, until) in self._waiting.items() if until <= now]
        for session in [self._waiting.pop(number)[0] for number in over]:
            self._go_on(session, False)
        self._nearest = min((until for _session, until in self._waiting.values()), default=math.inf)

    def _go_on(self, session: Coroutine, value: bool | None) -> None:
        """Run a session until it waits again, or ends."""
        try:
            wait = session.send(value)
        except StopIteration:
            self._unregister(session)
            return
        except Exception:  # a bug, which must not stop the other sessions
            _logger.exception("A session with a mail server failed.")
            self._unregister(session)
            return
        if wait is LATER:
            self._unregister(session)  # what comes now is looked at before the next message
            self._idle.append(session)
            return
        number, event, seconds = wait
        if self._registered.get(session) != (number, event):
            self._poll.register(number, event)
            self._registered[session] = number, event
        until = time.monotonic() + seconds
        self._waiting[number] = session, until
        self._nearest = min(self._nearest, until)

    def _unregister(self, session: Coroutine) -> None:
        number, _event = self._registered.pop(session, (None, None))
        if number is not None:
            self._poll.unregister(number)
