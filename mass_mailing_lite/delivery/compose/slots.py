"""Slots of a compiled message, and the markers that stand in them until it is compiled."""

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

_MARKER = re.compile(r"mk[0-9a-f]{16}x\d{1,9}km")


class SlotMarkers:
    """Makes the slot markers of one message: ``mk`` + 16 hex digits + ``x`` + number + ``km``.

    Only letters and digits, so that HTML parsing, conversion to plain text and header encoding
    leave a marker as it is. Random, so that content cannot hold one, by chance or on purpose. No
    marker is part of another one, because the number ends with a letter.
    """

    def __init__(self) -> None:
        self._stem = f"mk{secrets.token_hex(8)}x"
        self._count = 0

    def new(self) -> str:
        """Return the next marker; its position is ``len(markers) - 1``."""
        self._count += 1
        return f"{self._stem}{self._count - 1}km"

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return (f"{self._stem}{number}km" for number in range(self._count))


def cut_at_markers(text: str, positions: Mapping[str, Any]) -> list[Any]:
    """Return literal texts and positions of slots, alternating; the first and last are texts.

    One pattern finds the markers of all messages: one made of 20,000 markers would be tried 20,000
    times at each place.

    :param positions: {slot marker: its position, or what stands for it}; other texts that look like markers stay
    """
    pieces: list[Any] = []
    end = 0
    for match in _MARKER.finditer(text):
        position = positions.get(match[0])
        if position is not None:
            pieces += [text[end : match.start()], position]
            end = match.end()
    return [*pieces, text[end:]]
