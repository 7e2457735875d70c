from odoo import models


class MergePartnerAutomatic(models.TransientModel):
    """The merge of contacts, which also updates recipients."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Update recipients too: they have no foreign key, so Odoo does not find them."""
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["partner.mailing.recipient"].sudo()._replace_contacts(
            src_partners.ids, dst_partner.id
        )
        return result
