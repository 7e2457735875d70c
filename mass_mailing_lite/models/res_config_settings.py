from odoo import api, fields, models
from odoo.exceptions import UserError

from ..preflight import get_choices
from ..tools.domain import lookup
from ..transport.allowed_senders import get_proposals
from .res_company import DAY_FIELDS, PRESSURE_FIELDS

# Fields that mean something only together, and are checked so. Related fields are written one by
# one: between two writes a company could have no day of the week at all.
TOGETHER = (*DAY_FIELDS, *PRESSURE_FIELDS)


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
    partner_mailing_stopping_checks = fields.Json(
        related="company_id.partner_mailing_stopping_checks",
        readonly=False,
        groups="mass_mailing_lite.group_manager",
    )
    partner_mailing_check_choices = fields.Json(
        "Checks",
        compute="_compute_partner_mailing_check_choices",
        groups="mass_mailing_lite.group_manager",
        help="The checks of which a warning may stop a submission.",
    )
    partner_mailing_proof = fields.Boolean(
        related="company_id.partner_mailing_proof", readonly=False
    )
    partner_mailing_link_days = fields.Integer(
        related="company_id.partner_mailing_link_days", readonly=False
    )
    partner_mailing_check_links = fields.Boolean(
        related="company_id.partner_mailing_check_links", readonly=False
    )
    partner_mailing_spamd = fields.Char(
        related="company_id.partner_mailing_spamd", readonly=False, groups="base.group_system"
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
    # Not related fields, see ``TOGETHER``.
    partner_mailing_pressure_count = fields.Integer(
        "Mailings for Each Person",
        help="The most mailings that a person gets in the days beside it. Who had as many is"
        " excluded as written to lately. 0: no limit.",
    )
    partner_mailing_pressure_days = fields.Integer("Days of the Limit")
    partner_mailing_on_mon = fields.Boolean("Monday")
    partner_mailing_on_tue = fields.Boolean("Tuesday")
    partner_mailing_on_wed = fields.Boolean("Wednesday")
    partner_mailing_on_thu = fields.Boolean("Thursday")
    partner_mailing_on_fri = fields.Boolean("Friday")
    partner_mailing_on_sat = fields.Boolean("Saturday")
    partner_mailing_on_sun = fields.Boolean("Sunday")

    partner_mailing_check_domains = fields.Boolean(
        "Check the Domains of Contacts",
        help="A scheduled action asks the DNS once a day which domains of contacts get e-mail.",
    )
    partner_mailing_has_dns = fields.Boolean(
        "DNS Can Be Asked", compute="_compute_partner_mailing_has_dns"
    )

    def _compute_partner_mailing_has_dns(self):
        self.partner_mailing_has_dns = lookup.is_available()

    @api.depends("company_id")
    def _compute_partner_mailing_sender_proposals(self):
        for settings in self:
            settings.partner_mailing_sender_proposals = get_proposals(settings.company_id)

    @api.depends_context("lang")
    def _compute_partner_mailing_check_choices(self):
        self.partner_mailing_check_choices = get_choices(self.env)

    @api.model
    def get_values(self):
        values = super().get_values()
        values.update((name, self.env.company[name]) for name in TOGETHER)
        values["partner_mailing_check_domains"] = self._get_partner_mailing_check().active
        return values

    def set_values(self):
        result = super().set_values()
        for settings in self:
            changed = {
                name: settings[name]
                for name in TOGETHER
                if settings[name] != settings.company_id[name]
            }
            if changed:
                settings.company_id.write(changed)
            settings._switch_partner_mailing_check()
        return result

    def _get_partner_mailing_check(self):
        """Return the scheduled action that asks the DNS; whether it is active is the switch."""
        return self.env.ref("mass_mailing_lite.ir_cron_check_domains").sudo()

    def _switch_partner_mailing_check(self):
        """Switch the check of domains on or off; the first one begins at once.

        :raises UserError: when the library that asks the DNS is not installed
        """
        check, is_on = self._get_partner_mailing_check(), self.partner_mailing_check_domains
        if is_on == check.active:
            return
        if is_on and not lookup.is_available():
            raise UserError(
                self.env._(
                    '"%s" cannot be switched on: the Python library dnspython is not installed.'
                    " Install it on the server (pip install dnspython, or the Debian package"
                    " python3-dnspython) and start Odoo again.",
                    self._fields["partner_mailing_check_domains"]._description_string(self.env),
                )
            )
        check.active = is_on
        if is_on:
            check._trigger()
