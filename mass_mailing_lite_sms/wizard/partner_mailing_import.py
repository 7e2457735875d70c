from odoo import fields, models


class PartnerMailingImport(models.TransientModel):
    """The same dialog for numbers."""

    _inherit = "partner.mailing.import"

    channel = fields.Selection(related="mailing_id.channel")
