"""What is wrong with an address in a message, for whoever reads it on another computer.

Nothing is looked up: names and numbers are judged as they are written.
"""

import ipaddress
import re
import socket
import unicodedata
from contextlib import suppress

EMPTY, NO_SCHEME, LOCAL, FILE, PART, BROKEN = (
    "empty", "no_scheme", "local", "file", "part", "broken",
)  # fmt: skip

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,40}):")
# Of a computer, a message or a browser: no other computer can follow them.
_FILES = frozenset({"file", "about", "blob", "chrome-extension", "content", "moz-extension"})
_PARTS = frozenset({"cid", "mid"})
# Slips of the hand, and addresses that begin twice (http://https://…).
_MISSPELLED = frozenset(
    {
        "htp",
        "htpp",
        "hhtp",
        "htttp",
        "http",
        "https",
        "ttp",
        "ttps",
        "htps",
        "htpps",
        "httpss",
        "hhtps",
    }
)
# With these names a network calls its own computers (RFC 6761, RFC 6762, RFC 8375, and ICANN's
# decision of 2024 on "internal").
_PRIVATE_DOMAINS = frozenset(
    ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private",
     "home.arpa", "invalid")
)  # fmt: skip

# In a text without markup; a phone makes a link of it up to the next blank.
_PLAIN_LINK = re.compile(r"(?<![\w@/.-])(?:https?:/|file:|www\.)[^\s<>\"']{1,2000}", re.IGNORECASE)
_SENTENCE_END = ".,;:!?…»”"


def find_plain_links(text: str) -> list[str]:
    """Return the addresses in a text without markup, with a scheme, in order.

    An address with a placeholder is none: it is another one for each recipient.
    """
    found = []
    for match in _PLAIN_LINK.finditer(text):
        address = match[0].rstrip(_SENTENCE_END)
        # A bracket that nothing opens is one around the address.
        found.append(address if "(" in address else address.rstrip(f"){_SENTENCE_END}"))
    return [
        f"https://{address}" if address[:4].lower() == "www." else address
        for address in found
        if "{{" not in address
    ]


def find_problem(address: str) -> str | None:
    """Return what is wrong with an address: one of the constants above, None for nothing.

    :param address: as a browser reads it from an attribute, without HTML escapes
    """
    # Browsers drop line breaks and tabs, and what surrounds an address.
    address = re.sub(r"[\t\n\r]", "", address).strip()
    address = "".join(char for char in address if unicodedata.category(char) != "Cf").strip()
    if address in ("", "#"):
        return EMPTY
    if address.startswith("#"):
        return None  # a place in the message itself
    scheme = _SCHEME.match(address)
    if address.startswith("\\\\"):
        return FILE
    # A port behind a name is no scheme: shop.example.com:8069/x.
    if not scheme or "." in scheme[1] or re.match(r"\d+(?:/|$)", address[scheme.end() :]):
        return NO_SCHEME if not (scheme and scheme[1].lower() == "localhost") else LOCAL
    name, rest = scheme[1].lower(), address[scheme.end() :]
    if name in _FILES or len(name) == 1:  # C:\…
        return FILE
    if name in _PARTS:
        return PART
    if name in ("http", "https"):
        return _find_host_problem(rest)
    if name in _MISSPELLED:
        return BROKEN
    if name in ("mailto", "tel", "sms"):
        # A link to share the page has a subject and no address.
        return None if rest.strip("/ ") else EMPTY
    return None


def is_private_host(host: str) -> bool:
    """Tell whether a host is of one computer or network, by its name or number alone."""
    host = host.strip("[]").rstrip(".").lower()
    number = _read_number(host)
    if number is not None:
        mapped = getattr(number, "ipv4_mapped", None)
        return not (mapped or number).is_global
    labels = host.split(".")
    return len(labels) == 1 or any(
        ".".join(labels[-count:]) in _PRIVATE_DOMAINS for count in (1, 2)
    )


def split_host(address: str) -> tuple[str, str]:
    """Return ``(scheme, host)`` of a web address, in lower case; the host without port and login."""
    scheme, _colon, rest = address.strip().partition(":")
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0].rpartition("@")[2]
    host = re.sub(r":\d*$", "", authority)
    return scheme.lower(), host.lower()


def _find_host_problem(rest: str) -> str | None:
    if not rest.startswith("//"):
        return BROKEN
    _scheme, host = split_host(f"https:{rest}")
    if not host or rest.startswith("///") or re.search(r"[\s<>\"{}|^`]|%20", host):
        return BROKEN
    if host in ("http", "https", "http:", "https:"):
        return BROKEN
    return LOCAL if is_private_host(host) else None


def _read_number(host):
    """Return an IP address in any form that browsers read (127.1, 0x7f000001), None for a name."""
    with suppress(ValueError):
        return ipaddress.ip_address(host.partition("%")[0])
    if re.fullmatch(r"(?:0x[0-9a-f]+|\d+)(?:\.(?:0x[0-9a-f]+|\d+)){0,3}", host):
        with suppress(OSError, ValueError):
            return ipaddress.ip_address(socket.inet_aton(host))
    return None
