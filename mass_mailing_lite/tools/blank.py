"""Texts in which a reader sees nothing."""

import unicodedata

from ..delivery.characters import INVISIBLE


def is_blank(text: str) -> bool:
    """Tell whether a text has no character that is seen; an empty one has none."""
    return all(char in INVISIBLE or unicodedata.category(char)[0] in "ZC" for char in text)


def describe_characters(text: str, most: int = 5) -> str:
    """Return the code points of a text, as people look them up: ``U+00A0 U+200B``."""
    points = [f"U+{ord(char):04X}" for char in text]
    return " ".join(points[:most]) + (" …" if len(points) > most else "")
