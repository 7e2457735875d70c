"""What contacts and the blocklist keep beside an address that Odoo does not normalise as we do.

``email_normalized`` of Odoo is the canonical form of an address that is plain ASCII, as nearly all
are: for these, nothing is kept, and statements pay nothing. For the others, the column
``partner_mailing_address`` has the canonical form, which only Python can make (UTS 46).
"""

import re

from odoo.tools import SQL

from ..delivery.address import canonical
from ..tools import address_list

# More than printable ASCII, more than one @, or a dot at the end. For PostgreSQL and for Python:
# ranges are of code points in both.
ODD = r"[^ -~]|@.*@|\.>? *$"
# In the column where the text has no canonical form; no address is equal to it.
NOT_AN_ADDRESS = "-"
BATCH = 5000  # rows that are read at once; 20 µs each

_is_odd = re.compile(ODD, re.DOTALL).search


def read_contact(email, normalized):
    """Return ``(canonical address, further addresses)`` to keep for a contact, False for nothing.

    :param email: the field of the contact
    :param normalized: what Odoo has read in it
    """
    if not email or not _is_odd(email):
        return False, False
    address, further = address_list.read_field(email, normalized)
    found = [{"typed": typed, "address": address or None} for typed, address in further]
    return address or NOT_AN_ADDRESS, found or False


def read_entry(email):
    """Return the canonical address to keep for an entry of the blocklist, False for none."""
    if not email or not _is_odd(email):
        return False
    try:
        return canonical(email) or NOT_AN_ADDRESS
    except UnicodeError:
        return NOT_AN_ADDRESS


def contact_address_sql(alias):
    """Return SQL for the canonical address of a contact, NULL where there is none; indexed."""
    return _address_sql(alias, "email_normalized")


def blocked_address_sql(alias):
    """Return SQL for the canonical address of an entry of ``mail.blacklist``; indexed."""
    return _address_sql(alias, "email")


def _address_sql(alias, normalized):
    return SQL(
        "NULLIF(COALESCE(%s, %s), '-')",
        SQL.identifier(alias, "partner_mailing_address"),
        SQL.identifier(alias, normalized),
    )


def address_index(normalized):
    """Return the definition of the index on the canonical address of a table."""
    address = f"NULLIF(COALESCE(partner_mailing_address, {normalized}), '-')"
    return f"(({address})) WHERE {address} IS NOT NULL"


def unread_rows(model, *columns):
    """Yield batches of rows that were written past the ORM, so that their address is not read yet.

    Plan: an index that is empty but for such rows.
    """
    names = SQL(", ").join(map(SQL.identifier, columns))
    model.flush_model()
    while rows := model.env.execute_query(
        SQL(
            "SELECT id, %s FROM %s WHERE partner_mailing_address IS NULL AND email ~ %s LIMIT %s",
            names,
            SQL.identifier(model._table),
            ODD_LITERAL,
            BATCH,
        )
    ):
        yield rows


# As part of the statement, since PostgreSQL uses a partial index only for a condition it can see.
ODD_LITERAL = SQL(f"'{ODD}'")
UNREAD_INDEX = f"(id) WHERE partner_mailing_address IS NULL AND email ~ '{ODD}'"
