"""A web address as a browser reads it from an attribute, in the form that a server is asked."""

from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from ..address import ascii_domain

MAX_LENGTH = 4000  # characters; servers take 8,000 and less in a request line
_PORTS = {"http": 80, "https": 443}
# What stays in an address; "%" too, for an encoded one is not encoded again.
_KEPT = "!#$%&'()*+,/:;=@[]~-._"
_DROPPED = dict.fromkeys(map(ord, "\t\n\r"))
_NOT_IN_HOST = frozenset(" %/\\@?#<>^|`{}\"'")
_EDGES = "".join(map(chr, range(33)))  # C0 and the blank


class BadAddressError(ValueError):
    """A text that is no address of a web page.

    :ivar reason: one of ``reason`` of :class:`.web.Answer`
    """

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class WebAddress(NamedTuple):
    """Parts of an address; all of them ASCII.

    :ivar host: without brackets and without the dot of the root
    :ivar path: path and query, as they stand in a request
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def read(text: str, base: WebAddress | None = None) -> WebAddress:
    """Return the parts of an address; the fragment, which no server sees, is left out.

    :param base: the page that a relative address stands in
    :raises BadAddressError: with the reasons ``scheme``, ``login``, ``length`` or ``address``
    """
    text = text.translate(_DROPPED).strip(_EDGES)
    if len(text) > MAX_LENGTH:
        raise BadAddressError("length")
    if base is None and text.partition(":")[0].lower() not in _PORTS:
        raise BadAddressError("scheme")
    # A browser reads a backslash before the query as a slash.
    path, mark, query = text.partition("?")
    text = path.replace("\\", "/") + mark + query
    try:
        parts = urlsplit(urljoin(str(base), text) if base else text)
        host = ascii_domain(parts.hostname or "").lower().removesuffix(".")
        port = parts.port
    except ValueError as error:  # no number as port, a half bracket, a name without ASCII form
        raise BadAddressError("address") from error
    if parts.scheme not in _PORTS:
        raise BadAddressError("scheme")
    if parts.username is not None or parts.password is not None:
        raise BadAddressError("login")
    if not host or not host.isprintable() or _NOT_IN_HOST & set(host):
        raise BadAddressError("address")
    return WebAddress(
        parts.scheme, host, _PORTS[parts.scheme] if port is None else port, _encode(parts)
    )


def _encode(parts):
    """Return path and query as they stand in a request."""
    path = quote(parts.path or "/", safe=_KEPT, errors="replace")
    if not path.startswith("/"):
        path = f"/{path}"
    query = quote(parts.query, safe=f"{_KEPT}?", errors="replace")
    return f"{path}?{query}" if query else path
