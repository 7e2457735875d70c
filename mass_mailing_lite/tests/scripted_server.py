"""A small SMTP server that fails as the test says, and one that has limits, as real ones have them.

Both keep a list of what they accepted. Used by tests with and without Odoo.
"""

import contextlib
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass

PIPELINING = ("PIPELINING", "SIZE 10240000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
DEFAULT = {
    "CONNECT": b"220 mx.example.com ESMTP\r\n",
    "HELO": b"250 mx.example.com\r\n",
    "MAIL": b"250 2.1.0 Ok\r\n",
    "RCPT": b"250 2.1.5 Ok\r\n",
    "DATA": b"354 Go ahead\r\n",
    "CONTENT": b"250 2.0.0 Ok: queued\r\n",
    "RSET": b"250 2.0.0 Ok\r\n",
    "QUIT": b"221 2.0.0 Bye\r\n",
}


@dataclass
class Say:
    """An answer that is more than octets.

    ``drip``: seconds between single octets;
    ``hold``: waited for before the last octet of a drip;
    ``then``: ``"close"``, ``"reset"`` or ``"hang"`` afterwards
    """

    octets: bytes = b""
    then: str = ""
    delay: float = 0.0
    drip: float | None = None
    hold: threading.Event | None = None


CLOSE = Say(then="close")
RESET = Say(then="reset")
SILENCE = Say(then="hang")


def answer_all_at_once(connections, verb="MAIL"):
    """Return an answer for ``ScriptedServer``: no message goes on until all connections are open.

    At ``MAIL`` a session has two messages in hand, at ``CONTENT`` three.
    """
    all_open = threading.Event()

    def answer(said, line, count):
        if said == "CONNECT" and count >= connections - 1:
            all_open.set()
        if said == verb:
            all_open.wait(60)

    return answer


class ScriptedServer:
    """Listens on loopback.

    :param answer: called with (verb, line, how many of this verb came before on this server);
        returns octets, a :class:`Say`, or ``None`` for the usual answer. Verbs are SMTP's, and
        ``CONNECT``, ``CONTENT`` (end of data), ``PART`` (the first octets of content came); with
        ``PART`` the line has the addresses of the recipients
    :param tls: ``ssl.SSLContext`` of a server that speaks TLS from the first octet, else in the clear
    :ivar commands: all lines that came, in order
    :ivar groups: the lines of each packet that came, content left out
    :ivar ledger: (sender, recipients, content as it came over the connection) of accepted messages
    """

    def __init__(self, answer=None, extensions=PIPELINING, tls=None):
        self._answer = answer or (lambda verb, line, count: None)
        self._extensions = extensions
        self.tls = tls
        self._lock = threading.Lock()
        self._counts = {}
        self.commands, self.groups, self.ledger, self.connections = [], [], [], 0
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _address = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(sock)
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        self._converse(sock)

    def _converse(self, sock):
        with contextlib.suppress(OSError, EOFError):
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            _Conversation(self, sock).run()
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()

    def answer(self, verb, line=""):
        with self._lock:
            count = self._counts.get(verb, 0)
            self._counts[verb] = count + 1
        said = self._answer(verb, line, count)
        if said is None and verb == "EHLO":
            names = ["mx.example.com", *self._extensions]
            last = len(names) - 1
            said = "".join(
                f"250{' ' if i == last else '-'}{name}\r\n" for i, name in enumerate(names)
            ).encode()
        if said is None and line == "0 recipients":
            return b"554 5.5.1 No valid recipients\r\n"
        return said if said is not None else DEFAULT.get(verb, b"502 5.5.1 What?\r\n")


class _Conversation:
    def __init__(self, server, sock):
        self.server, self.sock, self.buffer = server, sock, b""
        self.sender, self.recipients = None, []

    def run(self):
        self._say(self.server.answer("CONNECT"))
        while True:
            line = self._line()
            verb = line.partition(" ")[0].upper()
            self.server.commands.append(line)
            said = self.server.answer(verb, line)
            self._say(said)
            positive = _octets(said).startswith((b"2", b"3"))
            if verb == "QUIT":
                return
            if verb in ("MAIL", "RSET"):
                self.sender, self.recipients = line[11:].partition(">")[0], []
            if verb == "RCPT" and positive:
                self.recipients.append(line[9:].partition(">")[0])
            if verb == "DATA" and _octets(said).startswith(b"354"):
                self._content()

    def _content(self):
        part = self.server.answer("PART", " ".join(self.recipients))
        if isinstance(part, Say):
            self._fill()
            self._say(part)
        while not self.buffer.startswith(b".\r\n") and b"\r\n.\r\n" not in self.buffer:
            self._fill()
        if self.buffer.startswith(b".\r\n"):
            content, self.buffer = b"", self.buffer[3:]
        else:
            content, _dot, self.buffer = self.buffer.partition(b"\r\n.\r\n")
            content += b"\r\n"
        self._note_group()
        said = self.server.answer("CONTENT", f"{len(self.recipients)} recipients")
        # As a real server does: accepted first, then said.
        if _octets(said).startswith(b"2"):
            self.server.ledger.append((self.sender, tuple(self.recipients), content))
        self._say(said)

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._fill()
            self._note_group()
        line, _break, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("utf-8")

    def _fill(self):
        octets = self.sock.recv(65536)
        if not octets:
            raise EOFError
        self.buffer += octets

    def _note_group(self):
        lines = [line.split(b" ")[0].decode("latin-1") for line in self.buffer.splitlines()]
        if lines:
            self.server.groups.append(lines)

    def _say(self, said):
        said = said if isinstance(said, Say) else Say(said)
        time.sleep(said.delay)
        if said.drip is None:
            self.sock.sendall(said.octets)
        else:
            for octet in said.octets[:-1]:
                self.sock.sendall(bytes([octet]))
                time.sleep(said.drip)
            if said.hold:
                said.hold.wait(60)
            self.sock.sendall(said.octets[-1:])
        while said.then == "hang":
            self._fill()
        if said.then == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()
        if said.then:
            raise EOFError


def _octets(said):
    return said.octets if isinstance(said, Say) else said


# How a limit is told: the verb that is answered so, the reply, and what the server does then. At
# END it speaks right after the final reply of the last message.

# Of one connection more than it serves.
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

# Of one message more than it takes in a session.
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
            self._converse(sock)
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
            if verb in {"MAIL": ("RCPT", "DATA"), "RCPT": ("DATA",)}.get(where, ()):
                return b"503 5.5.1 Bad sequence of commands\r\n"
        return self._further(verb, line, count)
