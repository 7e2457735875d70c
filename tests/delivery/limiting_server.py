"""A small SMTP server that limits connections and sessions, each in one of the ways of real ones.

How it says that a limit is reached: ``(verb, reply, what it does then)``. At ``END`` it speaks
right after the final reply of the last message.
"""

import threading
from collections import Counter

from scripted_server import PIPELINING, Say, ScriptedServer

GREETING = (
    ("CONNECT", b"421 4.7.0 mx.example.com Error: too many connections from 192.0.2.1\r\n", "close"),
    ("CONNECT", b"421 Too many concurrent SMTP connections; please try again later.\r\n", "hang"),
    ("CONNECT", b"554 5.7.1 Too many connections from your host\r\n", "close"),
    ("CONNECT", b"450 4.3.2 Connection limit reached\r\n", "close"),
    ("CONNECT", b"", "close"),
    ("CONNECT", b"", "reset"),
    ("EHLO", b"421 4.3.2 Too many open connections\r\n", "close"),
    ("MAIL", b"421 4.7.0 Too many connections\r\n", "close"),
    ("MAIL", b"421 4.7.0 Too many connections\r\n", ""),
    ("MAIL", b"450 4.7.0 Maximum number of concurrent connections exceeded\r\n", ""),
    ("MAIL", b"", "close"),
)  # fmt: skip

SESSION = (
    ("MAIL", b"421 4.7.0 Too many messages in this session\r\n", "close"),
    ("MAIL", b"421 mx.example.com closing transmission channel\r\n", "close"),
    ("MAIL", b"421 4.7.0 Enough for one session\r\n", ""),
    ("MAIL", b"452 4.5.3 Too many messages sent\r\n", ""),
    ("MAIL", b"452 Too many\r\n", ""),
    ("MAIL", b"450 4.7.1 Too many messages in this session\r\n", ""),
    ("MAIL", b"451 Requested action aborted\r\n", ""),
    ("MAIL", b"550 5.7.0 Maximum of messages per session reached\r\n", ""),
    ("MAIL", b"", "close"),
    ("MAIL", b"", "reset"),
    ("RCPT", b"421 4.7.0 Too many recipients\r\n", "close"),
    ("RCPT", b"452 4.5.3 Too many recipients\r\n", ""),
    ("RCPT", b"452 Too many recipients received in this session\r\n", ""),
    ("RCPT", b"450 4.7.0 Session limit of recipients exceeded\r\n", ""),
    ("RCPT", b"554 5.7.1 Too many recipients per session\r\n", ""),
    ("DATA", b"421 4.7.0 Too many messages\r\n", "close"),
    ("DATA", b"451 4.7.0 Session limit exceeded\r\n", ""),
    ("CONTENT", b"421 4.7.0 Too many messages\r\n", "close"),
    ("CONTENT", b"452 4.3.1 Insufficient system storage\r\n", ""),
    ("CONTENT", b"451 4.7.0 Too many messages for this session\r\n", ""),
    ("END", b"", "close"),
    ("END", b"421 4.7.0 Session limit reached\r\n", "close"),
)


class LimitingServer(ScriptedServer):
    """Serves ``connections`` at once, and ``messages`` in each session.

    :param connections: number, or a function of the number of accepted messages
    :param refuse: how it refuses one more connection, as in ``GREETING``
    :param messages: a session's number of messages; ``counted`` says what else it counts
    :param end: how it ends a session, as in ``SESSION``
    :param counted: the verb that is counted: each MAIL, each RCPT, each RSET
    :param window: most sessions that it begins until ``new_window`` is called
    :param further: another answer, for what is within the limits
    :ivar attempts: connections that came
    :ivar most_open: connections that were open at once and served
    """

    def __init__(
        self,
        connections=8,
        messages=1000,
        refuse=GREETING[0],
        end=SESSION[0],
        counted="MAIL",
        window=10**9,
        further=None,
        pipelining=True,
    ):
        self._most = connections if callable(connections) else lambda _accepted: connections
        self._messages, self._refuse, self._end, self._counted = messages, refuse, end, counted
        self._window, self._begun = window, 0
        self._further = further or (lambda verb, line, count: None)
        self._guard = threading.Lock()
        self._session = threading.local()  # a connection has a thread of its own
        self._served = 0
        self.attempts = self.most_open = 0
        super().__init__(self._limit, PIPELINING if pipelining else PIPELINING[1:])

    def new_window(self):
        """Let the time pass in which it counts sessions."""
        self._begun = 0

    def _serve(self, sock):
        session = self._session
        session.counts, session.is_over, session.is_served = Counter(), False, False
        with self._guard:
            self.attempts += 1
            if self._served < self._most(len(self.ledger)) and self._begun < self._window:
                session.is_served = True
                self._served += 1
                self._begun += 1
                self.most_open = max(self.most_open, self._served)
        try:
            super()._serve(sock)
        finally:
            with self._guard:
                self._served -= session.is_served

    def _limit(self, verb, line, count):
        session = self._session
        session.counts[verb] += 1
        if not session.is_served:
            where, reply, then = self._refuse
            if verb == where:
                return Say(reply, then)
            if verb in ("RCPT", "DATA") and where == "MAIL":
                return b"503 5.5.1 MAIL first\r\n"
            return None
        where, reply, then = self._end
        counted = session.counts[self._counted]
        if where == "END":
            if verb == "CONTENT" and counted >= self._messages:
                return Say(b"250 2.0.0 Ok: queued\r\n" + reply, then)
        elif counted > self._messages:
            if verb == where:
                return Say(reply, then)
            if where == "MAIL" and verb in ("RCPT", "DATA") or where == "RCPT" and verb == "DATA":
                return b"503 5.5.1 Bad sequence of commands\r\n"
        return self._further(verb, line, count)
