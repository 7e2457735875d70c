"""Whom a mailing goes to: its entries of *Write to* and *But not to*, and the SQL of its list.

::

    Source         source.py            what an entry stands for: a class for each kind
      Audience       audience.py        a reusable selection
      Tag            tag.py             the contacts with a tag
      EarlierMailing earlier_mailing.py its recipients, by what became of them
      Contact        contact.py         one contact
      ContactFilter  contact_filter.py  the contacts that match a domain
      Address        address.py         addresses of no contact
    RecipientQuery recipient_query.py   the statements that make the list of all entries
    FollowUp       follow_up.py         a new mailing to recipients of an earlier one
    Family         follow_up.py         a mailing and its follow-ups, in figures
    Pressure       pressure.py          who was written to often enough lately

All of it is SQL over whole sets. A class takes the record as it is: its environment decides rights
and language. An addon adds a kind by registering a subclass of ``Source`` when it is imported, and
the kind to the field ``kind`` of ``partner.mailing.source``.
"""

from . import address, audience, contact, contact_filter, earlier_mailing, tag
from .follow_up import CHOICES, Family, FollowUp
from .pressure import Pressure
from .recipient_query import KEPT, RecipientQuery
from .source import IN, OUT, SOURCES, Source, get_source, put_in_words, register

__all__ = [
    "CHOICES",
    "IN",
    "KEPT",
    "OUT",
    "SOURCES",
    "Family",
    "FollowUp",
    "Pressure",
    "RecipientQuery",
    "Source",
    "get_source",
    "put_in_words",
    "register",
]
