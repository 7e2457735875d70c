"""Text that is not ASCII in header fields: encoded words (RFC 2047).

The whole text goes into encoded words, blanks included: readers drop the blanks between two encoded
words (section 6.2), so a mixture of encoded and plain words easily loses or gains one.
"""

import binascii

WORD = 75  # characters of one encoded word, section 2
LINE = 76  # characters of a line that holds one, section 2

_OVERHEAD = len("=?utf-8?q?" + "?=")
_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
# "Q" encoding; only the characters that a display name may have too (section 5, rule 3) stay.
_Q = [chr(octet) if octet in _SAFE else f"={octet:02X}" for octet in range(256)]
_Q[0x20] = "_"


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
