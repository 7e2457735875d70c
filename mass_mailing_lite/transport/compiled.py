"""The message of a mailing in one language, and what fills it for each recipient."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from markupsafe import Markup

from odoo.models import BaseModel
from odoo.tools.mail import html_normalize

from ..delivery.compose.link_token import LinkSlot
from ..delivery.compose.message import Value
from ..delivery.compose.plain_text import html_to_text
from ..delivery.compose.slots import SlotMarkers
from ..tools.outlook import mask_whole
from ..tools.person_name import PARTS
from ..tools.placeholder import Placeholder

# The element around a body while it is parsed, which needs one.
WRAPPER = "div"


class Compiled(NamedTuple):
    """A mailing's message in one language, ready to be filled.

    :ivar template: what is filled; its type is the transport's own
    :ivar slots: what each slot stands for: a placeholder, a link with the recipient's token, or the
        name of a field whose template is rendered for each recipient
    :ivar readers: for each slot the function that returns its value: (contact, claimed row) -> text
        or ``Value``
    :ivar contact_fields: names of the stored contact fields that the readers need
    :ivar sender: envelope sender
    :ivar copies: addresses that get a copy of each message
    :ivar lang: code of the language
    """

    template: Any
    slots: tuple[Placeholder | LinkSlot | str, ...]
    readers: tuple[Callable, ...]
    contact_fields: tuple[str, ...]
    sender: str
    copies: tuple[str, ...]
    lang: str


class Around(NamedTuple):
    """What stands around the body of a proof, for its reader; no part of what is approved.

    :ivar before: HTML above the body
    :ivar after: HTML below it
    """

    before: str
    after: str

    def wrap(self, body):
        """Return HTML with the parts around it."""
        return f"{self.before}{body}{self.after}"

    def wrap_text(self, text):
        """Return the plain text of a body with those of the parts around it."""
        return "\n\n".join([html_to_text(self.before), text, html_to_text(self.after)])


class Slots(dict):
    """The slots of a message that is being compiled: {slot: its slot marker}.

    Looking up a slot for the first time gives it a marker.
    """

    def __init__(self):
        super().__init__()
        self._markers = SlotMarkers()

    def __missing__(self, slot):
        self[slot] = marker = self._markers.new()
        return marker


def get_contact_key(name):
    """Return the key in a claimed row of a column of its contact."""
    return f"object_{name}"


def row_fills(row, slot):
    """Tell whether the claimed row of a contact contains the value of a slot."""
    if not isinstance(slot, Placeholder):
        return isinstance(slot, LinkSlot)
    _object, name, *further = slot.path.split(".")
    if name in PARTS:
        name = "is_company"  # which comes with the other columns of a name
    return not further and get_contact_key(name) in row


def get_text(value, fallback=""):
    """Return a field's value as a message shows it: text, or a ``Value`` with text and HTML."""
    if isinstance(value, BaseModel):
        value = value.display_name
    if isinstance(value, Markup):
        return convert_markup(str(value))
    return str(value) if value or (value == 0 and value is not False) else fallback


@lru_cache(maxsize=256)
def convert_markup(source):
    """Return the ``Value`` of a field with HTML; cached, because recipients share signatures."""
    return Value(html_to_text(source), Markup(xml_to_html(source)))


@lru_cache(maxsize=64)
def xml_to_html(source):
    """Return a body or another fragment, which Odoo stores as XML, as HTML.

    In XML ``<b/>`` is an empty element; a mail program reads it as the beginning of one, and shows
    all that follows in bold. The function is the one of ``mail.render.mixin``, so that a message
    has the same elements and attributes as in Odoo's own mail.
    """
    masked = mask_whole(source)
    page = str(html_normalize(f"<{WRAPPER}>{masked.text}</{WRAPPER}>"))
    # A body that reads as quoted text gets attributes on the element around it, which Odoo keeps.
    if page.startswith(f"<{WRAPPER}>") and page.endswith(f"</{WRAPPER}>"):
        page = page[len(WRAPPER) + 2 : -len(WRAPPER) - 3]
    return masked.leading + masked.restore(page)
