import re
from datetime import timezone
from itertools import product
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytz

from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import ValidationError

from ..delivery.ask import spamd
from ..delivery.schedule.hours import SendingHours
from ..preflight import get_choices
from ..tools import address_field, allowed_addresses
from ..tools.link_days import MAX_DAYS, MIN_DAYS

# Sending hours: one field for each day, and the fields that decide when mailings may be sent.
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_FIELDS = tuple(f"partner_mailing_on_{day}" for day in WEEKDAYS)
HOUR_FIELDS = {
    "partner_mailing_use_hours",
    "partner_mailing_hour_from",
    "partner_mailing_hour_to",
    "partner_mailing_tz",
    *DAY_FIELDS,
}

# The limit of mailings for each person: two fields that mean something only together.
PRESSURE_FIELDS = ("partner_mailing_pressure_count", "partner_mailing_pressure_days")

# Numbers: fields that are checked, and the largest values. The results in the window of failures
# are stored as one character each beside the totals of a mailing.
NOT_NEGATIVE = (
    "partner_mailing_two_validators_from",
    "partner_mailing_late_hours",
    "partner_mailing_failure_share",
    "partner_mailing_failure_window",
    "partner_mailing_test_limit_day",
    *PRESSURE_FIELDS,
)
MAX_WINDOW = 1000
MAX_TRIES = 100
MAX_PRESSURE, MAX_PRESSURE_DAYS = 1000, 366

# Lists of addresses and domains that an administrator allows.
ADDRESS_LISTS = ("partner_mailing_test_recipients", "partner_mailing_allowed_senders")

FEEDBACK_NAME = re.compile(r"[A-Za-z0-9_-]{5,15}")


