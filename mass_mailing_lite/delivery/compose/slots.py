"""Slots of a compiled message, and the markers that stand in them until it is compiled."""

import secrets
from collections.abc import Iterator


class SlotMarkers:
    """Makes the slot markers of one message: ``mk`` + 16 hex digits + ``x`` + number + ``km``.

    Letters and digits only, so that a marker comes unchanged through HTML parsing, conversion to
    plain text and header encoding; random, so that no content can hold one by chance or by intent;
    never the beginning of another one, for ``k`` is no digit.
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
