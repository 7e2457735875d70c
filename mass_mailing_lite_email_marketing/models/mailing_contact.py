from odoo import api, fields, models
from odoo.addons.mass_mailing_lite.transport.canonical_address import UNREAD_INDEX, address_index
from odoo.tools.sql import column_exists, create_column

from ..selection.list_terms import read_address, read_list_contacts


class MailingContact(models.Model):
    """A contact of mailing lists, which is found by the canonical form of its address."""

    _inherit = "mailing.contact"

    partner_mailing_address = fields.Char(
        "Canonical E-mail",
        compute="_compute_partner_mailing_address",
        store=True,
        help="Set only where it is another one than the normalized address of Odoo.",
    )

    _partner_mailing_address_idx = models.Index(address_index("email_normalized"))
    _partner_mailing_unread_idx = models.Index(UNREAD_INDEX)

    def _auto_init(self):
        # So that the ORM does not compute it contact by contact.
        if not column_exists(self.env.cr, self._table, "partner_mailing_address"):
            create_column(self.env.cr, self._table, "partner_mailing_address", "varchar")
        return super()._auto_init()

    def init(self):
        result = super().init()
        read_list_contacts(self.env)
        return result

    @api.depends("email", "email_normalized")
    def _compute_partner_mailing_address(self):
        for contact in self:
            contact.partner_mailing_address = read_address(contact.email, contact.email_normalized)
