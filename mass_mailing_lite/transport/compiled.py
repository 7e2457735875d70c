"""What a transport makes of a mailing in one language, and what fills it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from markupsafe import Markup

from odoo.models import BaseModel

from ..delivery.compose.link_token import LinkSlot
from ..delivery.compose.message import Value
from ..delivery.compose.plain_text import html_to_text
from ..tools.placeholder import Placeholder


class Compiled(NamedTuple):
    """A mailing's message in one language, ready to be filled.

    :ivar template: what is filled, of a type of the transport's own
    :ivar slots: what fills it, slot by slot: a placeholder, the token of a link, or the name of a
        field whose template is rendered for each recipient
    :ivar readers: slot by slot, functions that return it: (contact, claimed row) -> text or ``Value``
    :ivar contact_fields: stored fields of the contact that the readers need
    :ivar sender: envelope sender
    :ivar copies: addresses that get each message, too
    :ivar lang: code of the language
    """

    template: Any
    slots: tuple[Placeholder | LinkSlot | str, ...]
    readers: tuple[Callable, ...]
    contact_fields: tuple[str, ...]
    sender: str
    copies: tuple[str, ...]
    lang: str


def get_contact_key(name):
    """Return the key of a claimed row under which a column of its contact stands."""
    return f"object_{name}"


def row_fills(row, slot):
    """Tell whether a claimed row of a contact fills a slot by itself."""
    if not isinstance(slot, Placeholder):
        return isinstance(slot, LinkSlot)
    _object, name, *further = slot.path.split(".")
    return not further and get_contact_key(name) in row


def get_text(value, fallback=""):
    """Return a field's value as it stands in a message: text, or text and HTML."""
    if isinstance(value, BaseModel):
        value = value.display_name
    if isinstance(value, Markup):
        return Value(html_to_text(value), value)
    return str(value) if value or (value == 0 and value is not False) else fallback
