from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """What Email Marketing adds to the settings of mailings."""

    _inherit = "res.config.settings"

    partner_mailing_utm = fields.Boolean(related="company_id.partner_mailing_utm", readonly=False)
