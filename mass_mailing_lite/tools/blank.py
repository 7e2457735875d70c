"""Texts in which a reader sees nothing."""

import unicodedata

# Neither separators nor controls by their category, and yet nothing is drawn: letters that fill a
# place in Korean and Braille, and signs that only change the character before them.
_UNSEEN = frozenset(
    (
        *"\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0",
        *map(chr, range(0x180B, 0x1810)),
        *map(chr, range(0xFE00, 0xFE10)),
        *map(chr, range(0xE0100, 0xE01F0)),
    )
)


def is_blank(text: str) -> bool:
    """Tell whether a text has no character that is seen; an empty one has none."""
    return all(char in _UNSEEN or unicodedata.category(char)[0] in "ZC" for char in text)


def describe_characters(text: str, most: int = 5) -> str:
    """Return the code points of a text, as people look them up: ``U+00A0 U+200B``."""
    points = [f"U+{ord(char):04X}" for char in text]
    return " ".join(points[:most]) + (" …" if len(points) > most else "")
