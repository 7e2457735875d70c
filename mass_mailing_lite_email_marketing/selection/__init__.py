"""Mailing lists of Email Marketing as a kind of entries of *Write to* and *But not to*.

::

    MailingList     mailing_list.py   the people in a list
    ListMembership  membership.py     in which lists of a mailing an address is: the public page
    list_terms.py                     addresses of list contacts, and the lists of a mailing, as SQL
"""

from . import mailing_list
from .list_terms import read_list_contacts
from .membership import ListMembership

__all__ = ["ListMembership", "mailing_list", "read_list_contacts"]