class ResCompany(models.Model):
    """The settings of a company for its mailings: approval, sending, results, privacy."""

    _inherit = "res.company"

    # Preparation and approval
    partner_mailing_mail_server_id = fields.Many2one(
        "ir.mail_server",
        "Mail Server for Mailings",
        help="The default for new mailings. Empty: Odoo chooses the server that fits the From address.",
    )
    partner_mailing_layout_id = fields.Many2one(
        "partner.mailing.layout",
        "Layout for Mailings",
        ondelete="restrict",
        help="The default for new mailings. Empty: none.",
    )
    partner_mailing_self_validation = fields.Boolean(
        "Allow Self-Validation",
        help="Authors may validate their own mailings, for companies of one person. Each approval says so.",
    )
    partner_mailing_two_validators_from = fields.Integer(
        "Two Validators From",
        help="Number of recipients from which two validators must agree. 0: one validator is enough.",
    )

    partner_mailing_stopping_checks = fields.Json(
        "Warnings That Stop a Submission",
        groups="mass_mailing_lite.group_manager",
        help="Keys of checks: a mailing with a warning of one of them cannot be submitted.",
    )
    partner_mailing_proof = fields.Boolean(
        "Proofs for Validators",
        default=True,
        help="A mailing that is submitted also comes to the mailbox of each validator who is asked, as"
        " its first recipient of the validator's language gets it. Validators switch it off for"
        " themselves in their preferences. Mailings by SMS have no proof.",
    )

    # Files that are sent as links
    partner_mailing_link_days = fields.Integer(
        "Links to Files Work for (Days)",
        default=30,
        help="How long after a message its recipient can download a file that is sent as a link. The"
        " default for new mailings.",
    )

    # Preflight: what asks other computers
    partner_mailing_check_links = fields.Boolean(
        "Check Links",
        default=True,
        help="The server asks the sites to which drafts lead whether the pages and pictures exist.",
    )
    partner_mailing_spamd = fields.Char(
        "SpamAssassin Server",
        groups="base.group_system",
        help="Host and port of spamd, such as localhost:783. Each draft then gets a spam score. Empty:"
        " none.",
    )

    # From addresses. Of mailing administrators alone: others may change a company, too.
    partner_mailing_default_from = fields.Char(
        "Default Sender",
        groups="mass_mailing_lite.group_manager",
        help="The From address of new mailings, as Name <address>. It is always allowed. Empty: the"
        " address of the user.",
    )
    partner_mailing_allowed_senders = fields.Text(
        "Allowed Senders",
        groups="mass_mailing_lite.group_manager",
        help="Addresses and domains that all users may write mailings from, one a line or separated by"
        " commas. A domain does not include the domains below it. Empty, and none for certain people:"
        " all addresses are allowed.",
    )

    # Tests are not validated
    partner_mailing_test_recipients = fields.Text(
        "Tests Also Go To",
        help="Addresses and domains, one a line or separated by commas. Tests go to the addresses of"
        " the company's users, and to these.",
    )
    partner_mailing_pressure_count = fields.Integer(
        "Mailings for Each Person",
        help="The most mailings that a person gets in the days beside it. Who had as many is"
        " excluded as written to lately. 0: no limit.",
    )
    partner_mailing_pressure_days = fields.Integer("Days of the Limit", default=7)
    # Written when a mailing starts, see selection/pressure.py.
    partner_mailing_pressure_run = fields.Integer(readonly=True, groups="base.group_system")
    partner_mailing_test_limit_day = fields.Integer(
        "Test Messages a Day",
        default=50,
        help="Most messages of tests that one user sends in a day (UTC), and most proofs within a day"
        " that one author's submissions send to one validator. 0: no limit.",
    )

    # Sending
    partner_mailing_late_hours = fields.Integer(
        "Too Late After (Hours)",
        default=12,
        help="A mailing that is late by more than this is paused, and a user decides whether it is still"
        " sent.",
    )
    partner_mailing_resend_uncertain = fields.Boolean(
        "Resend Uncertain Deliveries",
        help="When sending is interrupted, it may be unknown whether the last few messages were"
        " delivered. Off: they are shown as uncertain, and a user decides. On: they are sent again,"
        " and a few recipients may get them twice.",
    )
    partner_mailing_use_hours = fields.Boolean(
        "Sending Hours",
        help="Mailings are sent within these hours only; outside of them they wait.",
    )
    partner_mailing_hour_from = fields.Float("Sending From", default=8.0)
    partner_mailing_hour_to = fields.Float(
        "Sending Until", default=18.0, help="If it is before the start: until the next day."
    )
    partner_mailing_on_mon = fields.Boolean("Monday", default=True)
    partner_mailing_on_tue = fields.Boolean("Tuesday", default=True)
    partner_mailing_on_wed = fields.Boolean("Wednesday", default=True)
    partner_mailing_on_thu = fields.Boolean("Thursday", default=True)
    partner_mailing_on_fri = fields.Boolean("Friday", default=True)
    partner_mailing_on_sat = fields.Boolean("Saturday")
    partner_mailing_on_sun = fields.Boolean("Sunday")
    partner_mailing_tz = fields.Selection(
        _tz_get,
        "Time Zone of Sending Hours",
        default=lambda self: self.env.user.tz or "UTC",
    )
    partner_mailing_failure_share = fields.Integer(
        "Pause at a Failure Rate of (%)",
        default=20,
        help="A mailing is paused when this share of its last recipients failed permanently: the list"
        " or the content is probably at fault. 0: never.",
    )
    partner_mailing_failure_window = fields.Integer(
        "Recipients for the Failure Rate",
        default=200,
        help="The failure rate is computed over this number of recipients.",
    )
    partner_mailing_server_tries = fields.Integer(
        "Attempts if the Mail Server Fails",
        default=5,
        help="If the mail server cannot be used, the next attempts are after 1, 5, 15, 30, and then every"
        " 60 minutes. After this number of attempts the mailing is paused.",
    )

    # Results
    partner_mailing_blocklist_bounced = fields.Boolean(
        "Blocklist After the First Hard Bounce",
        default=True,
        help="On: an address is added to the blocklist at its first permanent bounce. Off: after five"
        " bounces within three months, as for temporary bounces.",
    )
    partner_mailing_feedback_name = fields.Char(
        "Feedback-ID Name",
        help="The name of your company in the header Feedback-ID, by which providers such as Gmail show"
        " complaints per mailing in their postmaster tools. 5 to 15 letters, digits, hyphens or"
        " underscores. Empty: messages have no such header.",
    )
    partner_mailing_keep_months = fields.Integer(
        "Keep Personal Data for (Months)",
        help="Months after the end of a mailing until the names and addresses of its recipients are"
        " removed. Statistics stay. 0: never.",
    )

    @api.constrains("partner_mailing_hour_from", "partner_mailing_hour_to", *DAY_FIELDS)
    def _check_partner_mailing_hours(self):
        for company in self:
            for name in ("partner_mailing_hour_from", "partner_mailing_hour_to"):
                if not 0 <= company[name] <= 24:
                    raise ValidationError(
                        self.env._(
                            '"%(field)s" is %(number)g. It is a time of day, from 0:00 to 24:00.',
                            field=company._fields[name]._description_string(self.env),
                            number=company[name],
                        )
                    )
            if not any(company[name] for name in DAY_FIELDS):
                raise ValidationError(
                    self.env._(
                        "No day of the week is left on which mailings may leave. Choose at least one,"
                        " or switch the sending hours off."
                    )
                )

    @api.constrains(*NOT_NEGATIVE, "partner_mailing_server_tries", "partner_mailing_link_days")
    def _check_partner_mailing_numbers(self):
        maximum = {
            "partner_mailing_failure_share": 100,
            "partner_mailing_failure_window": MAX_WINDOW,
            "partner_mailing_server_tries": MAX_TRIES,
            "partner_mailing_link_days": MAX_DAYS,
            "partner_mailing_pressure_count": MAX_PRESSURE,
            "partner_mailing_pressure_days": MAX_PRESSURE_DAYS,
        }
        minimum = {
            "partner_mailing_server_tries": 1,
            "partner_mailing_failure_window": 1,
            "partner_mailing_link_days": MIN_DAYS,
        }
        for company in self:
            # Without a limit its days do not matter; with one, 0 days would switch it off unseen.
            minimum["partner_mailing_pressure_days"] = int(
                company.partner_mailing_pressure_count > 0
            )
            for name in (
                *NOT_NEGATIVE,
                "partner_mailing_server_tries",
                "partner_mailing_link_days",
            ):
                label, value = company._fields[name]._description_string(self.env), company[name]
                if value < minimum.get(name, 0):
                    raise ValidationError(
                        self.env._(
                            '"%(field)s" is %(number)s: it cannot be less than %(least)s.',
                            field=label,
                            number=value,
                            least=minimum.get(name, 0),
                        )
                    )
                if name in maximum and value > maximum[name]:
                    raise ValidationError(
                        self.env._(
                            '"%(field)s" is %(number)s: it cannot be more than %(most)s.',
                            field=label,
                            number=value,
                            most=maximum[name],
                        )
                    )

    @api.constrains(*ADDRESS_LISTS)
    def _check_partner_mailing_address_lists(self):
        for company, name in product(self.sudo(), ADDRESS_LISTS):
            wrong = allowed_addresses.read(company[name]).wrong
            if wrong:
                raise ValidationError(
                    self.env._(
                        '"%(value)s" in the field "%(field)s" is neither an address nor a domain.'
                        " Write one a line, as name@example.com or example.com.",
                        value=wrong[0][:100],
                        field=self._fields[name]._description_string(self.env),
                    )
                )

    @api.constrains("partner_mailing_spamd")
    def _check_partner_mailing_spamd(self):
        for company in self.sudo():
            try:
                spamd.read_address(company.partner_mailing_spamd or f"localhost:{spamd.PORT}")
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        '"%(value)s" in the field "%(field)s" is no host with a port. Write it as'
                        " localhost:783 or spam.example.com:783.",
                        value=company.partner_mailing_spamd[:100],
                        field=self._fields["partner_mailing_spamd"]._description_string(self.env),
                    )
                ) from error

    @api.constrains("partner_mailing_stopping_checks")
    def _check_partner_mailing_stopping_checks(self):
        known = {choice["key"] for choice in get_choices(self.env)}
        for company in self.sudo():
            keys = company.partner_mailing_stopping_checks or []
            wrong = [key for key in keys if not isinstance(key, str) or key not in known]
            if wrong or not isinstance(keys, list):
                raise ValidationError(
                    self.env._(
                        '"%(value)s" in the field "%(field)s" is no check that gives warnings. Write'
                        " a list of keys, such as %(example)s.",
                        value=str(wrong[0] if wrong else keys)[:100],
                        field=self._fields["partner_mailing_stopping_checks"]._description_string(
                            self.env
                        ),
                        example='["gmail_clip"]',
                    )
                )

    @api.constrains("partner_mailing_feedback_name")
    def _check_partner_mailing_feedback_name(self):
        for company in self:
            name = company.partner_mailing_feedback_name
            if name and not FEEDBACK_NAME.fullmatch(name):
                raise ValidationError(
                    self.env._(
                        '"%(value)s" in the field "%(field)s" does not fit: write 5 to 15 letters,'
                        " digits, hyphens or underscores.",
                        value=name,
                        field=self._fields["partner_mailing_feedback_name"]._description_string(
                            self.env
                        ),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._tidy_partner_mailing_sender(vals) for vals in vals_list])

    def write(self, vals):
        result = super().write(self._tidy_partner_mailing_sender(vals))
        if not HOUR_FIELDS.isdisjoint(vals):
            self.env.ref("mass_mailing_lite.ir_cron_send").sudo()._trigger()
        return result

    @api.model
    def _tidy_partner_mailing_sender(self, vals):
        """Return the values with the default sender in its proper form.

        :raises ValidationError: names the field, the value, what is wrong and the remedy
        """
        name = "partner_mailing_default_from"
        if not isinstance(vals, dict) or not isinstance(vals.get(name), str):
            return vals
        try:
            box = address_field.read_one(vals[name])
        except address_field.Unreadable as error:
            raise ValidationError(
                self.env._(
                    'The field "%(field)s" cannot be saved with this value: %(value)s\n%(reason)s\n'
                    "Write one address, as name@example.com or as Name <name@example.com>.",
                    field=self._fields[name]._description_string(self.env),
                    value=address_field.shorten(vals[name], 200),
                    reason=self.env["partner.mailing"]._get_field_problems()[error.problem],
                )
            ) from error
        return {**vals, name: box.proper if box else False}

    def _has_partner_mailing_user(self, address):
        """Tell whether an active internal user of this company has a canonical address."""
        contacts = self.env["res.partner"].sudo()._partner_mailing_find(address)
        users = contacts.with_context(active_test=False).user_ids
        return any(user.active and not user.share and self in user.company_ids for user in users)

    def _get_sending_hours(self):
        """Return the hours in which mailings of this company are sent; None without a limit.

        :rtype: delivery.schedule.hours.SendingHours
        """
        self.ensure_one()
        if not self.partner_mailing_use_hours:
            return None
        start = round(self.partner_mailing_hour_from * 60) % (24 * 60)
        end = round(self.partner_mailing_hour_to * 60) or 24 * 60
        days = frozenset(number for number, name in enumerate(DAY_FIELDS) if self[name])
        if len(days) == len(DAY_FIELDS) and start == end % (24 * 60):
            return None
        name = self.partner_mailing_tz
        return SendingHours(start, end, days, get_zone(name) if name else timezone.utc)


def get_zone(name):
    """Return one of Odoo's time zones, from pytz if the system does not have its old name."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        with pytz.open_resource(name) as data:
            return ZoneInfo.from_file(data, key=name)
