from odoo import api, fields, models

from ..transport.allowed_senders import get_proposals
from .res_company import DAY_FIELDS


class ResConfigSettings(models.TransientModel):
    """The settings of a company for its mailings, on the settings page."""

    _inherit = "res.config.settings"

    partner_mailing_mail_server_id = fields.Many2one(
        related="company_id.partner_mailing_mail_server_id", readonly=False
    )
    partner_mailing_layout_id = fields.Many2one(
        related="company_id.partner_mailing_layout_id", readonly=False
    )
    partner_mailing_self_validation = fields.Boolean(
        related="company_id.partner_mailing_self_validation", readonly=False
    )
    partner_mailing_two_validators_from = fields.Integer(
        related="company_id.partner_mailing_two_validators_from", readonly=False
    )
    partner_mailing_proof = fields.Boolean(
        related="company_id.partner_mailing_proof", readonly=False
    )
    partner_mailing_link_days = fields.Integer(
        related="company_id.partner_mailing_link_days", readonly=False
    )
    partner_mailing_default_from = fields.Char(
        related="company_id.partner_mailing_default_from",
        readonly=False,
        groups="mass_mailing_lite.group_manager",
    )
    partner_mailing_allowed_senders = fields.Text(
        related="company_id.partner_mailing_allowed_senders",
        readonly=False,
        groups="mass_mailing_lite.group_manager",
    )
    partner_mailing_sender_proposals = fields.Json(
        "Proposed Senders",
        compute="_compute_partner_mailing_sender_proposals",
        groups="mass_mailing_lite.group_manager",
        help="Addresses and domains that Odoo sends for, and that are not allowed yet.",
    )
    partner_mailing_test_recipients = fields.Text(
        related="company_id.partner_mailing_test_recipients", readonly=False
    )
    partner_mailing_test_limit_day = fields.Integer(
        related="company_id.partner_mailing_test_limit_day", readonly=False
    )
    partner_mailing_late_hours = fields.Integer(
        related="company_id.partner_mailing_late_hours", readonly=False
    )
    partner_mailing_resend_uncertain = fields.Boolean(
        related="company_id.partner_mailing_resend_uncertain", readonly=False
    )
    partner_mailing_blocklist_bounced = fields.Boolean(
        related="company_id.partner_mailing_blocklist_bounced", readonly=False
    )
    partner_mailing_bounce_address = fields.Char(
        "Bounce Address", related="company_id.bounce_email"
    )
    partner_mailing_feedback_name = fields.Char(
        related="company_id.partner_mailing_feedback_name", readonly=False
    )
    partner_mailing_keep_months = fields.Integer(
        related="company_id.partner_mailing_keep_months", readonly=False
    )
    partner_mailing_use_hours = fields.Boolean(
        related="company_id.partner_mailing_use_hours", readonly=False
    )
    partner_mailing_hour_from = fields.Float(
        related="company_id.partner_mailing_hour_from", readonly=False
    )
    partner_mailing_hour_to = fields.Float(
        related="company_id.partner_mailing_hour_to", readonly=False
    )
    partner_mailing_tz = fields.Selection(related="company_id.partner_mailing_tz", readonly=False)
    partner_mailing_failure_share = fields.Integer(
        related="company_id.partner_mailing_failure_share", readonly=False
    )
    partner_mailing_failure_window = fields.Integer(
        related="company_id.partner_mailing_failure_window", readonly=False
    )
    partner_mailing_server_tries = fields.Integer(
        related="company_id.partner_mailing_server_tries", readonly=False
    )
    # Not related fields, which are written one by one: between two writes a company could have no
    # day of the week at all.
    partner_mailing_on_mon = fields.Boolean("Monday")
    partner_mailing_on_tue = fields.Boolean("Tuesday")
    partner_mailing_on_wed = fields.Boolean("Wednesday")
    partner_mailing_on_thu = fields.Boolean("Thursday")
    partner_mailing_on_fri = fields.Boolean("Friday")
    partner_mailing_on_sat = fields.Boolean("Saturday")
    partner_mailing_on_sun = fields.Boolean("Sunday")

    @api.depends("company_id")
    def _compute_partner_mailing_sender_proposals(self):
        for settings in self:
            settings.partner_mailing_sender_proposals = get_proposals(settings.company_id)

    @api.model
    def get_values(self):
        values = super().get_values()
        values.update((name, self.env.company[name]) for name in DAY_FIELDS)
        return values

    def set_values(self):
        result = super().set_values()
        for settings in self:
            changed = {
                name: settings[name]
                for name in DAY_FIELDS
                if settings[name] != settings.company_id[name]
            }
            if changed:
                settings.company_id.write(changed)
        return result
