"""Quoted-printable octets of texts that stand one after the other (RFC 2045, section 6.7).

Each text begins at the beginning of a line and ends with a soft line break, so texts may be joined
in any combination: no line grows over 76 characters, no line ends in a blank, and no line begins
with a dot, which is why a part made of them needs no dot-stuffing (RFC 5321, section 4.5.2).
"""

import binascii
import re
from collections.abc import Iterable
from functools import lru_cache

SOFT_BREAK = b"=\r\n"
LINE = 76  # characters, with the "=" of a soft line break, for which room is kept

_plain = re.compile(r"[ -<>-~]{1,75}").fullmatch  # printable ASCII but "=", with room for one "="
# Characters of a text that is worth remembering: 6 kB take 80 µs.
_LONG, _TOO_LONG = 200, 100_000
_LINE_BREAK = re.compile("\r\n|\r|\n")
_LINE_WITH_DOT = re.compile(rb"\r\n(\.+)([^\r\n]*)")


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
    if "\n" in text or "\r" in text:
        text = _LINE_BREAK.sub("\r\n", text)
    raw = text.encode("utf-8", "replace")
    # The C function takes the line break's form from the first one it meets, so it is given one;
    # it leaves leading dots alone.
    octets = binascii.b2a_qp(b"\r\n" + raw + b"\r\n", istext=True)
    if b"\r\n." in octets:
        octets = _LINE_WITH_DOT.sub(_encode_dots, octets)
    return octets[2:-2]


def encode_pieces(pieces: Iterable[str]) -> bytes:
    """Return the octets of texts as :func:`encode` does; long ones that come again are kept."""
    octets, short = [], []
    for piece in pieces:
        if len(piece) < _LONG:
            short.append(piece)
            continue
        if short:
            octets.append(encode("".join(short)))
            short = []
        octets.append(_encode_again(piece) if len(piece) < _TOO_LONG else encode(piece))
    if short:
        octets.append(encode("".join(short)))
    return b"".join(octets)


def _encode_dots(match: re.Match[bytes]) -> bytes:
    """Return a line without the dots that it begins with; each takes three characters then."""
    dots, rest = match.groups()
    lines = [b"=2E" * len(dots[start : start + 25]) for start in range(0, len(dots), 25)]
    if len(lines[-1]) + len(rest) < LINE:
        lines[-1] += rest
    else:
        lines.append(rest)
    return b"\r\n" + SOFT_BREAK.join(lines)


_encode_again = lru_cache(maxsize=256)(encode)
