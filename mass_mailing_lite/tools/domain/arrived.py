"""What the headers of a message tell that arrived somewhere: read from its source, or from a part.

Nothing here is trusted. ``Authentication-Results`` is the statement of the server that it names, and
of the person who pasted it. ``signature`` verifies what can be verified.
"""

import ipaddress
import re
from typing import NamedTuple

MAX_HEADER = 200_000  # characters; larger headers belong to no message
MAX_FIELDS = 500
MAX_FIELD = 8_000  # characters of one header field that are read
MAX_STATEMENTS = 50

# A header field begins with its name; lines that do not go on with the field before, also where a
# program has removed the spaces at their beginning.
_field = re.compile(r"([!-9;-~]{1,76})[ \t]*:")
# An IP address as hosts write it into Received: [192.0.2.1], [IPv6:2001:db8::1], (192.0.2.1).
_address = re.compile(r"[\[(](?:IPv6:)?([0-9a-fA-F.:]{2,45})[\])]")
_bare_address = re.compile(r"(?<![0-9a-fA-F.:])([0-9a-fA-F.:]{2,45})(?![0-9a-fA-F.:])")
_client_ip = re.compile(r"client-ip=[\"\[]?([0-9a-fA-F.:]{2,45})")


class Statement(NamedTuple):
    """One result in a header Authentication-Results (RFC 8601, section 2.2).

    :ivar server: that says so (authserv-id)
    :ivar method: such as ``spf``, ``dkim``, ``dmarc``, ``iprev``
    :ivar result: such as ``pass``, ``fail``, ``none``
    :ivar properties: {``type.property``: value}, such as ``{"header.d": "example.com"}``
    :ivar comment: all comments, as the server wrote them
    """

    server: str
    method: str
    result: str
    properties: dict[str, str]
    comment: str


class Arrived(NamedTuple):
    """What the headers of a message tell.

    :ivar fields: [(name in lower case, value)], unfolded
    :ivar statements: of all headers Authentication-Results, the latest first
    :ivar address: IP address from which the message came to the servers of its recipient; empty
        where the headers do not tell
    """

    fields: list[tuple[str, str]]
    statements: list[Statement]
    address: str

    def get(self, name: str) -> str:
        """Return the value of the first field of a name, empty without one."""
        return next((value for key, value in self.fields if key == name), "")


def read(source: str) -> Arrived:
    """Read the source of a message, or its headers, or some of them. It raises nothing."""
    fields = read_fields(source)
    statements = []
    for name, value in fields:
        if name in ("authentication-results", "arc-authentication-results"):
            statements += read_statements(value)
    return Arrived(fields, statements[:MAX_STATEMENTS], _find_address(fields, statements))


def read_fields(source: str) -> list[tuple[str, str]]:
    """Return [(name, value)] of the headers of a text, bounded in size and number."""
    text = source[:MAX_HEADER].replace("\r\n", "\n").replace("\r", "\n").lstrip("\n\ufeff \t")
    fields, size = [], 0
    for line in text.split("\n"):
        if not line.strip():
            if fields:
                break
            continue
        found = None if line[0] in " \t" else _field.match(line)
        if found:
            if len(fields) == MAX_FIELDS:
                break
            fields.append((found[1].lower(), [line[found.end() :].strip()[:MAX_FIELD]]))
            size = len(fields[-1][1][0])
        elif fields and size < MAX_FIELD:
            fields[-1][1].append(line.strip()[: MAX_FIELD - size])
            size += len(line)
    return [(name, " ".join(lines)) for name, lines in fields]


def read_statements(value: str) -> list[Statement]:
    """Return the results in one header Authentication-Results.

    What does not follow the standard is left out, and the rest is read: the headers of large
    providers deviate from it.
    """
    parts = _split(value[:MAX_FIELD])
    words = parts[0][0] if parts else []
    if words and re.fullmatch(r"i=\d{1,3}", words[0]) and len(parts) > 1:
        parts = parts[1:]  # the instance of an ARC set (RFC 8617, section 4.1.1)
        words = parts[0][0]
    server = words[0] if words and "=" not in words[0] else ""
    statements = []
    for words, comment in parts[1:] if server else parts:
        if not words or "=" not in words[0]:
            continue
        method, _equals, result = words[0].partition("=")
        properties = {}
        for word in words[1:]:
            name, equals, content = word.partition("=")
            if equals:
                properties.setdefault(name.lower(), content)
        method = method.partition("/")[0].strip().lower()
        if method and result:
            statements.append(Statement(server, method, result.lower(), properties, comment))
    return statements


def _split(value: str) -> list[tuple[list[str], str]]:
    """Return [(words, comments)] of the parts between semicolons, reading each sign once.

    Comments may be nested, quoted strings have no semicolons that count; a sign "=" belongs to the
    words beside it, with blanks or without.
    """
    parts, words, word, comment = [], [], [], []
    depth, quoted, escaped = 0, False, False

    def end_word():
        if word:
            words.append("".join(word))
            word.clear()

    for sign in [*value, ";"]:
        if escaped:
            (comment if depth else word).append(sign)
            escaped = False
        elif sign == "\\" and (depth or quoted):
            escaped = True
        elif quoted:
            if sign == '"':
                quoted = False
            else:
                word.append(sign)
        elif depth or sign == "(":
            depth += (sign == "(") - (sign == ")")
            comment.append(sign)
        elif sign == '"':
            quoted = True
        elif sign == ";":
            end_word()
            parts.append((_join_equals(words), "".join(comment)))
            words, comment = [], []
        elif sign.isspace():
            end_word()
        else:
            word.append(sign)
    return parts


def _join_equals(words: list[str]) -> list[str]:
    """Return the words with ``name = value`` as one word."""
    joined: list[str] = []
    for word in words:
        if joined and (word.startswith("=") or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _find_address(fields, statements):
    """Return the address that the recipient's servers name: by SPF, by its name, by Received."""
    texts = [
        *(one.properties.get("smtp.remote-ip", "") for one in statements),
        *(one.properties.get("policy.iprev", "") for one in statements if one.method == "iprev"),
    ]
    for name, value in fields:
        if name == "received-spf" and (found := _client_ip.search(value)):
            texts.append(found[1])
    for one in statements:
        if one.method == "spf":
            texts += _bare_address.findall(one.comment)
    for text in texts:
        if (address := read_address(text)) and is_public(address):
            return address
    for name, value in fields:
        if name == "received":
            sender = value.partition(" by ")[0]
            for text in _address.findall(sender) if sender.startswith("from ") else ():
                if (address := read_address(text)) and is_public(address):
                    return address
    return ""


def read_address(text: str) -> str:
    """Return an IP address in its proper form, empty when the text is none."""
    try:
        return str(ipaddress.ip_address(text.strip(".:") if text.count(":") < 2 else text))
    except ValueError:
        return ""


# Networks from which no mail comes through the internet.
_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10",
        "ff00::/8",
    )
)  # fmt: skip


def is_public(address: str) -> bool:
    """Tell whether an IP address can be that of a server in the internet.

    Networks for documentation count as public, other than in ``ipaddress``.
    """
    one = ipaddress.ip_address(address)
    if mapped := getattr(one, "ipv4_mapped", None):
        one = mapped
    return not any(one.version == network.version and one in network for network in _PRIVATE)
