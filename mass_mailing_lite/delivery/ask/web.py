"""Asks web servers whether pages and pictures exist.

It stands on ``http.client`` and not on ``requests`` (urllib3), although Odoo has that: a request
must go to an IP address that was checked before, under the name of the page, and must end at a
point of time. ``requests`` resolves names itself, and limits the time of each step only.

Of an answer only the head is read, at most ``Limits.head`` octets: the status says whether a page
exists. So no body is too long, too slow or too well compressed. Proxies and cookies of the server's
environment are not used.
"""

import contextlib
import functools
import http.client
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import NamedTuple

from .network import Network, PrivateAddressError
from .timed_socket import TimedSocket, TooMuchError, connect, get_rest
from .web_address import BadAddressError, WebAddress, read

ALIVE, DEAD, UNKNOWN, INSECURE = "alive", "dead", "unknown", "insecure"

USER_AGENT = "Mozilla/5.0 (compatible; MassMailingLite link check)"
HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({404, 410})
MAX_ADDRESSES_OF_A_NAME = 3  # that are tried


class Limits(NamedTuple):
    """How much is asked; times in seconds.

    :ivar total: for all addresses together
    :ivar each: for one address with its redirects
    :ivar connect: until one IP address accepts a connection
    :ivar head: octets of the status and the headers of one answer
    :ivar count: addresses that are asked; further ones are not
    :ivar threads: addresses that are asked at a time
    """

    total: float = 40.0
    each: float = 10.0
    connect: float = 4.0
    head: int = 64 * 1024
    redirects: int = 8
    count: int = 200
    threads: int = 8


class Answer(NamedTuple):
    """What became of asking for one address.

    :ivar outcome: ``ALIVE``; ``DEAD``: no page; ``INSECURE``: https that a browser warns of;
        ``UNKNOWN``: a person has to look
    :ivar reason: ``status`` (see ``status``), ``no_name`` (the name does not exist), ``refused``,
        ``certificate``, ``tls`` (no encryption), ``timeout``, ``broken`` (no answer by HTTP),
        ``unreachable``, ``circle`` (too many redirects), ``private``, ``port``, ``scheme``,
        ``login``, ``length``, ``address`` (not asked), ``limit`` (too many addresses, or no time)
    :ivar status: of the last answer by HTTP, 0 without one
    :ivar target: the address that answered, after all redirects
    """

    outcome: str
    reason: str
    status: int = 0
    target: str = ""


class Web:
    """Asks for web addresses, several at a time.

    :param network: which computers may be asked
    :param context: what certificates are trusted; those of the system by default
    """

    def __init__(
        self,
        network: Network | None = None,
        limits: Limits | None = None,
        context: ssl.SSLContext | None = None,
    ):
        self._network = network or Network()
        self._limits = limits or Limits()
        self._context = context or get_context()

    def ask(self, addresses: Iterable[str]) -> dict[str, Answer]:
        """Return {address: answer}, within ``Limits.total``.

        An address that is still asked then is unknown; its thread ends by itself, and keeps no
        process from ending.
        """
        wanted = list(dict.fromkeys(addresses))
        answers = dict.fromkeys(wanted, Answer(UNKNOWN, "limit"))
        until = time.monotonic() + self._limits.total
        todo: queue.SimpleQueue[str] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[str, Answer]] = queue.SimpleQueue()
        asked = wanted[: self._limits.count]
        for address in asked:
            todo.put(address)
        for _number in range(min(self._limits.threads, len(asked))):
            threading.Thread(target=self._work, args=(todo, done, until), daemon=True).start()
        for _address in asked:
            try:
                address, answer = done.get(timeout=max(until - time.monotonic(), 0))
            except queue.Empty:
                break
            answers[address] = answer
        return answers

    def ask_one(self, address: str, until: float | None = None) -> Answer:
        """Return the answer for one address.

        A server that refuses HEAD, or does not know it, is asked by GET.

        :param until: point of time at which it ends, if that comes before ``Limits.each``
        """
        end = time.monotonic() + self._limits.each
        until = end if until is None else min(until, end)
        answer = self._follow(address, "HEAD", until)
        is_refused = answer.reason == "status" and answer.status >= 400 and answer.status != 429
        if is_refused or answer.reason in ("broken", "circle"):
            return self._follow(address, "GET", until)
        return answer

    def _work(self, todo, done, until):
        while time.monotonic() < until:
            try:
                address = todo.get_nowait()
            except queue.Empty:
                return
            try:
                answer = self.ask_one(address, until)
            except Exception:  # an answer that no rule foresees says nothing
                answer = Answer(UNKNOWN, "broken")
            done.put((address, answer))

    def _follow(self, text, method, until):
        """Ask for an address and for those that it redirects to."""
        page, status, has_cookies = None, 0, False
        try:
            page = read(text)
            for _number in range(self._limits.redirects + 1):
                status, headers = self._request(page, method, until)
                location = read_location(headers)
                if status not in REDIRECTS or not location:
                    return Answer(judge(status), "status", status, str(page))
                has_cookies = has_cookies or "Set-Cookie" in headers
                page = read(location, page)
        except Exception as error:  # of http.client, ssl and idna
            outcome, reason = explain(error)
            if reason == "no_name" and page and not self._network.is_missing(page.host):
                outcome, reason = UNKNOWN, "unreachable"
            return Answer(outcome, reason, status, str(page or ""))
        # A page that sends a program without its cookie in a circle is shown by a browser.
        return Answer(UNKNOWN if has_cookies else DEAD, "circle", status, str(page))

    def _request(self, page: WebAddress, method, until):
        """Return ``(status, headers)`` of one request."""
        if not self._network.allows_port(page.port):
            raise BadAddressError("port")
        get_rest(until)
        found = self._network.find(page.host, page.port)[:MAX_ADDRESSES_OF_A_NAME]
        connection = connect(found, until, self._limits.connect)
        try:
            if page.is_secure:
                connection.settimeout(get_rest(until))  # of the whole handshake
                connection = self._context.wrap_socket(connection, server_hostname=page.host)
            request = _Request(page, TimedSocket(connection, until, self._limits.head))
            request.request(method, page.path, headers=HEADERS)
            response = request.getresponse()
            return response.status, response.headers
        finally:
            connection.close()


