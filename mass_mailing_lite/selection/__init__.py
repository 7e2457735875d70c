"""Whom a mailing goes to: its entries of *Write to* and *But not to*, and the SQL of its list.

::

    Source         source.py            what an entry stands for: a class for each kind
      Audience       audience.py        a reusable selection
      Tag            tag.py             the contacts with a tag
      EarlierMailing earlier_mailing.py its recipients, by what became of them
      Contact        contact.py         one contact
      ContactFilter  contact_filter.py  the contacts that match a domain
      Address        address.py         addresses of no contact
    Exclusions     exclusions.py        whom an audience leaves out for every mailing to it
    RecipientQuery recipient_query.py   the statements that make the list of all entries
    FollowUp       follow_up.py         a new mailing to recipients of an earlier one
    Family         follow_up.py         a mailing and its follow-ups, in figures
    describe_sides words.py             entries in words, for the chatter
    Pressure       pressure.py          who was written to often enough lately
    ListDomains    list_domains.py      domains in the list that get no mail, or are mistyped
    whole_list     table_statistics.py  plans that hold after an import

All of it is SQL over whole sets. A class takes the record as it is: its environment decides rights
and language. An addon adds a kind by registering a subclass of ``Source`` when it is imported, and
the kind to the field ``kind`` of ``partner.mailing.source``.
"""

from . import address, audience, contact, contact_filter, earlier_mailing, tag
from .exclusions import Exclusions
from .follow_up import CHOICES, Family, FollowUp
from .list_domains import DEAD, DEAD_STATES, DOMAIN_REASONS, TYPO, ListDomains
from .pressure import Pressure
from .recipient_query import KEPT, RecipientQuery, add_reason
from .source import (
    IN,
    OUT,
    SOURCES,
    Source,
    get_kinds,
    get_source,
    put_in_words,
    register,
)
from .table_statistics import renew_list_statistics, renew_statistics, whole_list
from .words import describe_sides

__all__ = [
    "CHOICES",
    "DEAD",
    "DEAD_STATES",
    "DOMAIN_REASONS",
    "IN",
    "KEPT",
    "OUT",
    "SOURCES",
    "TYPO",
    "Exclusions",
    "Family",
    "FollowUp",
    "ListDomains",
    "Pressure",
    "RecipientQuery",
    "Source",
    "add_reason",
    "describe_sides",
    "get_kinds",
    "get_source",
    "put_in_words",
    "register",
    "renew_list_statistics",
    "renew_statistics",
    "whole_list",
]
