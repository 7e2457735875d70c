"""Text that is not ASCII in header fields: encoded words (RFC 2047).

The whole text goes into encoded words, blanks included: readers drop the blanks between two encoded
words (section 6.2), so a mixture of encoded and plain words easily loses or gains one.
"""

import binascii
import codecs
import re
from collections.abc import Iterator

WORD = 75  # characters of one encoded word, section 2
LINE = 76  # characters of a line that holds one, section 2

_OVERHEAD = len("=?utf-8?q?" + "?=")
_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
# "Q" encoding; only the characters that a display name may have too (section 5, rule 3) stay.
_Q = [chr(octet) if octet in _SAFE else f"={octet:02X}" for octet in range(256)]
_Q[0x20] = "_"


MAX_CODED = 4000  # characters of a text in which encoded words are decoded

_BEGIN = re.compile(r"=\?([^?]{0,80})\?([bBqQ])\?")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
# Codecs of Python's own, which are no charsets of mail.
_NO_CHARSETS = frozenset(("unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"))


def decode_words(text: str) -> str:
    """Return a text with its encoded words decoded, as the most lenient mail program reads them.

    Words may be longer than the 75 characters of RFC 2047, stand within other words, and divide a
    character between them. A text without encoded words is returned as it is.

    :raises ValueError: when a word cannot be read, and when the result has encoded words again,
        which the next program would read as something else
    """
    if "=?" not in text or not _BEGIN.search(text):
        return text
    pieces = list(_divide(text))
    if not any(isinstance(piece, tuple) for piece in pieces):
        return text
    if len(text) > MAX_CODED:
        raise ValueError("too long")
    decoded = "".join(
        _decode(*piece) if isinstance(piece, tuple) else piece for piece in _join_words(pieces)
    )
    if any(isinstance(piece, tuple) for piece in _divide(decoded)):
        raise ValueError("coded twice")
    return decoded


def _divide(text: str) -> Iterator[str | tuple[str, bytes]]:
    """Yield the plain pieces of a text, and (charset, octets) of each encoded word."""
    place = 0
    while begin := _BEGIN.search(text, place):
        end = text.find("?=", begin.end())
        if end < 0:
            break
        yield text[place : begin.start()]
        # RFC 2231, section 5: a language may follow the charset.
        charset = begin[1].partition("*")[0].strip()
        yield charset, _octets(text[begin.end() : end], begin[2] in "bB")
        place = end + 2
    yield text[place:]


def _join_words(pieces: list) -> Iterator[str | tuple[str, bytes]]:
    """Yield the pieces without the blanks between two words, and words of one charset as one."""
    word: tuple[str, bytes] | None = None
    blanks = ""
    for piece in pieces:
        if isinstance(piece, str):
            if not word:
                yield piece
            elif piece.strip():
                yield word
                yield piece
                word = None
            else:
                blanks = piece
        elif word and word[0].lower() == piece[0].lower():
            word, blanks = (word[0], word[1] + piece[1]), ""
        else:
            if word:
                yield word
            word, blanks = piece, ""
    if word:
        yield word
        yield blanks


def _octets(coded: str, is_base64: bool) -> bytes:
    """Return the octets in an encoded word.

    :raises ValueError: when it is none
    """
    octets = coded.encode("ascii")
    if is_base64:
        return binascii.a2b_base64(octets + b"==")
    return _HEX.sub(lambda match: bytes((int(match[1], 16),)), octets.replace(b"_", b" "))


def _decode(charset: str, octets: bytes) -> str:
    try:
        name = codecs.lookup(charset).name.replace("_", "-")
        if name in _NO_CHARSETS:
            raise ValueError(f"no charset: {charset}")
        return octets.decode(charset)
    except LookupError as error:
        raise ValueError(str(error)) from error


def encoded_words(text: str, column: int) -> str:
    """Return the text as encoded words, one a line.

    :param text: text without line breaks
    :param column: number of characters before it on the first line
    :returns: ASCII; lines after the first begin with a blank. The shorter one of "B" and "Q"
        encoding; no character is cut in two (section 5: each word is decoded by itself)
    """
    raw = text.encode("utf-8", "replace")
    as_q = sum(len(_Q[octet]) for octet in raw) <= len(binascii.b2a_base64(raw))
    room = min(WORD, LINE - column) - _OVERHEAD
    words: list[str] = []
    word, length = b"", 0
    for character in text:
        octets = character.encode("utf-8", "replace")
        added = sum(len(_Q[octet]) for octet in octets) if as_q else len(octets)
        limit = room if as_q else room // 4 * 3
        if word and length + added > limit:
            words.append(_word(word, as_q))
            word, length, room = b"", 0, WORD - _OVERHEAD
        word += octets
        length += added
    words.append(_word(word, as_q))
    return "\r\n ".join(words)


def _word(octets: bytes, as_q: bool) -> str:
    if as_q:
        return f"=?utf-8?q?{''.join(_Q[octet] for octet in octets)}?="
    return f"=?utf-8?b?{binascii.b2a_base64(octets, newline=False).decode()}?="
