"""Slots of a compiled message, and the markers that stand in them until it is compiled."""

import secrets
from collections.abc import Iterator


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
