"""Cuts a message into static octets and slots.

Python's ``email`` makes octets from the structure (multiparts, boundaries, attachments: RFC 2046).
Before that, this module puts a token in the place of each text part with slots; after that, it cuts
the octets at the tokens.
"""

import copy
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from functools import partial
from io import BytesIO
from typing import NamedTuple

from . import quoted_printable
from .header import (
    ADDRESS_HEADERS,
    check_literal,
    encode_parsed,
    parsed_mailboxes,
    with_own_encoding,
)
from .slots import cut_at_markers

# A line with another character is left to Python's generator.
_BASE64 = re.compile(r"[A-Za-z0-9+/=\n]*")

Pieces = list[str | int]  # literal texts and positions of slots, alternating


class HeaderSlot(NamedTuple):
    """A header field that is given for each recipient."""

    name: str


class HeaderTemplate(NamedTuple):
    """A header field with slots in its value.

    :ivar pieces: of the text; for address fields a list of (display name, address), each in pieces
    """

    name: str
    pieces: "Pieces | list[tuple[Pieces, Pieces]]"

    def fill(self, texts: Sequence[str]) -> "str | list[tuple[str, str]]":
        """Return the value with texts in its slots, for the function of :func:`header.encoder`."""
        if self.pieces and isinstance(self.pieces[0], tuple):
            return [(_join(name, texts), _join(addr, texts)) for name, addr in self.pieces]
        return _join(self.pieces, texts)


class TextSlot(NamedTuple):
    """A slot in a quoted-printable text part; ``index`` is the position of its value."""

    index: int
    is_html: bool


Slot = HeaderSlot | HeaderTemplate | TextSlot


def dissect(
    message: EmailMessage, markers: Sequence[str], per_recipient_headers: Sequence[str]
) -> Iterator["bytes | Slot"]:
    """Yield the message as static octets and slots, in order; see ``MessageTemplate.compile``."""
    policy = message.policy if isinstance(message.policy, EmailPolicy) else SMTP
    policy = with_own_encoding(policy.clone(linesep="\r\n", cte_type="7bit", utf8=False))
    positions = {marker: position for position, marker in enumerate(markers)}
    cut = partial(cut_at_markers, positions=positions)

    static: list[bytes] = []
    segments = [
        *_headers(message, policy, per_recipient_headers, cut),
        *_body(message, policy, cut),
    ]
    for segment in segments:
        if isinstance(segment, bytes):
            static.append(segment)
            continue
        if octets := b"".join(static):
            yield octets
        static = []
        yield segment
    yield b"".join(static)


def _headers(message, policy, per_recipient_headers, cut) -> Iterator["bytes | Slot"]:
    """Yield the fields except those of MIME, which :func:`_body` yields."""
    wanted = {name.lower(): name for name in per_recipient_headers}
    for name, value in message.raw_items():
        if _is_mime(name):
            continue
        if name.lower() in wanted:
            yield HeaderSlot(wanted.pop(name.lower()))
            continue
        parsed = policy.header_fetch_parse(name, value)
        if len(pieces := cut(str(parsed))) == 1:
            yield _checked(encode_parsed(policy, name, parsed), cut)
        elif name.lower() in ADDRESS_HEADERS:
            boxes = parsed_mailboxes(policy, name, parsed)
            yield HeaderTemplate(name, [(cut(shown), cut(address)) for shown, address in boxes])
        else:
            check_literal(name, str(parsed).strip())
            yield HeaderTemplate(name, pieces)
    for name in wanted.values():
        yield HeaderSlot(name)


def _body(message, policy, cut) -> Iterator["bytes | Slot"]:
    """Yield the MIME fields, the empty line and the parts.

    Files are in Base64 already. Python's generator would write them line by line and search them
    for the boundary, which takes 60 ms for 2 MB.
    """
    skeleton = copy.deepcopy(message)
    for name in {name for name in skeleton if not _is_mime(name)}:
        del skeleton[name]
    stem = f"part{secrets.token_hex(16)}x"
    parts: list[list[bytes | TextSlot]] = []
    for part in _text_parts(skeleton):
        text = part.get_content()
        pieces = cut(text)
        if len(pieces) > 1 or part["Content-Transfer-Encoding"] in ("8bit", "binary"):
            _replace_content(part, f"{stem}{len(parts)}y")
            parts.append(list(_text_segments(pieces, part.get_content_subtype() == "html")))
    for part, lines in _base64_parts(skeleton):
        part.set_payload(f"{stem}{len(parts)}y")
        parts.append([lines])
    octets = BytesIO()
    BytesGenerator(octets, mangle_from_=False, policy=policy).flatten(skeleton)
    for number, static in enumerate(re.split(rf"{stem}(\d+)y".encode(), octets.getvalue())):
        if number % 2 == 0:
            yield _checked(static, cut)
        else:
            yield from parts[int(static)]


def _text_parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the text parts that a mail program shows; not attachments, not attached messages."""
    if message.is_multipart():
        if message.get_content_maintype() == "multipart":
            for part in message.iter_parts():
                yield from _text_parts(part)
    elif message.get_content_maintype() == "text" and not message.is_attachment():
        yield message


def _base64_parts(message: EmailMessage) -> Iterator[tuple[EmailMessage, bytes]]:
    """Yield the parts in Base64, with their octets."""
    for part in message.walk():
        payload = part.get_payload()
        if (
            isinstance(payload, str)
            and str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"
            and _BASE64.fullmatch(payload := payload.replace("\r\n", "\n"))
        ):
            yield part, payload.replace("\n", "\r\n").encode()


def _replace_content(part: EmailMessage, token: str) -> None:
    """Replace a part's text by a token and declare the encoding that its octets will have."""
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "quoted-printable"
    if (part.get_content_charset() or "") != "utf-8":
        part.set_param("charset", "utf-8")
    part.set_payload(token)


def _text_segments(pieces: Pieces, is_html: bool) -> Iterator["bytes | TextSlot"]:
    for piece in pieces[:-1]:
        if isinstance(piece, str):
            yield quoted_printable.encode(piece)
        else:
            yield TextSlot(piece, is_html)
    yield quoted_printable.encode_last(pieces[-1])


def _is_mime(name: str) -> bool:
    return name.lower() == "mime-version" or name.lower().startswith("content-")


def _checked(static: bytes, cut: Callable[[str], Pieces]) -> bytes:
    """Return static octets.

    :raises ValueError: when they hold a slot marker, which would reach the recipient
    """
    before, *others = cut(static.decode("ascii", "replace"))
    if others:
        around = static[max(0, len(before) - 40) : len(before) + 40]
        raise ValueError(f"A placeholder stands where no value can be put: …{around!r}")
    return static


def _join(pieces: Pieces, texts: Sequence[str]) -> str:
    return "".join([piece if type(piece) is str else texts[piece] for piece in pieces])
