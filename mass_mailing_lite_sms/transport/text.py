"""The text of an SMS: as a template, filled, and addressed to one number."""

import re
from typing import NamedTuple

from markupsafe import Markup, escape

from odoo.addons.mass_mailing_lite.delivery.compose.message import Value
from odoo.addons.mass_mailing_lite.delivery.compose.slots import cut_at_markers

CONTROL_CHARACTERS = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")


# Of boards and galleries: the bubble of a text, on a page of its own.
CARD = Markup(
    '<div style="padding: 32px; background-color: #ffffff">'
    '<div dir="auto" style="display: inline-block; max-width: 420px; padding: 18px 24px;'
    " border-radius: 26px; background-color: #e9e9eb; color: #111111; font-size: 24px;"
    ' line-height: 1.35; white-space: pre-wrap; overflow-wrap: anywhere">%s</div></div>'
)


def make_card(text):
    """Return the HTML of a text as phones show it, for a card."""
    return CARD % escape(text or "")


class TextMessage(NamedTuple):
    """One text to one number.

    :ivar key: id of the recipient; any number for a test
    :ivar number: in the form E.164
    """

    key: int
    number: str
    text: str
    partner_id: int | None


class TextTemplate:
    """A text that was cut at its slot markers.

    :param text: with slot markers
    :param markers: the slot markers, in the order of the values
    """

    def __init__(self, text, markers):
        positions = {marker: position for position, marker in enumerate(markers)}
        self._pieces = cut_at_markers(text, positions)

    def fill(self, values):
        """Return the text with a value, text or ``Value``, in each slot."""
        texts = [value.text if isinstance(value, Value) else value for value in values]
        texts = [text if isinstance(text, str) else "".join(text) for text in texts]
        return clean_text(
            "".join(piece if isinstance(piece, str) else texts[piece] for piece in self._pieces)
        )


def clean_text(text):
    """Return a text as it can stand in an SMS: line feeds alone, no other control characters."""
    return CONTROL_CHARACTERS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
