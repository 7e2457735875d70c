from odoo import fields, models


class PartnerMailingSample(models.AbstractModel):
    """Tells the forms of previews and tests which channel the mailing has."""

    _inherit = "partner.mailing.sample"

    channel = fields.Selection(related="mailing_id.channel")
