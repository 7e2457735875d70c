"""Phone numbers out of what people type and paste; nothing that was typed is lost.

Separators are line breaks, commas and semicolons. A name may stand before a number in angle
brackets: ``Anna <+7 903 123-45-67>``.
"""

import re
from typing import NamedTuple

SEPARATOR = re.compile(r"[\r\n,;]+")
BRACKETED = re.compile(r"(.*)<([^<>]*)>\s*")


class Entry(NamedTuple):
    """One number as it was typed, and the name before it."""

    name: str
    text: str


def parse(text: str | None) -> list[Entry]:
    """Return the entries of a text, in the order typed."""
    entries = []
    for piece in filter(None, map(str.strip, SEPARATOR.split(text or ""))):
        match = BRACKETED.fullmatch(piece)
        name, number = match.groups() if match else ("", piece)
        entries.append(Entry(name.strip(' "'), number.strip()))
    return entries
