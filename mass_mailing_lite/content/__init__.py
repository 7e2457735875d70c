"""What an author writes: a room of plain classes, each made of a mailing for one call.

::

    TemplateExchange   template_exchange.py   texts and files from a template, and into a new one
    Placeholders       placeholders.py        which placeholders there are, and their names
    VersionNotes       version_notes.py       for which main version each language version is made
    BodyPictures       files.py               pictures and files in bodies, attached files
    Card               card.py                a subject or body for a card, or in the review
    with_…             senders.py             the From address that a new mailing gets
    SendOn             send_on.py             when it is to be sent, in words
    check_…            checks.py              refusals of what is typed or attached, in words

The models call them in short methods of ``models/partner_mailing_content.py``, and keep what is
stored, the rights and the state. A class takes a ``partner.mailing`` record as it is: its
environment decides rights and language.
"""

from .card import Card
from .checks import (
    check_bodies,
    check_file_name,
    check_link_days,
    check_message_size,
    check_nesting,
    describe_blank_subject,
    describe_copies,
    describe_size,
)
from .files import BodyPictures, get_body_fields, link_attachments
from .placeholders import Placeholders
from .send_on import SendOn
from .senders import with_allowed_sender, with_sender_of_company
from .template_exchange import TemplateExchange
from .version_notes import VersionNotes

__all__ = [
    "BodyPictures",
    "Card",
    "Placeholders",
    "SendOn",
    "TemplateExchange",
    "VersionNotes",
    "check_bodies",
    "check_file_name",
    "check_link_days",
    "check_message_size",
    "check_nesting",
    "describe_blank_subject",
    "describe_copies",
    "describe_size",
    "get_body_fields",
    "link_attachments",
    "with_allowed_sender",
    "with_sender_of_company",
]