class _Request(http.client.HTTPConnection):
    """A request over a connection that exists, to the address that was checked."""

    def __init__(self, page, connection):
        self.default_port = 443 if page.is_secure else 80
        super().__init__(page.host, page.port)
        self._given = connection

    def connect(self):
        self.sock = self._given


@functools.cache
def get_context() -> ssl.SSLContext:
    """Return what ``make_context`` makes, which takes 50 ms."""
    return make_context()


def make_context() -> ssl.SSLContext:
    """Return what a browser trusts: the authorities of the system, and those of ``certifi``."""
    context = ssl.create_default_context()
    with contextlib.suppress(ImportError, OSError):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def read_location(headers) -> str:
    """Return where a redirect leads to.

    Headers are read as Latin-1; an address that is not ASCII is UTF-8.
    """
    location = headers.get("Location") or ""
    return location.encode("latin-1", "replace").decode("utf-8", "replace")


def judge(status: int) -> str:
    """Return what a status says of a page (RFC 9110, section 15).

    Servers answer 401, 403, 405, 429 and 999 to programs, and show the page to people.
    """
    if 200 <= status < 300:
        return ALIVE
    if status in GONE or 500 <= status < 600:
        return DEAD
    return UNKNOWN


# In this order: some of them are subclasses of others.
_FAILURES: tuple[tuple[type[Exception], str, str], ...] = (
    (PrivateAddressError, UNKNOWN, "private"),
    (ssl.SSLCertVerificationError, INSECURE, "certificate"),
    (TimeoutError, UNKNOWN, "timeout"),
    (ssl.SSLEOFError, UNKNOWN, "broken"),
    (ConnectionResetError, UNKNOWN, "broken"),
    (BrokenPipeError, UNKNOWN, "broken"),
    (TooMuchError, UNKNOWN, "broken"),
    (ssl.SSLError, INSECURE, "tls"),
    (ConnectionRefusedError, DEAD, "refused"),
    (UnicodeError, DEAD, "no_name"),  # a name with a label that is empty or too long
    (socket.gaierror, UNKNOWN, "unreachable"),  # the name server does not answer
    (OSError, UNKNOWN, "unreachable"),
)
# The name does not exist, or has no IP address.
_NO_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


def explain(error: Exception) -> tuple[str, str]:
    """Return ``(outcome, reason)`` of what a request raised."""
    if isinstance(error, BadAddressError):
        return UNKNOWN, error.reason
    if isinstance(error, socket.gaierror) and error.errno in _NO_NAME:
        return DEAD, "no_name"
    for kind, outcome, reason in _FAILURES:
        if isinstance(error, kind):
            return outcome, reason
    return UNKNOWN, "broken"
