"""The plain text of HTML that is made again and again from one template, for other values.

Parsing a newsletter takes 300 µs and more. But two renderings of a template that took the same ways
through it differ in their values alone, and a value that is nothing but words comes out of the
conversion as it went in. So the text of each way is made once, with marks for the values.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from html import unescape

from .plain_text import html_to_text
from .slots import SlotMarkers

WAYS = 64  # that are remembered; a template has few, but a loop makes some for each length

# Words that no rule of the conversion looks at: no markup, no blanks but single ones inside, and
# nothing that could be the address of the link around it. Escaped as QWeb does it.
_words = re.compile(
    r"(?:[^\s<>&\"':/@\x00-\x20]|&(?:amp|lt|gt|#34|#39);|(?<=\S) (?=\S))+"
).fullmatch


class RepeatedText:
    """Converts renderings of one template to plain text.

    :param static: the strings that the template itself may put into a rendering
    """

    def __init__(self, static: Iterable[str]):
        self._static = {piece: _is_in_tag(piece) for piece in static}
        self._ways: OrderedDict[tuple[str | None, ...], list[str | int]] = OrderedDict()

    def convert(self, pieces: Sequence[str]) -> list[str]:
        """Return ``html_to_text("".join(pieces))`` in pieces.

        :param pieces: a rendering, as the template yielded it: static strings and values
        """
        way, values = self._find_way(pieces)
        text = self._ways.get(way)
        if text is None:
            text = self._ways[way] = _make(way)
            if len(self._ways) > WAYS:
                self._ways.popitem(last=False)
        return [piece if type(piece) is str else values[piece] for piece in text]

    def _find_way(self, pieces: Sequence[str]) -> tuple[tuple[str | None, ...], list[str]]:
        """Return the rendering with ``None`` for each value that is but words, and these."""
        way: list[str | None] = []
        values: list[str] = []
        in_tag: bool | None = False
        for piece in pieces:
            is_static = piece in self._static
            if not is_static and not in_tag and _words(piece):
                way.append(None)
                values.append(unescape(piece) if "&" in piece else piece)
                continue
            way.append(piece)
            ends_in_tag = self._static[piece] if is_static else _is_in_tag(piece)
            if ends_in_tag is not None:
                in_tag = ends_in_tag
        return tuple(way), values


def _make(way: tuple[str | None, ...]) -> list[str | int]:
    """Return the text of a way, cut at its values, whose numbers stand between."""
    marks = SlotMarkers()
    text = html_to_text("".join(marks.new() if piece is None else piece for piece in way))
    numbers = {mark: number for number, mark in enumerate(marks)}
    parts = re.split("(" + "|".join(numbers) + ")", text) if numbers else [text]
    return [numbers.get(part, part) for part in parts]


def _is_in_tag(piece: str) -> bool | None:
    """Whether what follows a piece stands in a tag; ``None`` when the piece does not decide it."""
    begin, end = piece.rfind("<"), piece.rfind(">")
    return None if begin == end else begin > end
