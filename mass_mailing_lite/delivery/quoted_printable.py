"""Quoted-printable octets of texts that stand one after the other (RFC 2045, section 6.7).

Each text begins at the beginning of a line and ends with a soft line break, so texts may be joined
in any combination: no line grows over 76 characters, no line ends in a blank, and no line begins
with a dot, which is why a part made of them needs no dot-stuffing (RFC 5321, section 4.5.2).
"""

import binascii
import re

SOFT_BREAK = b"=\r\n"

_plain = re.compile(r"[ -<>-~]{1,75}").fullmatch  # printable ASCII but "=", with room for one "="
_LINE_BREAK = re.compile("\r\n|\r|\n")
_UNSAFE = re.compile(rb"[^ -<>-~\r\n]|[ \t](?=\r\n)|=")
_LINE = 75  # characters, one more is kept for the "=" of the soft line break


def encode(text: str) -> bytes:
    """Return the text's octets, to be followed by more text.

    :param text: any text; CR, LF and CRLF each count as one line break
    :returns: UTF-8 in quoted-printable, ending in a line break (soft unless the text ends in one);
        nothing for the empty text
    """
    if _plain(text) and text[0] != ".":
        return text.encode() + SOFT_BREAK
    octets = encode_last(text)
    return octets if not octets or octets.endswith(b"\r\n") else octets + SOFT_BREAK


def encode_last(text: str) -> bytes:
    """Return the text's octets as :func:`encode` does, without the soft line break at the end."""
    # A lone surrogate has no octets; none comes out of a database.
    raw = _LINE_BREAK.sub("\r\n", text).encode("utf-8", "replace")
    # The C function takes the line break's form from the first one it meets, so it is given one;
    # it leaves leading dots alone, and an encoded dot makes the line longer: that is rare.
    octets = binascii.b2a_qp(b"\r\n" + raw + b"\r\n", istext=True)
    if b"\r\n." in octets:
        octets = b"\r\n" + b"".join(map(_encode_line, raw.split(b"\r\n")))
    return octets[2:-2]


def _encode_line(line: bytes) -> bytes:
    """Encode one line, its line break included."""
    quoted = _UNSAFE.sub(lambda match: b"=%02X" % match[0][0], line + b"\r\n")[:-2]
    pieces = []
    start = 0
    while True:
        prefix = b""
        if quoted[start : start + 1] == b".":
            prefix, start = b"=2E", start + 1
        end = start + _LINE - len(prefix)
        if end >= len(quoted):
            pieces.append(prefix + quoted[start:])
            return SOFT_BREAK.join(pieces) + b"\r\n"
        # "=C3" stays in one piece
        end -= next((back for back in (1, 2) if quoted[end - back : end - back + 1] == b"="), 0)
        pieces.append(prefix + quoted[start:end])
        start = end
