"""Sends octets to a socket and reads SMTP replies from it.

Reply syntax RFC 5321, section 4.2. A reply may come in any number of packets, and a packet may hold
several replies. The socket is what ``smtplib`` objects have in ``sock``: a plain one, a
:class:`tls_stream.TlsStream`, whose plain socket is then used as without TLS, an ``ssl.SSLSocket``, or
urllib3's wrapper of pyOpenSSL.

Whatever waits for the server is a coroutine. It suspends only where several connections share a
thread (see :mod:`shared_thread`); else it waits in its system call, and :func:`run_alone` runs it.

On a plain socket the kernel keeps the time limits: one system call for a write and one for a read,
where Python's own limits take three for each. To await a reply awake for 150 µs was tried: one
connection alone sends up to 45 % more messages, a whole job 5 % more for 7 % more processor time.
"""

import contextlib
import math
import re
import select
import socket
import ssl
import struct
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, NamedTuple

from .shared_thread import READ, WRITE, Wait
from .tls_stream import RECORD, TlsStream

JOIN_LIMIT = 65536  # octets that are copied to be sent at once; to copy 2.7 MB takes 2 ms
SERVER_CLOSED = "The server closed the connection"
LINE_LIMIT = 4096  # octets of a reply line; RFC 5321 section 4.5.3.1.5 asks for 512
REPLY_LIMIT = 65536  # octets of a whole reply

_USUAL_REPLY = re.compile(rb"([2-5]\d\d) ([!-~](?:[ -~]{0,510}[!-~])?)\r\n")
_REPLY_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class Reply(NamedTuple):
    """A server's reply: its code, and its lines without code joined with a line feed."""

    code: int
    text: str


class SmtpConnectionError(Exception):
    """The connection cannot be used any more.

    :ivar reply: the last reply, when the server said why it closes (421)
    :ivar sent: octets of a failed write that may have reached the server
    """

    def __init__(self, text: str, reply: Reply | None = None, sent: int = 0):
        super().__init__(text)
        self.reply = reply
        self.sent = sent


def run_alone(steps: Coroutine) -> Any:
    """Run a coroutine of a connection that shares its thread with no other; return its result."""
    try:
        steps.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("The connection shares its thread with others")


