"""TLS between a program and a connected socket: octets are encrypted and decrypted in memory.

``ssl.SSLSocket`` uses its socket by itself. It looks for a record before it waits for one, and reads a
record in two parts, so a reply takes four system calls in place of one. Nor can several such sockets
share a thread, because what has come may be half a record. Here OpenSSL only sees octets in memory, by
``ssl.MemoryBIO``, and :class:`connection.Connection` reads and writes the socket as it does without TLS.

TLS 1.3 RFC 8446; TLS 1.2 RFC 5246.
"""

import contextlib
import io
import socket
import ssl
from collections import deque
from typing import Any

RECORD = 16384  # octets that a record holds at most; RFC 8446, section 5.1


class TlsStream:
    """A client's TLS connection, with what ``smtplib`` and its callers use of a socket.

    Its methods for octets wait as ``socket`` says. A caller that waits in its own way uses
    :meth:`encrypt`, :meth:`decrypt` and :meth:`get_answer`, and sends and receives by ``socket``. What a
    socket has beside that is missing here on purpose: it would send in the clear.

    :param sock: connected; closed when the handshake fails
    :param context: for a client
    :param hostname: the name that the certificate is verified for, and that the server is told (SNI)
    :param session: of an earlier connection, to be resumed
    :param kept: where the session is left for another connection when this one is closed
    :raises OSError: when the handshake fails; ``ssl.SSLCertVerificationError`` for a certificate
    :ivar socket: the plain socket
    :ivar has_ended: whether nothing more can be decrypted: the server has said so, or sent a fault
    """

    def __init__(
        self,
        sock: socket.socket,
        context: ssl.SSLContext,
        hostname: str | None,
        session: ssl.SSLSession | None = None,
        kept: "deque[ssl.SSLSession] | None" = None,
    ):
        self.socket = sock
        self.has_ended = False
        self._kept = kept
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=hostname, session=session
        )
        try:
            self._exchange(self._tls.do_handshake)
        except BaseException:
            sock.close()
            raise

    # As of a socket

    def sendall(self, octets: bytes) -> None:
        """See ``socket.socket.sendall``."""
        view = memoryview(octets).cast("B")
        while view:
            view = view[self._exchange(self._tls.write, view) :]

    def recv(self, size: int) -> bytes:
        """See ``socket.socket.recv``."""
        try:
            return self._exchange(self._tls.read, size)
        except ssl.SSLEOFError:  # closed without a word, as many mail servers do
            return b""

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        """Return a file that reads; see ``socket.socket.makefile``."""
        if mode != "rb":
            raise ValueError(f"A TLS stream opens files to read octets, not in the mode {mode!r}")
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """Close the connection, and leave its session for another one."""
        # What the server sends after the handshake has come by now: also the ticket of TLS 1.3.
        if self._kept is not None and (session := self._tls.session):
            self._kept.append(session)
        self._kept = None
        self.socket.close()

    def shutdown(self, how: int) -> None:
        """See ``socket.socket.shutdown``."""
        self.socket.shutdown(how)

    def fileno(self) -> int:
        """Return the file descriptor of the socket, -1 once it is closed."""
        return self.socket.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """See ``socket.socket.settimeout``."""
        self.socket.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """See ``socket.socket.gettimeout``."""
        return self.socket.gettimeout()

    def setsockopt(self, *args: Any) -> None:
        """See ``socket.socket.setsockopt``."""
        self.socket.setsockopt(*args)

    def getpeername(self) -> Any:
        """See ``socket.socket.getpeername``."""
        return self.socket.getpeername()

    def getsockname(self) -> Any:
        """See ``socket.socket.getsockname``."""
        return self.socket.getsockname()

    # As of a TLS socket

    def getpeercert(self, binary_form: bool = False) -> Any:
        """See ``ssl.SSLSocket.getpeercert``."""
        return self._tls.getpeercert(binary_form)

    def version(self) -> str | None:
        """See ``ssl.SSLSocket.version``."""
        return self._tls.version()

    def cipher(self) -> tuple[str, str, int] | None:
        """See ``ssl.SSLSocket.cipher``."""
        return self._tls.cipher()

    @property
    def session_reused(self) -> bool | None:
        """Whether the session of an earlier connection was resumed."""
        return self._tls.session_reused

    # For a caller that uses the socket itself

    def encrypt(self, octets: bytes | memoryview) -> bytes:
        """Return what to send so that the server gets ``octets``.

        :param octets: at most ``RECORD``: one record, which the server gets whole or not at all
        :raises ssl.SSLWantReadError: in the middle of a new handshake, which only TLS 1.2 has (RFC 5246,
            section 7.4.1.1): when the rest of it was exchanged, the call is to be repeated
        :raises ssl.SSLError: when nothing can be sent any more
        """
        if self._tls.write(octets) != len(octets):
            raise ssl.SSLError("The octets do not fit into a TLS record")
        return self._outgoing.read()

    def decrypt(self, octets: bytes) -> bytes:
        """Return what the server sent with ``octets`` and those before.

        Nothing, if that is half a record, or a message of TLS alone, such as a ticket.

        :raises ssl.SSLError: when the octets are not TLS, or not those that the server sent. What was
            whole before them is returned first: it may be the reply to a message
        """
        self._incoming.write(octets)
        found = b""
        # To ask in vain raises an exception, which takes as long as to decrypt a reply.
        while self._incoming.pending or self._tls.pending():
            try:
                part = self._tls.read(RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError:
                if not found:
                    raise
                part = b""
            if not part:
                self.has_ended = True
                break
            found += part
        return found

    def get_answer(self) -> bytes:
        """Return what TLS itself has to say to what was decrypted, mostly nothing."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def _exchange(self, operation: Any, *args: Any) -> Any:
        """Run an operation of OpenSSL, and send and receive what it needs; return its result."""
        while True:
            try:
                result = operation(*args)
            except ssl.SSLWantReadError:
                self._flush()
                if octets := self.socket.recv(RECORD):
                    self._incoming.write(octets)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self._flush()  # tells the server what is wrong
                raise
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.socket.sendall(self._outgoing.read())


class _Reader(io.RawIOBase):
    """Reads a ``TlsStream``, for a buffered file."""

    def __init__(self, stream: TlsStream):
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        octets = self._stream.recv(len(buffer))
        buffer[: len(octets)] = octets
        return len(octets)
