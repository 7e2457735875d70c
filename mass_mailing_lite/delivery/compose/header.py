"""Header fields as octets: quoting, encoded words, folding.

Field syntax and folding RFC 5322 (sections 2.2, 3.2.4, 3.4), encoded words RFC 2047, UTF-8 in the
local part of an address RFC 6532, lists of URLs RFC 2369. Python's ``email`` does the same but
takes 50 µs and more for one field. Here the usual field, printable ASCII on one line, takes less
than 1 µs.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from email.headerregistry import Address
from email.policy import EmailPolicy, Policy
from email.utils import getaddresses
from functools import partial
from urllib.parse import quote

from ..address import ascii_domain
from ..characters import CONTROL, CONTROL_RANGES
from .encoded_word import decode_words, encoded_words

Mailbox = tuple[str, str]  # display name, address
HeaderValue = str | Mailbox | Sequence[Mailbox]

LINE = 78  # characters that a line should not exceed, RFC 5322 section 2.1.1
MAX_LINE = 998  # characters that a line must not exceed

ADDRESS_HEADERS = frozenset(
    (
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "resent-from",
        "resent-sender",
        "resent-to",
        "resent-cc",
        "resent-bcc",
    )
)
# Identifiers, dates and URLs: an encoded word or a fold inside of one would change its meaning.
LITERAL_HEADERS = frozenset(
    (
        "message-id",
        "in-reply-to",
        "references",
        "date",
        "return-path",
        "feedback-id",
        "content-id",
        "content-location",
        "content-transfer-encoding",
        "mime-version",
        "list-help",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "list-subscribe",
        "list-post",
        "list-owner",
        "list-archive",
    )
)

# Fields of MIME with parameters, RFC 2045 (section 5.1) and RFC 2183.
PARAMETER_HEADERS = frozenset(("content-type", "content-disposition"))

# Why a text cannot stand in a header field.
CONTROL_CHARACTER, CODED, TOO_LONG = "control_character", "coded", "too_long"

_CONTROL = re.compile(f"[{CONTROL_RANGES}]+")
_IN_ADDRESS = re.compile(rf"[{CONTROL_RANGES} <>]+")
_printable = re.compile(r"[ -~]*").fullmatch
_plain_name = re.compile(r"[ !#-<>-\[\]-~]*").fullmatch  # needs no escape and no encoded word
# Nearly all values: printable, no blanks at the ends, no quotation marks, no "=?".
_usual_text = re.compile(r"[!-<>-~](?:[ -<>-~]*[!-<>-~])?").fullmatch
_usual_mailbox = re.compile(
    r"[!-9;-~]+: "  # name of the field
    r'"[!#-<>-\[\]-~](?:[ !#-<>-\[\]-~]*[!#-<>-\[\]-~])?"'
    r" <[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9.-]+>"
).fullmatch
_usual_identifier = re.compile(r"[!-~]{1,900}").fullmatch  # no blank, so nowhere to fold
_dot_atom = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+").fullmatch
_is_token = re.compile(r"[A-Za-z0-9!#$&^_`{|}~.+-]{1,127}").fullmatch
_is_type = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}").fullmatch
_is_field_name = re.compile(r"[!-9;-~]{1,127}").fullmatch
_PERCENT = re.compile(r"(?:%[0-9A-F]{2}|[^%]){1,60}")
# One field: after its name, each line goes on the one before and has more than blanks.
_is_field = re.compile(
    rb"[!-9;-~]+:(?:[\t ][\t -~\x80-\xff]*)?(?:\r\n[\t ]+[!-~\x80-\xff][\t -~\x80-\xff]*)*\r\n"
).fullmatch
_ONE_LINE = bytes((*range(32, 127), *b"\r\n"))


class HeaderError(ValueError):
    """A value that cannot stand in a header field, or would begin another one.

    :ivar reason: ``CONTROL_CHARACTER``, ``CODED`` or ``TOO_LONG``
    :ivar name: of the field, where it is known
    """

    def __init__(self, reason: str, name: str = ""):
        words = {
            CONTROL_CHARACTER: "has a line break or another control character",
            CODED: "has a coded text that cannot be read",
            TOO_LONG: "is too long",
        }
        super().__init__(f'The header field "{name}" {words[reason]}; the message was not made')
        self.reason = reason
        self.name = name


def read_text(text: str, most: int) -> str:
    """Read a text that becomes a header field, as mail programs show it: the gate for all of them.

    Encoded words (RFC 2047) are decoded, tabs are blanks, blanks at the ends are dropped.

    :param most: the maximum number of characters
    :raises HeaderError: when it has a control character, also a coded one; when its encoded words
        cannot be read or have others inside; when it is too long
    """
    line = text.strip(" \t\r\n").replace("\t", " ")
    if len(line) > max(most, 4000):  # encoded words take more room than what they say
        raise HeaderError(TOO_LONG)
    if CONTROL.search(line):
        raise HeaderError(CONTROL_CHARACTER)
    try:
        line = decode_words(line)
    except ValueError as error:
        raise HeaderError(CODED) from error
    if CONTROL.search(line):
        raise HeaderError(CONTROL_CHARACTER)
    if len(line) > most:
        raise HeaderError(TOO_LONG)
    return line


def is_field_name(text: str) -> bool:
    """Tell whether a text is the name of a field (RFC 5322, section 2.2)."""
    return bool(_is_field_name(text))


def is_media_type(text: str) -> bool:
    """Tell whether a text is a media type, such as ``text/plain`` (RFC 6838, section 4.2)."""
    return bool(_is_type(text))


def check_field(name: str, octets: bytes) -> bytes:
    """Return the octets of a field, which may have several lines and is one field.

    The last look before a field becomes part of a message.

    :raises HeaderError: when a line would begin another field or end the header
    """
    if not _is_field(octets) or not octets.startswith(name.encode("ascii", "replace") + b":"):
        raise HeaderError(CONTROL_CHARACTER, name)
    if not octets.isascii() and CONTROL.search(
        octets.replace(b"\r\n", b"").replace(b"\t", b" ").decode("utf-8", "surrogateescape")
    ):
        raise HeaderError(CONTROL_CHARACTER, name)
    return octets


def encoder(name: str) -> Callable[[HeaderValue], bytes]:
    """Return the function that makes the octets of the field ``name`` from its value.

    The function takes a text, or for address fields a ``(display name, address)`` or a list of
    them. It returns ``Name: value``, folded, with CRLF at the end. Control characters in a value
    become blanks, so a value cannot begin another field.
    """
    if name.lower() in ADDRESS_HEADERS:
        return partial(encode_mailboxes, name)
    if name.lower() in LITERAL_HEADERS:
        return partial(encode_literal, name)
    return partial(encode_text, name)


def clean(text: str) -> str:
    """Put a value on one line, without control characters and blanks at its ends."""
    return text if _printable(text) else _CONTROL.sub(" ", text).strip()


def check_fields(fields: Sequence[bytes]) -> None:
    """Check the fields of one message as :func:`check_field` does, together.

    It runs for each message: fields of one line of ASCII, nearly all, are counted, not parsed.

    :raises HeaderError: when one would begin another
    """
    joined = b"\0".join((*fields, b""))
    count = len(fields)
    # Each CR and LF is at the end of a field, and all that is not printable is CR, LF or between.
    if (
        joined.count(b"\r\n\0") == joined.count(b"\n") == joined.count(b"\r") == count
        and len(joined.translate(None, _ONE_LINE)) == count
    ):
        return
    for octets in fields:
        check_field(octets.partition(b":")[0].decode("ascii", "replace"), octets)


def encode_text(name: str, text: str) -> bytes:
    """Encode an unstructured field such as Subject."""
    line = f"{name}: {text}"
    if len(line) <= LINE and _usual_text(text):
        return line.encode() + b"\r\n"
    text = clean(text).strip()
    line = f"{name}: {text}"
    if line.isascii() and "=?" not in text:
        if len(line) <= LINE:
            return line.encode() + b"\r\n"
        if "  " not in text and (folded := _fold(line, len(name) + 2)):
            return folded
    return f"{name}: {encoded_words(text, len(name) + 2)}\r\n".encode()


def encode_literal(name: str, text: str) -> bytes:
    """Encode a field of identifiers or URLs, percent-encoded where not ASCII (RFC 3987, 3.1)."""
    if _usual_identifier(text):
        return f"{name}: {text}\r\n".encode()
    text = clean(text).strip()
    if not text.isascii():
        text = quote(text, safe="".join(map(chr, range(32, 127))))
    line = f"{name}: {text}"
    if len(line) <= LINE:
        return line.encode() + b"\r\n"
    return _fold(line, len(name) + 2) or line.encode() + b"\r\n"


def encode_mailboxes(name: str, value: HeaderValue) -> bytes:
    """Encode an address field from one mailbox, a list of mailboxes, or a text of mailboxes."""
    if isinstance(value, str):
        try:
            value = getaddresses([clean(value)])
        except RecursionError as error:  # thousands of brackets
            raise HeaderError(TOO_LONG, name) from error
    elif value and isinstance(value[0], str):
        line = f'{name}: "{value[0]}" <{value[1]}>'
        if len(line) <= LINE and _usual_mailbox(line):
            return line.encode() + b"\r\n"
        value = (value,)
    line = f"{name}:"
    lines = []
    for number, mailbox in enumerate(value):
        text = encode_mailbox(*mailbox, column=len(line) + 1)
        if number:
            line += ","
        if number and len(line) + 1 + len(text.partition("\r\n")[0]) > LINE:
            lines.append(line)
            line = ""
        line = f"{line} {text}"
    lines.append(line)
    return "\r\n".join(lines).encode() + b"\r\n"


def encode_mailbox(display_name: str, address: str, column: int = 1) -> str:
    """Return ``"Name" <address>``, folded where a line would be longer than 78 characters.

    :param column: number of characters before it on its line
    """
    address = _clean_address(address)
    display_name = clean(display_name).strip() if display_name else ""
    if not display_name:
        return address
    if _plain_name(display_name):
        phrase = f'"{display_name}"'
    elif display_name.isascii() and "=?" not in display_name:
        escaped = display_name.replace("\\", "\\\\").replace('"', '\\"')
        phrase = f'"{escaped}"'
    else:
        phrase = encoded_words(display_name, column)
    if len(phrase) > MAX_LINE - 100 and phrase[0] == '"':
        phrase = encoded_words(display_name, column)
    last = phrase.rpartition("\n")[2]
    width = len(last) + (column if last is phrase or last == phrase else 0)
    separator = " " if width + len(address) + 3 <= LINE else "\r\n "
    return f"{phrase}{separator}<{address}>"


def encode_parsed(policy: EmailPolicy, name: str, value: object) -> bytes:
    """Encode a field of an ``EmailMessage`` from what its parser understood.

    Python decodes encoded words while it folds, and some of its versions then write a coded line
    break as a line break. Its folding also loses the quotation marks of a long name with a comma,
    and the field then has a mailbox for each part of the name (gh-121284 in CPython's tracker).

    :param policy: of the message
    :param value: as ``EmailMessage.raw_items`` has it
    :raises HeaderError: when it has a control character
    """
    if not hasattr(value, "name"):  # of a message that is attached as it came
        lines = re.split("\r\n|\r|\n", str(value))
        return (
            f"{name}: ".encode() + "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n"
        )
    kind = name.lower()
    if kind in ADDRESS_HEADERS:
        return check_field(name, encode_mailboxes(name, parsed_mailboxes(policy, name, value)))
    if kind in PARAMETER_HEADERS:
        main = getattr(value, "content_type", None) or getattr(value, "content_disposition", None)
        return check_field(name, encode_parameters(name, main or "attachment", value.params))
    text = check_literal(name, str(value).strip())
    return check_field(name, encoder(name)(text))


def parsed_mailboxes(policy: EmailPolicy, name: str, value: object) -> list[Mailbox]:
    """Return the mailboxes of an address field of an ``EmailMessage``.

    :raises HeaderError: when one has a control character
    """
    found = []
    for box in value.addresses:
        # A field that was set from a list of texts has them in place of mailboxes. Each is read by
        # itself: quoted texts of two of them must not make an encoded word together.
        boxes = policy.header_factory(name, box).addresses if isinstance(box, str) else (box,)
        found += [(box.display_name, box.addr_spec) for box in boxes]
    for display_name, address in found:
        check_literal(name, display_name)
        check_literal(name, address)
    return found


def encode_parameters(name: str, main: str, parameters: Mapping[str, str]) -> bytes:
    """Encode a field with parameters, such as Content-Disposition (RFC 2045, RFC 2231).

    :raises HeaderError: when a value has a control character
    """
    pieces = [check_literal(name, main)]
    for key, value in parameters.items():
        if not _is_token(key):
            raise HeaderError(CONTROL_CHARACTER, name)
        pieces += _parameter(key, check_literal(name, str(value)))
    line, lines = f"{name}: {pieces[0]}", []
    for piece in pieces[1:]:
        if len(line) + len(piece) + 2 > LINE:
            lines.append(f"{line};")
            line = f" {piece}"
        else:
            line = f"{line}; {piece}"
    return "\r\n".join([*lines, line]).encode() + b"\r\n"


def _parameter(key: str, value: str) -> list[str]:
    """Return a parameter in as many sections as its length needs (RFC 2231, section 4.1)."""
    if _printable(value) and "=?" not in value and len(key) + len(value) < LINE - 5:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return [f'{key}="{escaped}"']
    octets = quote(value, safe="", errors="replace")
    sections = _PERCENT.findall(octets)
    if len(sections) == 1:
        return [f"{key}*=utf-8''{octets}"]
    return [
        f"{key}*{number}*={'' if number else chr(39).join(('utf-8', '', ''))}{section}"
        for number, section in enumerate(sections)
    ]


def inert_text(text: str) -> str:
    """Return a text that another program reads as this one, though it would decode its words."""
    if "=?" not in text:
        return text
    return encoded_words(clean(text), 0).replace("\r\n", "")


def inert_mailbox(box: Address) -> str:
    """Return a mailbox that another program reads as this one; see :func:`inert_text`."""
    if "=?" not in box.display_name:
        return str(box)
    return f"{inert_text(box.display_name)} <{box.addr_spec}>"


def check_literal(name: str, text: str) -> str:
    """Return a text that does not differ between recipients.

    :raises HeaderError: when it has a control character
    """
    if CONTROL.search(text):
        raise HeaderError(CONTROL_CHARACTER, name)
    return text


class _OwnEncoding:
    """A policy that encodes fields by :func:`encode_parsed`."""

    def fold(self, name, value):
        return encode_parsed(self, name, value).decode("utf-8", "surrogateescape")

    def fold_binary(self, name, value):
        return encode_parsed(self, name, value)


def with_own_encoding(policy: Policy) -> Policy:
    """Return a policy like this one, for a message that others make octets of.

    They get a ``HeaderError`` when a field has a control character.
    """
    if not isinstance(policy, EmailPolicy):
        return policy
    kind = type("OwnEncoding", (_OwnEncoding, type(policy)), {})
    made = kind.__new__(kind)
    for name, value in vars(policy).items():  # as ``Policy.clone`` does
        object.__setattr__(made, name, value)
    return made


def _clean_address(address: str) -> str:
    """Return the address without what would end it, its domain in ASCII where it has that form.

    A bad address is not reported here: ``smtp.extensions`` refuses to transmit to it.
    """
    if not _printable(address) or " " in address or "<" in address or ">" in address:
        address = _IN_ADDRESS.sub("", address)
    try:
        address = ascii_domain(address)
    except UnicodeError:
        return address
    local, at, domain = address.rpartition("@")
    if at and not _dot_atom(local) and not (len(local) > 1 and local[0] == local[-1] == '"'):
        escaped = local.replace("\\", "\\\\").replace('"', '\\"')
        local = f'"{escaped}"'
    return f"{local}{at}{domain}"


def _fold(line: str, start: int) -> bytes | None:
    """Fold at blanks after column ``start``; ``None`` when a word is too long for a line."""
    lines = []
    while len(line) > LINE:
        cut = line.rfind(" ", start, LINE + 1)
        if cut < start:
            cut = line.find(" ", max(start, 1))
        if cut < 0:
            break
        lines.append(line[:cut])
        line, start = line[cut:], 1
    lines.append(line)
    if any(len(folded) > MAX_LINE for folded in lines):
        return None
    return "\r\n".join(lines).encode() + b"\r\n"
