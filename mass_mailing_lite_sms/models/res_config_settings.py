from odoo import api, fields, models

from ..odoo_seams.twilio import ACCOUNT_FIELD, has_accounts
from ..tools.twilio_signature import get_answer_address


class ResConfigSettings(models.TransientModel):
    """The limits of the company's SMS provider, on the page of settings."""

    _inherit = "res.config.settings"

    partner_mailing_test_numbers = fields.Text(
        related="company_id.partner_mailing_test_numbers", readonly=False
    )
    partner_mailing_sms_answer_url = fields.Char(
        "Address for Answers", compute="_compute_partner_mailing_sms_answer_url"
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

    @api.depends("company_id")
    def _compute_partner_mailing_sms_answer_url(self):
        for settings in self:
            company = settings.company_id.sudo()
            settings.partner_mailing_sms_answer_url = (
                has_accounts(company)
                and company[ACCOUNT_FIELD]
                and get_answer_address(company.get_base_url())
            )
