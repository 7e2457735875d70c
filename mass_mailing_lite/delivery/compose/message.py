"""A message compiled to octets with slots, filled once for each recipient.

The caller builds one ``EmailMessage`` with slot markers where recipients differ. Compiling makes
octets from it (RFC 5322, MIME RFC 2045 and 2046), with a fixed content transfer encoding for each
part, and cuts them at the markers. Filling encodes each value for its slot and joins the pieces: it
builds and parses no message.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from typing import NamedTuple

from markupsafe import Markup, escape

from . import quoted_printable
from .header import LITERAL_HEADERS, HeaderValue, check_fields, encoder
from .skeleton import HeaderSlot, HeaderTemplate, Slot, TextSlot, dissect

PER_RECIPIENT_HEADERS = ("To", "Message-Id", "Date")

# Needs neither quoted-printable nor HTML escapes: the octets are the same in all text parts.
_plain = re.compile(r"(?!\.)[ !#-%(-;?-~]{1,75}").fullmatch
# Tokens, which need no encoding in a field of identifiers either.
_is_token = re.compile(r"[A-Za-z0-9_-]{1,100}").fullmatch
_SLOT_SIZE = 40  # octets, estimated
_LARGE = 65536  # octets of a static end that is not copied for each recipient


class Value(NamedTuple):
    """The value of a slot that differs between plain text and HTML.

    Each form may be given in pieces; long pieces that many recipients share are encoded once.

    :ivar text: for text/plain parts and headers
    :ivar html: for text/html parts, inserted as it is
    """

    text: str | Sequence[str]
    html: str | Sequence[str]


class MessageTemplate:
    """A compiled message; immutable, so threads may share it.

    :ivar size: estimated octets of a filled message
    :ivar eight_bit: it has octets over 127; only an attached message can have them
    :ivar dot_free: no line begins with a dot, whatever the values: no dot-stuffing is needed
    """

    __slots__ = (
        "_header_templates",
        "_headers",
        "_segments",
        "_tail",
        "_texts",
        "dot_free",
        "eight_bit",
        "size",
    )

    def __init__(self, segments: Sequence["bytes | Slot"]):
        """Take the result of :func:`skeleton.dissect`; callers use :meth:`compile`."""
        self._segments: list[bytes | None] = []
        self._headers: list[tuple[int, str, object]] = []
        self._header_templates: list[tuple[int, HeaderTemplate, object, object]] = []
        places: dict[int, tuple[list[int], list[int]]] = {}
        for position, segment in enumerate(segments):
            self._segments.append(segment if isinstance(segment, bytes) else b"")
            if isinstance(segment, HeaderSlot):
                self._headers.append((position, segment.name, encoder(segment.name)))
            elif isinstance(segment, HeaderTemplate):
                encode = encoder(segment.name)
                self._header_templates.append((position, segment, encode, _cut(segment, encode)))
            elif isinstance(segment, TextSlot):
                in_text, in_html = places.setdefault(segment.index, ([], []))
                (in_html if segment.is_html else in_text).append(position)
        self._texts = [(index, *places[index]) for index in sorted(places)]
        static = b"".join(segment for segment in self._segments if segment)
        self.eight_bit: bool = not static.isascii()
        self.dot_free: bool = b"\n." not in static
        slots = len(segments) - sum(isinstance(segment, bytes) for segment in segments)
        self.size: int = len(static) + _SLOT_SIZE * slots
        # Attachments are at the end.
        is_large = isinstance(segments[-1], bytes) and len(segments[-1]) > _LARGE
        self._tail = (self._segments.pop(),) if is_large else ()

    @classmethod
    def compile(
        cls,
        message: EmailMessage,
        markers: Sequence[str],
        per_recipient_headers: Sequence[str] = PER_RECIPIENT_HEADERS,
    ) -> "MessageTemplate":
        """Compile a message that holds slot markers.

        Text parts with slots become quoted-printable UTF-8. All other parts are encoded here, once,
        in seven bits (except an attached message: see ``eight_bit``).

        :param message: made with ``email.policy.SMTP`` or a policy derived from it; not changed
        :param markers: slot markers, each any number of times (or not at all) in text parts and
            header values; the position in this list is the position of the value in :meth:`fill`
        :param per_recipient_headers: names of the fields that :meth:`fill` gets values for; they
            keep their place in the message, or come last
        :raises ValueError: when a marker stands where no value can be put (an attachment's name)
        """
        return cls(list(dissect(message, markers, per_recipient_headers)))

    def fill(
        self,
        values: Sequence["str | Markup | Value | None"],
        headers: Mapping[str, "HeaderValue | bytes | None"],
    ) -> bytes:
        """Return the message for one recipient.

        :param values: one for each slot, by position. A ``str`` is escaped in HTML parts; a
            ``Markup`` is not (plain parts and headers get its text); a :class:`Value` gives both
            forms. Line breaks of any kind stay line breaks in parts and become blanks in headers.
        :param headers: a value for each of the per-recipient headers, by the names given to
            :meth:`compile`: a text, or for address fields ``(display name, address)`` or a list of
            these. ``None`` or ``""`` omits the field. ``bytes`` are the whole field, encoded.
        :returns: octets with CRLF line ends, not dot-stuffed (see ``dot_free``)
        :raises KeyError: when a header's value is missing
        :raises IndexError: when a value is missing
        :raises HeaderError: when a field would begin another one
        """
        return b"".join(self.fill_pieces(values, headers))

    def fill_pieces(
        self,
        values: Sequence["str | Markup | Value | None"],
        headers: Mapping[str, "HeaderValue | bytes | None"],
    ) -> tuple[bytes, ...]:
        """Return the message as :meth:`fill` does; large attachments are not copied."""
        octets = self._segments.copy()
        fields: list[bytes] = []
        for position, name, encode in self._headers:
            value = headers[name]
            if value:
                field = value if type(value) is bytes else encode(value)
                octets[position] = field
                fields.append(field)
        if self._header_templates:
            texts = [value if type(value) is str else _text(value) for value in values]
            for position, header, encode, cut in self._header_templates:
                if cut and _is_token(texts[cut[1]]):
                    octets[position] = cut[0] + texts[cut[1]].encode() + cut[2]
                    continue
                octets[position] = field = encode(header.fill(texts))
                fields.append(field)
        check_fields(fields)
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


def _cut(header: HeaderTemplate, encode: Callable) -> tuple[bytes, int, bytes] | None:
    """Return a field of identifiers with one slot as octets, the slot's number, and octets.

    ``None`` for any other field, whose octets depend on its value as a whole.
    """
    is_one = len(header.pieces) == 3 and isinstance(header.pieces[1], int)
    if not is_one or header.name.lower() not in LITERAL_HEADERS:
        return None
    before, number, after = header.pieces
    sample = "x" * 100
    octets = encode(f"{before}{sample}{after}")
    if b" " in octets[len(header.name) + 2 :] or octets.count(sample.encode()) != 1:
        return None
    begin, _sample, end = octets.partition(sample.encode())
    return begin, number, end


def _encode(
    value: "str | Markup | Value | None", for_text: bool, for_html: bool
) -> tuple[bytes, bytes]:
    """Return a value's quoted-printable octets for plain and for HTML parts, where wanted."""
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
