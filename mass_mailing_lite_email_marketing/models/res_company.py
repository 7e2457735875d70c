from odoo import fields, models


class ResCompany(models.Model):
    """Whether the links of a company's mailings tell where a visitor comes from."""

    _inherit = "res.company"

    partner_mailing_utm = fields.Boolean(
        "Campaign in Links",
        default=True,
        help="Links in mailings get the parameters utm_campaign, utm_source and utm_medium, by which"
        " CRM, Sales, Website and web statistics know which mailing a visitor comes from. Off: links"
        " stay as they were written.",
    )
