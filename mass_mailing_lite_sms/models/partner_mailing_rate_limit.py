from odoo import fields, models


class PartnerMailingRateLimit(models.Model):
    """The rate limit of a company's SMS provider, where the company has limits for it."""

    _inherit = "partner.mailing.rate.limit"

    sms_company_id = fields.Many2one("res.company", "Company Sending SMS", ondelete="cascade")

    _sms_company_uniq = models.UniqueIndex("(sms_company_id)")
