"""Reads headers and parts of messages that may break the standards; raises nothing.

The header objects of ``email.policy.default`` raise on some malformed headers, so headers are read
raw. Text with an unknown character set, or with octets outside of it, is decoded as far as
possible.
"""

import email
import re
from email.message import Message

from ..compose.encoded_word import decode_words

TEXT_LIMIT = 65536  # characters of a part that are read; the text of a report is much shorter
HEADER_LIMIT = 16384  # characters of a header that are read: 200 Message-IDs
MAX_PARTS, MAX_DEPTH = 100, 20  # of a message that are looked at, and how deep they are nested
MAX_GROUPS = 1000  # of a delivery status: a recipient has one

_MESSAGE_ID = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")
# A run of signs is looked at once: without the first assertion, anew from each of its signs.
_ADDRESS = re.compile(
    r"(?<![^\s<>()\[\]\",;:@])[^\s<>()\[\]\",;:@]{1,320}@[^\s<>()\[\]\",;:@]{1,255}"
)


def headers(message: Message, name: str) -> list[str]:
    """Return all values of a header, unfolded and decoded, in order."""
    wanted = name.lower()
    return [_decoded(value) for key, value in message.raw_items() if key.lower() == wanted]


def header(message: Message, name: str) -> str:
    """Return the first value of a header, or ``""``."""
    return next(iter(headers(message, name)), "")


def _decoded(value: str) -> str:
    text = re.sub(r"(?<![\r\n])[\r\n]+(?=[ \t])", "", str(value)[:HEADER_LIMIT]).strip()
    if not text.isascii():  # octets that the parser has kept, of UTF-8 (RFC 6532)
        try:
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        except UnicodeError:
            text = text.encode("utf-8", "replace").decode("utf-8")
    try:
        return decode_words(text)
    except ValueError:  # an unknown character set, a broken encoded word
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
    waiting, seen = [(message, 0)], 0
    while waiting and seen < MAX_PARTS:
        part, depth = waiting.pop()
        seen += 1
        yield part
        if part.get_content_maintype() == "multipart" and part.is_multipart() and depth < MAX_DEPTH:
            inside = part.get_payload()[:MAX_PARTS]
            waiting += [(one, depth + 1) for one in reversed(inside)]


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
    return inside[:MAX_GROUPS]


def _decode(part: Message, inside: list[Message]) -> str:
    """Return the decoded text of a part whose encoded octets the parser took for messages."""
    wrapper = Message()
    wrapper["Content-Transfer-Encoding"] = header(part, "Content-Transfer-Encoding")
    wrapper.set_payload("\n\n".join(group.as_string().strip() for group in inside))
    return text(wrapper).replace("\r\n", "\n")


def _groups(text: str) -> list[Message]:
    blocks = re.split(r"\n\s*\n", text.strip(), maxsplit=MAX_GROUPS)[:MAX_GROUPS]
    return [email.message_from_string(block) for block in blocks]


def message_ids(value: str) -> list[str]:
    """Return the Message-IDs in the value of a header, also those that a fold cuts in two."""
    return _MESSAGE_ID.findall(re.sub(r"(?<=[\w.-])[\r\n]+[ \t]+(?=[\w.-])", "", value))


def addresses(value: str) -> list[str]:
    """Return the mail addresses in a text, in lower case."""
    return [found.strip(".'").lower() for found in _ADDRESS.findall(value)]
