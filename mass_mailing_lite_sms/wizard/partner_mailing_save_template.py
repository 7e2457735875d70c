from odoo import fields, models


class PartnerMailingSaveTemplate(models.TransientModel):
    """Tells the dialog which channel the mailing has."""

    _inherit = "partner.mailing.save.template"

    channel = fields.Selection(related="mailing_id.channel")
