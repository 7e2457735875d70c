"""How long a text is as an SMS, and how many messages the network makes of it.

3GPP TS 23.038: the default alphabet has 7 bits a character, some characters take two places
(section 6.2.1.1); a text with any other character is sent in UCS-2, 16 bits each (section 6.2.3).
3GPP TS 23.040, section 9.2.3.24.1: the parts of a longer text each give 6 octets to a header.
"""

from itertools import pairwise
from typing import NamedTuple

GSM_7 = "GSM-7"
UCS_2 = "UCS-2"

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")  # an escape before each

SINGLE = {GSM_7: 160, UCS_2: 70}
PART = {GSM_7: 153, UCS_2: 67}


class Length(NamedTuple):
    """The length of a text.

    :ivar encoding: ``GSM_7`` or ``UCS_2``
    :ivar units: places that it takes, of 7 or of 16 bits
    :ivar parts: messages that it is sent as, 0 for no text
    :ivar room: places that are left before there is another part
    :ivar foreign: the characters for which it cannot be sent in 7 bits, each once, in order
    """

    encoding: str
    units: int
    parts: int
    room: int
    foreign: str


def measure(text: str) -> Length:
    """Return the :class:`Length` of a text as it is sent."""
    foreign = "".join(dict.fromkeys(c for c in text if c not in BASIC and c not in EXTENSION))
    encoding = UCS_2 if foreign else GSM_7
    widths = [width(character, encoding) for character in text]
    units = sum(widths)
    if units <= SINGLE[encoding]:
        return Length(encoding, units, min(units, 1), SINGLE[encoding] - units, foreign)
    ends = _find_ends(widths, PART[encoding])
    used = sum(widths[ends[-1] :])
    return Length(encoding, units, len(ends) + 1, PART[encoding] - used, foreign)


def split(text: str) -> list[str]:
    """Return the parts that a text is sent as, in order; none for no text."""
    length = measure(text)
    if length.parts < 2:
        return [text] if text else []
    widths = [width(character, length.encoding) for character in text]
    ends = [0, *_find_ends(widths, PART[length.encoding]), len(text)]
    return [text[start:end] for start, end in pairwise(ends)]


def _find_ends(widths: list[int], room: int) -> list[int]:
    """Return the positions before which a part ends.

    :param widths: places that each character takes
    :param room: places of a part
    """
    ends, used = [], 0
    for position, places in enumerate(widths):
        # What takes two places is never cut in two: it begins the next part.
        if used + places > room:
            ends.append(position)
            used = 0
        used += places
    return ends


def width(character: str, encoding: str) -> int:
    """Return how many places a character takes: an emoji is two units of UTF-16."""
    if encoding == GSM_7:
        return 2 if character in EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1
