"""TLS sessions that are resumed, so that a further connection to a server costs little.

To open a connection, ``ssl.create_default_context`` reads the certificates of all authorities,
which takes 26 ms, and the server signs and sends its own certificate. With what is kept here the
next connection to the same server takes a millisecond: the trusted certificates are read once in
``MAX_AGE``, and a session that the server has given a ticket for is resumed (RFC 8446, section 2.2;
RFC 5077). A server that knows the ticket no more shows its certificate, which is verified.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections import deque
from typing import NamedTuple

from .tls_stream import TlsStream

MAX_AGE = 3600.0  # seconds after which trusted certificates are read anew and sessions discarded
MAX_SESSIONS = 50  # that are kept for a server; as many as it may have connections
MAX_SERVERS = 100


class Terms(NamedTuple):
    """What a session holds for: it is resumed for nothing else.

    :ivar hostname: the name that the certificate was verified for
    """

    hostname: str | None
    port: int
    verify_mode: ssl.VerifyMode
    check_hostname: bool


class _Server(NamedTuple):
    """The context for one server, and the sessions that its connections have left."""

    context: ssl.SSLContext
    sessions: "deque[ssl.SSLSession]"
    made_at: float


class TlsSessions:
    """Contexts and sessions by server; threads may share it."""

    def __init__(self) -> None:
        self._servers: dict[Terms, _Server] = {}
        self._lock = threading.Lock()

    def new_context(self) -> "ResumingContext":
        """Return a context for one connection, with the settings of a default one."""
        return ResumingContext(self)

    def wrap(self, sock: socket.socket, terms: Terms) -> TlsStream:
        """Return the socket with TLS on it; a session for these terms is resumed, if there is one.

        A session is resumed once: if it does not work, the next connection begins a new one.
        """
        server = self._get_server(terms)
        session = None
        with contextlib.suppress(IndexError):
            session = server.sessions.pop()
        return TlsStream(sock, server.context, terms.hostname, session, server.sessions)

    def _get_server(self, terms: Terms) -> _Server:
        with self._lock:
            server = self._servers.pop(terms, None)
            if server is None or time.monotonic() - server.made_at > MAX_AGE:
                server = _Server(_make_context(terms), deque(maxlen=MAX_SESSIONS), time.monotonic())
            self._servers[terms] = server  # the last one was used last
            if len(self._servers) > MAX_SERVERS:
                del self._servers[next(iter(self._servers))]
            return server


class ResumingContext:
    """Stands in for the ``ssl.SSLContext`` of one connection, as ``smtplib`` and its callers use it.

    Which context is behind it is decided by its settings when a socket is wrapped, so that one
    whose certificate is not verified never lends its session to one whose certificate is.
    """

    __slots__ = ("_sessions", "check_hostname", "verify_mode")

    def __init__(self, sessions: TlsSessions):
        self._sessions = sessions
        self.check_hostname = True
        self.verify_mode = ssl.CERT_REQUIRED

    def wrap_socket(self, sock: socket.socket, *, server_hostname: str | None = None) -> TlsStream:
        """See ``ssl.SSLContext.wrap_socket``."""
        port = sock.getpeername()[1]
        terms = Terms(server_hostname, port, self.verify_mode, self.check_hostname)
        return self._sessions.wrap(sock, terms)


def _make_context(terms: Terms) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = terms.check_hostname
    context.verify_mode = terms.verify_mode
    return context
