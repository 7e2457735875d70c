from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """The limits of the company's SMS provider, on the page of settings."""

    _inherit = "res.config.settings"

    partner_mailing_test_numbers = fields.Text(
        related="company_id.partner_mailing_test_numbers", readonly=False
    )
    partner_mailing_sms_limit_minute = fields.Integer(
        related="company_id.partner_mailing_sms_limit_minute", readonly=False
    )
    partner_mailing_sms_limit_hour = fields.Integer(
        related="company_id.partner_mailing_sms_limit_hour", readonly=False
    )
    partner_mailing_sms_limit_day = fields.Integer(
        related="company_id.partner_mailing_sms_limit_day", readonly=False
    )
