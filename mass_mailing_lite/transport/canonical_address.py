"""What contacts and the blocklist keep beside an address, so that the database can compare it.

Nine addresses of ten are plain: Odoo's normalized form is the canonical one, and nothing is kept.
All others are read once, in Python, when they are saved: only it can make an ASCII domain (UTS 46)
and tell what is an address in a field of several. The column ``partner_mailing_address`` has what
was found. So statements over a million rows need no regular expression, and one rule says what an
address is.
"""

import json
import re

from odoo.tools import SQL

from ..delivery.address import canonical
from ..tools import address_list

# For PostgreSQL and for Python. Ranges are of code points in both.
PLAIN = r"^[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}$"
PLAIN_LENGTH = 64  # no part of an address can then be too long
# In the column where a text is no address; no address is equal to it.
NOT_AN_ADDRESS = "-"
BATCH = 5000  # rows that are read at once; 30 µs each

# What is not read yet. The text is part of statements, since PostgreSQL uses a partial index only
# for a condition that it can see.
UNREAD = (
    f"partner_mailing_address IS NULL AND (email !~ '{PLAIN}' OR length(email) > {PLAIN_LENGTH})"
)
UNREAD_INDEX = f"(id) WHERE {UNREAD}"

_plain = re.compile(PLAIN.removeprefix("^").removesuffix("$"), re.ASCII)


def is_plain(email):
    """Tell whether a text is an address in its canonical form, at first sight."""
    return len(email) <= PLAIN_LENGTH and bool(_plain.fullmatch(email))


def read_contact(email, normalized):
    """Return ``(canonical address, further addresses)`` to keep for a contact, False for nothing.

    :param email: the field of the contact
    :param normalized: what Odoo has read in it
    """
    if email in (None, False) or is_plain(email):
        return False, False
    address, further = address_list.read_field(email, normalized)
    found = [{"typed": typed, "address": address or None} for typed, address in further]
    return address or NOT_AN_ADDRESS, found or False


def read_entry(email):
    """Return the canonical address to keep for an entry of the blocklist, False for none."""
    if email in (None, False) or is_plain(email):
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
            "SELECT id, %s FROM %s WHERE %s LIMIT %s",
            names,
            SQL.identifier(model._table),
            SQL(UNREAD),
            BATCH,
        )
    ):
        yield rows


def read_contacts(partners):
    """Read the e-mail fields of contacts that were written past the ORM.

    :param partners: the model ``res.partner``, as superuser
    """
    for rows in unread_rows(partners, "email", "email_normalized"):
        found = [read_contact(email, normalized) for _number, email, normalized in rows]
        partners.env.cr.execute(
            SQL(
                """
                UPDATE res_partner p
                   SET partner_mailing_address = found.address,
                       partner_mailing_further = found.further
                  FROM unnest(%s::integer[], %s::text[], %s::jsonb[])
                       found (id, address, further)
                 WHERE p.id = found.id
                """,
                [row[0] for row in rows],
                [address for address, _further in found],
                [json.dumps(further) if further else None for _address, further in found],
            )
        )
        partners.invalidate_model(
            ["partner_mailing_address", "partner_mailing_further"], flush=False
        )


def read_entries(blocklist):
    """Read the addresses of the blocklist that were written past the ORM.

    :param blocklist: the model ``mail.blacklist``, as superuser
    """
    read_rows(blocklist, read_entry, "email")


def read_rows(model, read, *columns):
    """Read the addresses of a model of others that were written past the ORM.

    :param model: with the field ``partner_mailing_address``, as superuser
    :param read: function of the columns that returns what to keep, False for nothing
    """
    for rows in unread_rows(model, *columns):
        model.env.cr.execute(
            SQL(
                """
                UPDATE %s t SET partner_mailing_address = found.address
                  FROM unnest(%s::integer[], %s::text[]) found (id, address)
                 WHERE t.id = found.id
                """,
                SQL.identifier(model._table),
                [number for number, *_texts in rows],
                [read(*texts) or None for _number, *texts in rows],
            )
        )
        model.invalidate_model(["partner_mailing_address"], flush=False)