class Connection:
    """A connected socket, with replies.

    :param timeout: seconds for a write to make progress, and for a whole reply to come
    """

    def __init__(self, sock: Any, timeout: float):
        self._tls = sock if isinstance(sock, TlsStream) else None
        self._sock = self._tls.socket if self._tls else sock
        self._timeout = timeout
        self._buffer = bytearray()
        encrypts_itself = hasattr(self._sock, "getpeercert")
        self._is_plain = not self._tls and not encrypts_itself
        self._kernel_limits: dict[int, float] = {}  # in seconds, by option
        self._has_kernel_limits = not encrypts_itself and self._use_kernel_limits()
        self._is_shared = False
        self._written = 0  # octets of the last write that the socket took

    def share(self) -> bool:
        """Let the connection share its thread with others; return whether it can."""
        if self._has_kernel_limits and hasattr(select, "poll"):
            self._sock.setblocking(False)
            self._is_shared = True
        return self._is_shared

    def _use_kernel_limits(self) -> bool:
        """Let the kernel keep the time limits; return whether it can."""
        if not isinstance(self._sock, socket.socket) or sys.platform == "win32":
            return False
        with contextlib.suppress(OSError, struct.error):
            self._limit(socket.SO_SNDTIMEO, self._timeout)
            self._limit(socket.SO_RCVTIMEO, self._timeout)
            self._sock.settimeout(None)
            return True
        return False

    def _limit(self, option: int, seconds: float) -> None:
        """Set a time limit of the kernel, if it is not set already."""
        if self._kernel_limits.get(option) != seconds:
            # 0 would mean no limit.
            micros = max(1, math.ceil(seconds * 1_000_000))
            value = struct.pack("@ll", *divmod(micros, 1_000_000))
            self._sock.setsockopt(socket.SOL_SOCKET, option, value)
            self._kernel_limits[option] = seconds

    def send(self, *pieces: bytes) -> None:
        """Do what :meth:`write` does, for a connection that shares its thread with no other."""
        run_alone(self.write(*pieces))

    async def write(self, *pieces: bytes) -> None:
        """Send the octets with as few writes as the socket allows; large pieces without a copy.

        :raises SmtpConnectionError: its ``sent`` is not less than the octets that the server gets
        """
        if len(pieces) > 1 and sum(map(len, pieces)) <= JOIN_LIMIT:
            pieces = (b"".join(pieces),)
        sent = self._written = 0
        try:
            if not self._has_kernel_limits:
                self._sock.settimeout(self._timeout)
            if self._is_plain:
                await self._transmit(pieces)
                return
            # A record is sent whole or not at all, so after a failed write it is known how much was
            # sent.
            for record in _records(pieces):
                if self._tls:
                    await self._transmit([await self._encrypt(record)])
                else:
                    self._sock.sendall(record)
                sent += len(record)
        # pyOpenSSL raises its own exceptions; this package does not import it.
        except Exception as error:
            sent = self._written if self._is_plain else sent
            raise SmtpConnectionError(describe(error), sent=sent) from error

    async def _encrypt(self, record: bytes | memoryview) -> bytes:
        """Return a TLS record; before it end a handshake that the server has begun."""
        while True:
            try:
                return self._tls.encrypt(record)
            except ssl.SSLWantReadError:
                await self._transmit([self._tls.get_answer()])
                self._buffer += await self._decrypt(self._timeout)

    async def _transmit(self, pieces: Sequence[bytes]) -> None:
        """Send the octets as they are; ``_written`` says how many, also after an error."""
        write = getattr(self._sock, "sendmsg", None)  # not on Windows
        views = [memoryview(piece) for piece in pieces if piece]
        while views:
            is_one = len(views) == 1 or not write
            try:
                count = self._sock.send(views[0]) if is_one else write(views)
            except BlockingIOError:
                if self._is_shared and await Wait(self._sock.fileno(), WRITE, self._timeout):
                    continue
                raise
            self._written += count
            while views and count >= len(views[0]):
                count -= len(views.pop(0))
            if count:
                views[0] = views[0][count:]

    def read_reply(self, timeout: float | None = None) -> Reply:
        """Do what :meth:`reply` does, for a connection that shares its thread with no other."""
        return run_alone(self.reply(timeout))

    async def reply(self, timeout: float | None = None) -> Reply:
        """Return the next reply, which may have several lines.

        :param timeout: seconds for the whole reply
        :raises SmtpConnectionError: when the connection fails, the time is over, or the octets are
            not a reply
        """
        seconds = self._timeout if timeout is None else timeout
        deadline = time.monotonic() + seconds
        if not self._buffer:
            self._buffer += await self._receive(seconds)
        if usual := _USUAL_REPLY.match(self._buffer):  # one line, received whole
            code, text = usual.groups()
            del self._buffer[: usual.end()]
            return Reply(int(code), text.decode())
        lines, code, total = [], b"", 0
        while True:
            line = await self._read_line(deadline)
            match = _REPLY_LINE.fullmatch(line)
            if not match or (code and match[1] != code):
                raise SmtpConnectionError(
                    f"The server's answer is not an SMTP reply: {line[:80]!r}"
                )
            code = match[1]
            lines.append((match[3] or b"").decode("utf-8", "replace").strip())
            total += len(line)
            if match[2] != b"-":
                return Reply(int(code), "\n".join(lines))
            if total > REPLY_LIMIT:
                raise SmtpConnectionError("The server's reply is too long")

    def skip(self, pattern: re.Pattern[bytes]) -> bool:
        """Discard what was received and not yet read, if the pattern matches all of it."""
        if not pattern.fullmatch(self._buffer):
            return False
        self._buffer.clear()
        return True

    @property
    def has_unread(self) -> bool:
        """Whether more was received than replies were read."""
        return bool(self._buffer)

    def is_quiet(self) -> bool:
        """Whether the server has sent nothing; while idle it only sends something to close."""
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

    async def _read_line(self, deadline: float) -> bytes:
        end = self._buffer.find(b"\n")
        while end < 0:
            if len(self._buffer) > LINE_LIMIT:
                raise SmtpConnectionError("A line of the server's reply is too long")
            searched = len(self._buffer)
            self._buffer += await self._receive(deadline - time.monotonic())
            end = self._buffer.find(b"\n", searched)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    async def _receive(self, seconds: float) -> bytes:
        """Return what comes within ``seconds``."""
        if not self._tls:
            return await self._receive_octets(seconds)
        deadline = time.monotonic() + seconds
        octets = await self._decrypt(seconds)
        while not octets:
            octets = await self._decrypt(deadline - time.monotonic())
        return octets

    async def _decrypt(self, seconds: float) -> bytes:
        """Return what was in the TLS records that come next, nothing if they are not whole."""
        if self._tls.has_ended:
            raise SmtpConnectionError(SERVER_CLOSED)
        received = await self._receive_octets(seconds)
        octets = b""
        try:
            octets = self._tls.decrypt(received)
            if answer := self._tls.get_answer():
                await self._transmit([answer])
        except Exception as error:
            if not octets:  # else they come first: they may be the reply to a message
                raise SmtpConnectionError(describe(error)) from error
        return octets

    async def _receive_octets(self, seconds: float) -> bytes:
        """Return what comes to the socket within ``seconds``."""
        if seconds <= 0:
            raise SmtpConnectionError("The server did not answer in time")
        try:
            if self._is_shared:
                if not await Wait(self._sock.fileno(), READ, seconds):
                    raise TimeoutError
            elif self._has_kernel_limits:
                self._limit(socket.SO_RCVTIMEO, seconds)
            else:
                self._sock.settimeout(seconds)
            octets = self._sock.recv(RECORD)
        except (TimeoutError, BlockingIOError) as error:  # the second is the kernel's limit
            raise SmtpConnectionError("The server did not answer in time") from error
        except Exception as error:  # as in send
            raise SmtpConnectionError(describe(error)) from error
        if not octets:
            raise SmtpConnectionError(SERVER_CLOSED)
        return octets


def _records(pieces: Sequence[bytes]) -> Iterator[bytes | memoryview]:
    """Yield the octets of TLS records, all of them full but the last."""
    parts: list[memoryview] = []
    room = RECORD
    for piece in pieces:
        view = memoryview(piece)
        while len(view) >= room:
            parts.append(view[:room])
            yield b"".join(parts) if len(parts) > 1 else parts[0]
            view, parts, room = view[room:], [], RECORD
        if view:
            parts.append(view)
            room -= len(view)
    if parts:
        yield b"".join(parts) if len(parts) > 1 else parts[0]


def describe(error: BaseException) -> str:
    """Return a sentence that says what an exception of the network means."""
    if isinstance(error, TimeoutError | BlockingIOError):  # the second is the kernel's limit
        return "The connection timed out"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"The connection failed: {words}"
