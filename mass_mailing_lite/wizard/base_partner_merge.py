from odoo import models


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Let recipients follow as well: they have no foreign key that would be found."""
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["partner.mailing.recipient"].sudo()._replace_contacts(
            src_partners.ids, dst_partner.id
        )
        return result
