"""Takes a message apart into static octets and holes.

Python's ``email`` flattens the structure (multiparts, boundaries, attachments: RFC 2046); this
module replaces what differs between recipients before, and cuts there after.
"""

import copy
import re
import secrets
from collections.abc import Iterator, Sequence
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from io import BytesIO
from typing import NamedTuple

from . import quoted_printable
from .header import ADDRESS_HEADERS

Pieces = list[str | int]  # literal texts and positions of marks, in turn


class HeaderSlot(NamedTuple):
    """Place of a field that is given for each recipient."""

    name: str


class HeaderTemplate(NamedTuple):
    """A field with marks in its value.

    :ivar pieces: of the text, or a list of (display name, address) for address fields
    """

    name: str
    pieces: "Pieces | list[tuple[Pieces, Pieces]]"

    def fill(self, texts: Sequence[str]) -> "str | list[tuple[str, str]]":
        """Put the marks' texts in; the result is for :func:`header.encoder`'s function."""
        if self.pieces and isinstance(self.pieces[0], tuple):
            return [(_join(name, texts), _join(addr, texts)) for name, addr in self.pieces]
        return _join(self.pieces, texts)


class TextSlot(NamedTuple):
    """Place of a mark in a quoted-printable text part."""

    index: int
    is_html: bool


Slot = HeaderSlot | HeaderTemplate | TextSlot


def dissect(
    message: EmailMessage, marks: Sequence[str], per_recipient_headers: Sequence[str]
) -> Iterator["bytes | Slot"]:
    """Yield the message as static octets and holes, in order; see ``MessageTemplate.compile``."""
    policy = message.policy if isinstance(message.policy, EmailPolicy) else SMTP
    policy = policy.clone(linesep="\r\n", cte_type="7bit", utf8=False)
    finder = re.compile("|".join(map(re.escape, marks)) or r"(?!)")
    positions = {mark: position for position, mark in enumerate(marks)}

    def cut(text: str) -> Pieces:
        """Cut a text at its marks."""
        pieces: Pieces = []
        end = 0
        for match in finder.finditer(text):
            pieces += [text[end : match.start()], positions[match[0]]]
            end = match.end()
        return [*pieces, text[end:]]

    static = b""
    segments = [
        *_headers(message, policy, per_recipient_headers, cut),
        *_body(message, policy, cut),
    ]
    for segment in segments:
        if isinstance(segment, bytes):
            static += segment
            continue
        if static:
            yield _checked(static, finder)
        static = b""
        yield segment
    yield _checked(static, finder)


def _headers(message, policy, per_recipient_headers, cut) -> Iterator["bytes | Slot"]:
    """Yield the fields but those of MIME, which the body begins with."""
    wanted = {name.lower(): name for name in per_recipient_headers}
    for name, value in message.raw_items():
        if _is_mime(name):
            continue
        if name.lower() in wanted:
            yield HeaderSlot(wanted.pop(name.lower()))
            continue
        parsed = policy.header_fetch_parse(name, value)
        if len(pieces := cut(str(parsed))) == 1:
            yield policy.fold_binary(name, value)
        elif name.lower() in ADDRESS_HEADERS:
            boxes = [(cut(box.display_name), cut(box.addr_spec)) for box in parsed.addresses]
            yield HeaderTemplate(name, boxes)
        else:
            yield HeaderTemplate(name, pieces)
    for name in wanted.values():
        yield HeaderSlot(name)


def _body(message, policy, cut) -> Iterator["bytes | Slot"]:
    """Yield the MIME fields, the empty line and the parts."""
    skeleton = copy.deepcopy(message)
    for name in {name for name in skeleton if not _is_mime(name)}:
        del skeleton[name]
    stem = f"part{secrets.token_hex(16)}x"
    texts: list[tuple[Pieces, bool]] = []
    for part in _text_parts(skeleton):
        text = part.get_content()
        pieces = cut(text)
        if len(pieces) > 1 or part["Content-Transfer-Encoding"] in ("8bit", "binary"):
            _replace_content(part, f"{stem}{len(texts)}y")
            texts.append((pieces, part.get_content_subtype() == "html"))
    octets = BytesIO()
    BytesGenerator(octets, mangle_from_=False, policy=policy).flatten(skeleton)
    for number, static in enumerate(re.split(rf"{stem}(\d+)y".encode(), octets.getvalue())):
        if number % 2 == 0:
            yield static
        else:
            yield from _text_segments(*texts[int(static)])


def _text_parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the parts that are read, not opened; never those of an attached message."""
    if message.is_multipart():
        if message.get_content_maintype() == "multipart":
            for part in message.iter_parts():
                yield from _text_parts(part)
    elif message.get_content_maintype() == "text" and not message.is_attachment():
        yield message


def _replace_content(part: EmailMessage, token: str) -> None:
    """Put a token in a part's place and declare what its octets will be."""
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


def _checked(static: bytes, finder: re.Pattern[str]) -> bytes:
    """Return static octets that hold no mark: one left would reach the recipient."""
    if match := finder.search(static.decode("ascii", "replace")):
        around = static[max(0, match.start() - 40) : match.end()]
        raise ValueError(f"A mark stands where no value can be put: …{around!r}")
    return static


def _join(pieces: Pieces, texts: Sequence[str]) -> str:
    return "".join([piece if type(piece) is str else texts[piece] for piece in pieces])
