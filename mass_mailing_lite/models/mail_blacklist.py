from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

from ..transport.canonical_address import (
    UNREAD_INDEX,
    address_index,
    blocked_address_sql,
    read_entries,
    read_entry,
)


class MailBlacklist(models.Model):
    """An entry of Odoo's blocklist, which is found by the canonical form of its address."""

    _inherit = "mail.blacklist"

    partner_mailing_address = fields.Char(
        "Canonical Address",
        compute="_compute_partner_mailing_address",
        store=True,
        help="Set only where it is another one than the normalized address of Odoo.",
    )

    _partner_mailing_address_idx = models.Index(address_index("email"))
    _partner_mailing_unread_idx = models.Index(UNREAD_INDEX)

    def _auto_init(self):
        # So that the ORM does not compute it entry by entry.
        if not column_exists(self.env.cr, self._table, "partner_mailing_address"):
            create_column(self.env.cr, self._table, "partner_mailing_address", "varchar")
        return super()._auto_init()

    def init(self):
        result = super().init()
        read_entries(self)
        return result

    @api.depends("email")
    def _compute_partner_mailing_address(self):
        for entry in self:
            entry.partner_mailing_address = read_entry(entry.email)

    def _partner_mailing_find(self, address):
        """Return the entries for a canonical address, archived ones among them, active first."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT b.id FROM mail_blacklist b WHERE %s = %s ORDER BY b.active DESC, b.id",
                blocked_address_sql("b"),
                address,
            )
        )
        return self.browse(number for (number,) in rows)
