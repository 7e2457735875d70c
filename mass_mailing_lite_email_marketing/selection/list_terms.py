"""Parts of statements about mailing lists: addresses of their contacts, the lists of a mailing."""

from odoo.addons.mass_mailing_lite.selection import IN
from odoo.addons.mass_mailing_lite.transport.canonical_address import (
    contact_address_sql,
    read_contact,
    read_rows,
)
from odoo.tools import SQL

EMAIL = "email_normalized"
# Where another addon of Odoo keeps what was typed, if not in a column of the same name as ours.
TYPED = ("mobile",)


def read_address(email, normalized):
    """Return the canonical address to keep for a contact of a list, False for nothing.

    Of several addresses in the field it is the first one, as Odoo has it.
    """
    address, _further = read_contact(email, normalized)
    return address


def read_list_contacts(env):
    """Read the addresses of list contacts that were written past the ORM."""
    read_rows(env["mailing.contact"].sudo(), read_address, "email", EMAIL)


class ListAddress:
    """Which column of a list contact is compared with the address of a recipient.

    It is the column of the channel where list contacts have it. For other channels a person is known
    by the e-mail address, and has the channel's address as a contact.

    :param transport: the ``Transport`` of a mailing, or its class
    """

    def __init__(self, env, transport):
        columns = env["mailing.contact"]._fields
        self.transport = transport
        self.is_of_channel = transport.address_column in columns
        self.column = transport.address_column if self.is_of_channel else EMAIL
        typed = (transport.typed_column, *TYPED, self.column)
        self.typed_column = next(name for name in typed if name in columns)

    def sql(self, alias):
        """Return SQL for the address of a list contact, NULL where there is none; indexed."""
        if self.column == EMAIL:
            return contact_address_sql(alias)
        return SQL.identifier(alias, self.column)

    def holder_sql(self, alias):
        """Return SQL for the same address of a contact."""
        if self.is_of_channel:
            return self.transport.contact_address_sql(alias)
        return contact_address_sql(alias)


def lists_sql(lists, mailings):
    """Return a SELECT of the ids of lists that people are chosen by: (id).

    The lists of an earlier mailing are among them when its recipients are chosen: its recipients
    have left the list, not the mailing.

    Plan: a few rows by index; UNION ends circles of mailings.

    :param lists: SQL of an array of ids of lists
    :param mailings: SQL of an array of ids of mailings, whose own lists are meant
    """
    return SQL(
        """
        (WITH RECURSIVE chosen (id) AS (
            SELECT unnest(%(mailings)s)
             UNION
            SELECT s.earlier_mailing_id FROM chosen
              JOIN partner_mailing_source s ON s.mailing_id = chosen.id
             WHERE s.side = 'in' AND s.kind = 'mailing' AND s.earlier_mailing_id IS NOT NULL)
        SELECT unnest(%(lists)s)
         UNION
        SELECT s.mailing_list_id FROM chosen
          JOIN partner_mailing_source s ON s.mailing_id = chosen.id
         WHERE s.side = 'in' AND s.kind = 'mailing_list' AND s.mailing_list_id IS NOT NULL)
        """,
        lists=lists,
        mailings=mailings,
    )


def lists_of_mailing_sql(mailing):
    """Return ``lists_sql`` of a mailing, also of one that a form has not saved yet."""
    entries = mailing.sudo().source_ids.filtered(lambda entry: entry.side == IN)
    return lists_sql(
        SQL("%s::integer[]", entries.mailing_list_id._origin.ids),
        SQL("%s::integer[]", entries.earlier_mailing_id._origin.ids),
    )
