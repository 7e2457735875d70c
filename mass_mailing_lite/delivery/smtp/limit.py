"""Limits of a mail server: which replies tell of one, and what the server was found to bear.

A server may limit the connections at once, the messages or recipients of a session, and what a
client sends in a minute. RFC 5321 has no reply of its own for any of them: servers say 421, 450,
451, 452, 454 or 554 in words of their own, or close without a word. So the words decide, and where
there are none, whether another session fares better.
"""

import re
import threading
import time

from ..outcome import DEFERRED, Outcome

# Seconds until a server that refused one of several connections is asked for another one; many
# servers count refused attempts too. Doubled each time that the server refuses it again.
RECONNECT_PAUSE = 60.0
LONGEST_PAUSE = 3600.0

# Seconds until a server is asked again that has reached a limit; most servers count by the minute.
LIMIT_PAUSE = 60.0

# Seconds for which the number of messages of a session is remembered, at which sessions ended.
SESSION_MEMORY = 600.0

# Seconds to wait before each further try, when a server that has taken messages refuses the only
# connection: it may still count the one that has just been closed. 3 s in all.
RETRY_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5)

_LIMIT = re.compile(
    r"too (?:many|much|fast|frequent|quick)|limit|exceed|maxim|throttl|quota|concurren|enough"
    r"|\brate\b|\bmax\b|already connected|connections? (?:in use|from your)",
    re.IGNORECASE,
)
_SESSION = re.compile(r"\b(?:session|connection)", re.IGNORECASE)
_GREYLIST = re.compile(r"gr[ae]y[- ]?list", re.IGNORECASE)

# Enhanced codes without their class: congestion, too many recipients (RFC 3463, sections 3.5 and
# 3.6), mail flood (IANA's registry of RFC 5248).
_CODES = frozenset({"4.5", "5.3", "7.28"})


def is_limit(outcome: Outcome) -> bool:
    """Whether a refusal that concerns all messages is a limit of the server, which is no fault."""
    if outcome.stage in ("login", "tls", "making", "provider"):
        return False
    return outcome.enhanced[2:] in _CODES or bool(_LIMIT.search(outcome.text))


def names_session(outcome: Outcome) -> bool:
    """Whether a refusal of one message says that the session has reached a limit."""
    if outcome.enhanced[2:] == "5.3":
        return True
    return bool(_LIMIT.search(outcome.text) and _SESSION.search(outcome.text))


def ends_session(outcome: Outcome) -> bool:
    """Whether a refusal of one message, after others were accepted, is the end of the session.

    Recipients have limits as well: a reply with a reason of theirs must speak of the session.
    """
    if names_session(outcome):
        return True
    return is_vague(outcome) and bool(_LIMIT.search(outcome.text))


def is_vague(outcome: Outcome) -> bool:
    """Whether a deferral of one message gives no reason that is the recipient's own.

    Such reasons are the address (X.1.Y), its mailbox (X.2.Y; RFC 3463) and greylisting.
    """
    return (
        outcome.kind is DEFERRED
        and outcome.enhanced[2:4] not in ("1.", "2.")
        and not _GREYLIST.search(outcome.text)
    )


def is_passing(outcome: Outcome) -> bool:
    """Whether a connection that was refused, or closed without a success, may soon be granted."""
    if outcome.stage in ("login", "tls"):
        return False
    if outcome.code is None:
        return outcome.stage != "connect"  # closed without a word
    return outcome.code < 500 or is_limit(outcome)


def signature(outcome: Outcome) -> tuple:
    """Return what two refusals of different recipients for one reason have in common."""
    words = outcome.text.split()
    same = [word for word in words if "@" not in word and not any(map(str.isdigit, word))]
    return outcome.stage, outcome.code, outcome.enhanced, " ".join(same)


class Capacity:
    """What one server was found to bear; may be shared by pools in several threads.

    :ivar connections: the most connections at once; ``None`` while none was refused
    :ivar in_use: connections that are open
    :ivar breath: seconds after the end of the only session until the server grants another one
    """

    def __init__(self) -> None:
        self.connections: int | None = None
        self.in_use = 0
        self.breath = 0.0
        self._lock = threading.Lock()
        self._pause = RECONNECT_PAUSE
        self._closed_until = 0.0  # the server has reached a limit, until then
        self._again_at = 0.0  # one more may be tried then, in monotonic seconds
        self._messages: int | None = None  # of a session
        self._forget_at = 0.0  # then _messages ends
        self._lengths: list[int] = []  # messages of the last sessions that the server has ended

    @property
    def is_full(self) -> bool:
        """Whether the server has refused a further connection lately."""
        with self._lock:
            return (
                self.connections is not None
                and self.in_use >= self.connections
                and 0 < self._again_at - time.monotonic() <= LONGEST_PAUSE
            )

    @property
    def seconds_closed(self) -> float:
        """Seconds for which no connection is to be opened; see ``close_for``."""
        left = self._closed_until - time.monotonic()
        return left if 0 < left <= LIMIT_PAUSE else 0.0

    def close_for(self, seconds: float) -> None:
        """Let all wait, because the server takes nothing more for the moment."""
        self._closed_until = time.monotonic() + seconds

    @property
    def messages(self) -> int | None:
        """The most messages of a session; ``None`` while it is not known."""
        is_known = 0 < self._forget_at - time.monotonic() <= SESSION_MEMORY
        return self._messages if is_known else None

    def opened(self) -> None:
        """Count a connection; the next one beyond what is known must wait its time."""
        with self._lock:
            self.in_use += 1
            self._closed_until = 0.0
            if self.connections is not None and self.in_use > self.connections:
                self._again_at = time.monotonic() + self._pause

    def closed(self) -> None:
        """Count a connection no more."""
        with self._lock:
            self.in_use = max(0, self.in_use - 1)

    def granted(self) -> None:
        """Learn that the server serves as many connections as are open."""
        with self._lock:
            if self.connections is not None and self.in_use > self.connections:
                self.connections = self.in_use
                self._pause = RECONNECT_PAUSE
                self._again_at = time.monotonic() + self._pause

    def refused(self, reason: Outcome) -> None:
        """Learn that the server does not serve one more than the connections that are open.

        A server that refuses the only one has another reason, unless it speaks of a limit.
        """
        with self._lock:
            if not self.in_use and not is_limit(reason):
                return
            most = max(1, self.in_use)
            is_known = self.connections is not None and most >= self.connections
            self._pause = min(2 * self._pause, LONGEST_PAUSE) if is_known else RECONNECT_PAUSE
            self._again_at = time.monotonic() + self._pause
            self.connections = most

    def session_ended(self, count: int) -> None:
        """Learn that the server has ended a session after ``count`` messages.

        Three sessions of one length are a rule; then a session ends itself, in good order.
        """
        with self._lock:
            self._lengths = [*self._lengths[-2:], count]
            if self._lengths == [count] * 3:
                self._messages = count
                self._forget_at = time.monotonic() + SESSION_MEMORY
