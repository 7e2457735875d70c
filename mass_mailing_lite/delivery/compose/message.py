"""One message compiled to octets with holes, filled once per recipient.

The real message is built once, by whoever knows how (Odoo's ``ir.mail_server``), with marks where
recipients differ. Compiling flattens it (RFC 5322, MIME RFC 2045 and 2046), chooses each part's
content transfer encoding for good and cuts at the marks. Filling encodes the values, each in the
way that its place asks for, and joins: no message object, no parsing, no scan.
"""

import re
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import NamedTuple

from markupsafe import Markup, escape

from . import quoted_printable
from .header import HeaderValue, encoder
from .skeleton import HeaderSlot, HeaderTemplate, Slot, TextSlot, dissect

PER_RECIPIENT_HEADERS = ("To", "Message-Id", "Date")

# Needs neither quoted-printable nor HTML escapes: the same octets serve every text part.
_plain = re.compile(r"(?!\.)[ !#-%(-;?-~]{1,75}").fullmatch
_HOLE_SIZE = 40  # octets guessed for the size
_LARGE = 65536  # octets of a static end that is not worth a copy for each recipient


class Value(NamedTuple):
    """What stands for a mark where the plain and the HTML part differ.

    Each may be given in pieces; long ones that are the same for many recipients are encoded once.

    :ivar text: for text/plain parts and headers
    :ivar html: for text/html parts, inserted as it is
    """

    text: str | Sequence[str]
    html: str | Sequence[str]


class MessageTemplate:
    """A message whose static octets are ready; immutable, so threads may share it.

    :ivar size: octets that a filled message has, about
    :ivar eight_bit: there are octets over 127, which only an attached message can bring
    :ivar dot_free: no line begins with a dot, whatever is filled in: dot-stuffing can be left out
    """

    __slots__ = (
        "_headers",
        "_marked_headers",
        "_segments",
        "_tail",
        "_texts",
        "dot_free",
        "eight_bit",
        "size",
    )

    def __init__(self, segments: Sequence["bytes | Slot"]):
        """Take what :func:`skeleton.dissect` made; use :meth:`compile`."""
        self._segments: list[bytes | None] = []
        self._headers: list[tuple[int, str, object]] = []
        self._marked_headers: list[tuple[int, HeaderTemplate, object]] = []
        places: dict[int, tuple[list[int], list[int]]] = {}
        for position, segment in enumerate(segments):
            self._segments.append(segment if isinstance(segment, bytes) else b"")
            if isinstance(segment, HeaderSlot):
                self._headers.append((position, segment.name, encoder(segment.name)))
            elif isinstance(segment, HeaderTemplate):
                self._marked_headers.append((position, segment, encoder(segment.name)))
            elif isinstance(segment, TextSlot):
                in_text, in_html = places.setdefault(segment.index, ([], []))
                (in_html if segment.is_html else in_text).append(position)
        self._texts = [(index, *places[index]) for index in sorted(places)]
        static = b"".join(segment for segment in self._segments if segment)
        self.eight_bit: bool = not static.isascii()
        self.dot_free: bool = b"\n." not in static
        holes = len(segments) - sum(isinstance(segment, bytes) for segment in segments)
        self.size: int = len(static) + _HOLE_SIZE * holes
        # Attachments come last.
        is_large = isinstance(segments[-1], bytes) and len(segments[-1]) > _LARGE
        self._tail = (self._segments.pop(),) if is_large else ()

    @classmethod
    def compile(
        cls,
        message: EmailMessage,
        marks: Sequence[str],
        per_recipient_headers: Sequence[str] = PER_RECIPIENT_HEADERS,
    ) -> "MessageTemplate":
        """Compile a message that holds marks.

        Text parts with marks become quoted-printable UTF-8, whatever they were; attachments and
        other text parts are encoded here once, and nothing with eight bits remains (but inside an
        attached message: see ``eight_bit``).

        :param message: made with ``email.policy.SMTP`` or a policy derived from it; not changed
        :param marks: each may stand any number of times in text parts and header values, also not
            at all; its place in this list is its value's place in :meth:`fill`
        :param per_recipient_headers: names of fields whose value :meth:`fill` is given; they keep
            the place that they have in the message, or come last
        :raises ValueError: when a mark stands where no value can be put (an attachment's name)
        """
        return cls(list(dissect(message, marks, per_recipient_headers)))

    def fill(
        self,
        values: Sequence["str | Markup | Value | None"],
        headers: Mapping[str, "HeaderValue | bytes | None"],
    ) -> bytes:
        """Return the message for one recipient.

        :param values: one for each mark, by position. A ``str`` is escaped in HTML parts; a
            ``Markup`` goes in as it is (in plain parts and headers its text); a :class:`Value`
            gives both. Line breaks of any kind are kept as line breaks in parts, become blanks in
            headers.
        :param headers: a value for each of the per-recipient headers, named as in compile: a text;
            for address fields better ``(display name, address)`` or a list of these. ``None`` or
            ``""`` leaves the field out. ``bytes`` are the whole field, encoded before.
        :returns: octets with CRLF line ends, ready to be transmitted (the session dot-stuffs where
            a static part asks for it)
        :raises KeyError: when a header's value is missing
        :raises IndexError: when a value is missing
        """
        return b"".join(self.fill_pieces(values, headers))

    def fill_pieces(
        self,
        values: Sequence["str | Markup | Value | None"],
        headers: Mapping[str, "HeaderValue | bytes | None"],
    ) -> tuple[bytes, ...]:
        """Return the message as :meth:`fill` does; large attachments are a piece, never copied."""
        octets = self._segments.copy()
        for position, name, encode in self._headers:
            value = headers[name]
            if value:
                octets[position] = value if type(value) is bytes else encode(value)
        if self._marked_headers:
            texts = [value if type(value) is str else _text(value) for value in values]
            for position, header, encode in self._marked_headers:
                octets[position] = encode(header.fill(texts))
        for index, in_text, in_html in self._texts:
            value = values[index]
            if type(value) is str and _plain(value):
                text = html = value.encode() + quoted_printable.SOFT_BREAK
            else:
                text, html = _encode(value, bool(in_text), bool(in_html))
            for position in in_text:
                octets[position] = text
            for position in in_html:
                octets[position] = html
        return (b"".join(octets), *self._tail)


def _encode(
    value: "str | Markup | Value | None", for_text: bool, for_html: bool
) -> tuple[bytes, bytes]:
    """Return the value's quoted-printable octets for plain and for HTML parts, where wanted."""
    if isinstance(value, Value):
        text, html = value
    else:
        text, html = _text(value), str(escape(value or ""))
    return _encode_part(text) if for_text else b"", _encode_part(html) if for_html else b""


def _encode_part(part: str | Sequence[str]) -> bytes:
    if isinstance(part, str):
        return quoted_printable.encode(part)
    return quoted_printable.encode_pieces(part)


def _text(value: "str | Markup | Value | None") -> str:
    if isinstance(value, Value):
        return value.text if isinstance(value.text, str) else "".join(value.text)
    return value.striptags() if isinstance(value, Markup) else str(value or "")
