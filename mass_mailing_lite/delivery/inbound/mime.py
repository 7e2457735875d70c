"""Reads headers and parts of messages that may break the standards; raises nothing.

The header objects of ``email.policy.default`` raise on some malformed headers, so headers are read
raw. Text with an unknown character set, or with octets outside of it, is decoded as far as
possible.
"""

import email
import re
from email.header import decode_header, make_header
from email.message import Message

TEXT_LIMIT = 65536  # characters of a part that are read; the text of a report is much shorter

_MESSAGE_ID = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]+@[^\s<>()\[\]\",;:@]+")


def headers(message: Message, name: str) -> list[str]:
    """Return all values of a header, unfolded and decoded, in order."""
    wanted = name.lower()
    return [_decoded(value) for key, value in message.raw_items() if key.lower() == wanted]


def header(message: Message, name: str) -> str:
    """Return the first value of a header, or ``""``."""
    return next(iter(headers(message, name)), "")


def _decoded(value: str) -> str:
    text = re.sub(r"[\r\n]+(?=[ \t])", "", str(value)).strip()
    if not text.isascii():  # octets that the parser has kept, of UTF-8 (RFC 6532)
        try:
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        except UnicodeError:
            text = text.encode("utf-8", "replace").decode("utf-8")
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):  # an unknown character set, a broken encoded word
        return text


def text(part: Message) -> str:
    """Return the text of one part that is not a multipart."""
    data = part.get_payload(decode=True) or b""
    data = data[: 4 * TEXT_LIMIT]
    try:
        return data.decode(part.get_content_charset() or "utf-8", "replace")[:TEXT_LIMIT]
    except LookupError:
        return data.decode("latin-1")[:TEXT_LIMIT]


def parts(message: Message):
    """Yield the parts of a message, without the parts of messages attached to it."""
    yield message
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in message.get_payload():
            yield from parts(part)


def find_part(message: Message, *kinds: str) -> Message | None:
    """Return the first part with one of the content types, or None."""
    return next((part for part in parts(message) if part.get_content_type() in kinds), None)


def plain_text(message: Message) -> str:
    """Return the first plain text of a message, or ``""``."""
    part = find_part(message, "text/plain")
    return text(part).replace("\r\n", "\n") if part is not None else ""


def carried(part: Message) -> list[Message]:
    """Return the messages, or the groups of fields, inside a ``message/*`` part.

    RFC 2046 forbids base64 and quoted-printable for such parts; some systems use them nevertheless.
    For ``text/rfc822-headers`` it returns a message with only these headers.
    """
    if part.get_content_maintype() == "text":
        return [email.message_from_string(text(part))]
    if not part.is_multipart():
        return []
    inside = part.get_payload()
    if header(part, "Content-Transfer-Encoding").lower() in ("base64", "quoted-printable"):
        return _groups(_decode(part, inside))
    if part.get_content_type() == "message/global-delivery-status":
        # The parser knows the groups of a "delivery-status" only.
        octets = b"\n\n".join(group.as_bytes() for group in inside)
        return _groups(octets.decode("utf-8", "replace").replace("\r\n", "\n"))
    return inside


def _decode(part: Message, inside: list[Message]) -> str:
    """Return the decoded text of a part whose encoded octets the parser took for messages."""
    wrapper = Message()
    wrapper["Content-Transfer-Encoding"] = header(part, "Content-Transfer-Encoding")
    wrapper.set_payload("\n\n".join(group.as_string().strip() for group in inside))
    return text(wrapper).replace("\r\n", "\n")


def _groups(text: str) -> list[Message]:
    blocks = re.split(r"\n\s*\n", text.strip())
    return [email.message_from_string(block) for block in blocks]


def message_ids(value: str) -> list[str]:
    """Return the Message-IDs in the value of a header, also those that a fold cuts in two."""
    return _MESSAGE_ID.findall(re.sub(r"(?<=[\w.-])[\r\n]+[ \t]+(?=[\w.-])", "", value))


def addresses(value: str) -> list[str]:
    """Return the mail addresses in a text, in lower case."""
    return [found.strip(".'").lower() for found in _ADDRESS.findall(value)]
