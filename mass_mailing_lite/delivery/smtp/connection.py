"""Octets out, replies in: what a session does with its socket.

Reply syntax RFC 5321, section 4.2; a reply may come in any number of packets, several replies in
one. Works on plain sockets, ``ssl.SSLSocket`` and urllib3's pyOpenSSL wrapper, which
``smtplib`` objects hold in ``sock``.
"""

import re
import select
import time
from typing import Any, NamedTuple

# One TLS record: it reaches the peer whole or not at all, so a failed write tells how much went.
TLS_RECORD = 16384
JOIN_LIMIT = 65536  # octets; to copy 2.7 MB takes 2 ms
LINE_LIMIT = 4096  # octets of a reply line; RFC 5321 section 4.5.3.1.5 asks for 512
REPLY_LIMIT = 65536  # octets of a whole reply

_USUAL_REPLY = re.compile(rb"([2-5]\d\d) ([!-~](?:[ -~]{0,510}[!-~])?)\r\n")
_REPLY_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class Reply(NamedTuple):
    """A server's reply: its code, and its lines without code joined with a line feed."""

    code: int
    text: str


class SmtpConnectionError(Exception):
    """The connection is of no more use.

    :ivar reply: the server's last words, if it said why (421)
    :ivar sent: octets of a failed write that were handed over
    """

    def __init__(self, text: str, reply: Reply | None = None, sent: int = 0):
        super().__init__(text)
        self.reply = reply
        self.sent = sent


class Connection:
    """A connected socket.

    :param timeout: seconds that a write may make no progress, and that a reply may take in all
    """

    def __init__(self, sock: Any, timeout: float):
        self._sock = sock
        self._timeout = timeout
        self._buffer = bytearray()
        self._is_tls = hasattr(sock, "getpeercert")

    def send(self, *pieces: bytes) -> None:
        """Hand the octets to the kernel; small pieces in one packet, large ones uncopied.

        :raises SmtpConnectionError: with ``sent``, at least the number of octets that the server may get
        """
        if len(pieces) > 1 and sum(map(len, pieces)) <= JOIN_LIMIT:
            pieces = (b"".join(pieces),)
        sent = 0
        for piece in pieces:
            try:
                self._send(memoryview(piece))
            except SmtpConnectionError as error:
                error.sent += sent
                raise
            sent += len(piece)

    def _send(self, view: memoryview) -> None:
        sent = 0
        try:
            self._sock.settimeout(self._timeout)
            while sent < len(view):
                if not self._is_tls:
                    sent += self._sock.send(view[sent:])
                    continue
                chunk = view[sent : sent + TLS_RECORD]
                self._sock.sendall(chunk)
                sent += len(chunk)
        # pyOpenSSL has exceptions of its own, which this package does not import.
        except Exception as error:
            raise SmtpConnectionError(describe(error), sent=sent) from error

    def read_reply(self, timeout: float | None = None) -> Reply:
        """Return the next reply, from all its lines.

        :param timeout: seconds for the whole reply, however slowly it drips
        :raises SmtpConnectionError: when the line breaks, time is over, or what came is no reply
        """
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        if not self._buffer:
            self._buffer += self._receive(deadline)
        if usual := _USUAL_REPLY.match(self._buffer):  # one line that came whole
            code, text = usual.groups()
            del self._buffer[: usual.end()]
            return Reply(int(code), text.decode())
        lines, code, total = [], b"", 0
        while True:
            line = self._read_line(deadline)
            match = _REPLY_LINE.fullmatch(line)
            if not match or (code and match[1] != code):
                raise SmtpConnectionError(f"The server answered with no SMTP reply: {line[:80]!r}")
            code = match[1]
            lines.append((match[3] or b"").decode("utf-8", "replace").strip())
            total += len(line)
            if match[2] != b"-":
                return Reply(int(code), "\n".join(lines))
            if total > REPLY_LIMIT:
                raise SmtpConnectionError("The server's reply never ends")

    def skip(self, pattern: re.Pattern[bytes]) -> bool:
        """Pass over what was received and not yet read, if the pattern matches all of it."""
        if not pattern.fullmatch(self._buffer):
            return False
        self._buffer.clear()
        return True

    @property
    def has_unread(self) -> bool:
        """Whether octets came that no read asked for: the two sides are out of step."""
        return bool(self._buffer)

    def is_quiet(self) -> bool:
        """Whether nothing waits to be read: an idle server that speaks says goodbye."""
        if self._buffer:
            return False
        try:
            if hasattr(select, "poll"):
                poll = select.poll()
                poll.register(self._sock.fileno(), select.POLLIN)
                return not poll.poll(0)
            return not select.select([self._sock], [], [], 0)[0]
        except (OSError, ValueError):
            return False

    def _read_line(self, deadline: float) -> bytes:
        end = self._buffer.find(b"\n")
        while end < 0:
            if len(self._buffer) > LINE_LIMIT:
                raise SmtpConnectionError("The server's reply line never ends")
            searched = len(self._buffer)
            self._buffer += self._receive(deadline)
            end = self._buffer.find(b"\n", searched)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def _receive(self, deadline: float) -> bytes:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise SmtpConnectionError("The server did not answer in time")
        try:
            self._sock.settimeout(remaining)
            octets = self._sock.recv(TLS_RECORD)
        except TimeoutError as error:
            raise SmtpConnectionError("The server did not answer in time") from error
        except Exception as error:  # as in send
            raise SmtpConnectionError(describe(error)) from error
        if not octets:
            raise SmtpConnectionError("The server closed the connection")
        return octets


def describe(error: BaseException) -> str:
    """Say in words what an exception of the network means."""
    if isinstance(error, TimeoutError):
        return "The connection timed out"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"The connection failed: {words}"
