from odoo import fields, models


class PartnerMailingImport(models.TransientModel):
    """The same dialog for numbers."""

    _inherit = "partner.mailing.import"

    channel = fields.Selection(related="mailing_id.channel")

    def _get_address_label(self):
        return self.env._("Number") if self.channel == "sms" else super()._get_address_label()
