"""Quoted-printable octets of texts that are joined afterwards (RFC 2045, section 6.7).

Each text begins a line and ends with a soft line break, so texts may be joined in any order: no
line is longer than 76 characters, no line ends in a blank, and no line begins with a dot. The last
makes dot-stuffing (RFC 5321, section 4.5.2) unnecessary.
"""

import binascii
import re
from collections.abc import Iterable
from functools import lru_cache

SOFT_BREAK = b"=\r\n"
LINE = 76  # characters of a line, the "=" of a soft line break included

_plain = re.compile(
    r"[ -<>-~]{1,75}"
).fullmatch  # printable ASCII except "=", with room for a soft break
# Characters of the texts that are worth caching: to encode 6 kB takes 80 µs.
_MIN_CACHED, _MAX_CACHED = 200, 100_000
_LINE_BREAK = re.compile("\r\n|\r|\n")
_LINE_WITH_DOT = re.compile(rb"\r\n(\.+)([^\r\n]*)")


class Encoded(str):
    """A text with its octets, encoded once.

    :ivar octets: as :func:`encode` returns them
    """

    __slots__ = ("octets",)

    octets: bytes

    def __new__(cls, text: str) -> "Encoded":
        made = super().__new__(cls, text)
        made.octets = encode(text)
        return made


def encode(text: str) -> bytes:
    """Return the text's octets, to be followed by more text.

    :param text: any text; CR, LF and CRLF each count as one line break
    :returns: UTF-8 in quoted-printable. It ends in a line break: the text's own, or else a soft
        one. Empty for the empty text
    """
    if _plain(text) and text[0] != ".":
        return text.encode() + SOFT_BREAK
    octets = encode_last(text)
    return octets if not octets or octets.endswith(b"\r\n") else octets + SOFT_BREAK


def encode_last(text: str) -> bytes:
    """Return the text's octets as :func:`encode` does, without the soft line break at the end."""
    if "\n" in text or "\r" in text:
        text = _LINE_BREAK.sub("\r\n", text)
    raw = text.encode("utf-8", "replace")  # lone surrogates cannot be encoded
    # b2a_qp takes the form of line breaks from the first one in its input, so CRLF goes first. It
    # does not encode leading dots.
    octets = binascii.b2a_qp(b"\r\n" + raw + b"\r\n", istext=True)
    if b"\r\n." in octets:
        octets = _LINE_WITH_DOT.sub(_encode_dots, octets)
    return octets[2:-2]


def encode_pieces(pieces: Iterable[str]) -> bytes:
    """Return the octets of texts as :func:`encode` does; those of long texts are cached."""
    octets, short = [], []
    for piece in pieces:
        if type(piece) is Encoded:
            if short:
                octets.append(encode("".join(short)))
                short = []
            octets.append(piece.octets)
            continue
        if len(piece) < _MIN_CACHED:
            short.append(piece)
            continue
        if short:
            octets.append(encode("".join(short)))
            short = []
        octets.append(_encode_cached(piece) if len(piece) < _MAX_CACHED else encode(piece))
    if short:
        octets.append(encode("".join(short)))
    return b"".join(octets)


def _encode_dots(match: re.Match[bytes]) -> bytes:
    """Return a line whose leading dots are encoded; each takes three characters then."""
    dots, rest = match.groups()
    lines = [b"=2E" * len(dots[start : start + 25]) for start in range(0, len(dots), 25)]
    if len(lines[-1]) + len(rest) < LINE:
        lines[-1] += rest
    else:
        lines.append(rest)
    return b"\r\n" + SOFT_BREAK.join(lines)


_encode_cached = lru_cache(maxsize=256)(encode)
