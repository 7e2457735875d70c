from functools import partial

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..tools import number_list
from ..tools.sms_length import measure
from ..transport.estimate import Estimate, count_by_country
from ..transport.sms import UNSUBSCRIBE_PLACEHOLDER, SmsTransport

PROBLEMS_SHOWN = 20
ESTIMATED_STATES = ("draft", "to_validate", "validated")  # nothing was sent yet
MAX_TEXT = 3000  # characters with placeholders as typed; ten SMS hold half of that


def turn_into_email(mailings):
    """Give mailings by SMS the channel that is left when the addon is uninstalled.

    By SQL: mailings that have ended cannot be changed in another way. All others were cancelled
    before, see ``hooks.py``.
    """
    mailings.env.cr.execute(
        SQL("UPDATE partner_mailing SET channel = 'email' WHERE id = ANY(%s)", mailings.ids)
    )
    mailings.invalidate_recordset(["channel"], flush=False)


class PartnerMailing(models.Model):
    """A mailing by SMS: a text to phone numbers, in all else like one by e-mail.

    What differs from e-mail is in ``SmsTransport``.
    """

    _inherit = "partner.mailing"
    _system_fields = frozenset({"sms_countries"})

    channel = fields.Selection(selection_add=[("sms", "SMS")], ondelete={"sms": turn_into_email})
    sms_body = fields.Text("SMS Text", translate=True, render_engine="inline_template")
    sms_template_id = fields.Many2one(
        "sms.template",
        "SMS Template",
        domain=[("model", "=", "res.partner")],
        help="The template that the text was taken from; you may change the text.",
    )
    sms_length_text = fields.Char("Length", compute="_compute_sms_length")
    sms_parts = fields.Integer("SMS a Recipient", compute="_compute_sms_length")
    sms_countries = fields.Json(
        "Recipients by Country",
        copy=False,
        readonly=True,
        help="Numbers that are written to, as [language or null, country code, count], from when the"
        " list was loaded: counting a million takes a second.",
    )
    sms_estimate = fields.Html("SMS and Cost", compute="_compute_sms_estimate", sanitize=False)
    sms_has_unsubscribe = fields.Boolean(
        "Unsubscribe Link in the SMS", compute="_compute_sms_has_unsubscribe"
    )
    extra_numbers = fields.Text(
        help="Phone numbers that belong to no contact: one a line, or separated by commas or"
        " semicolons; with a name as Anna <+7 903 123-45-67>.",
    )
    extra_numbers_problems = fields.Text(
        "Cannot Be Dialled",
        compute="_compute_extra_numbers_problems",
        help="What in the extra numbers is no valid number.",
    )

    # ------------------------------------------------------------
    # Compute
    # ------------------------------------------------------------

    @api.depends("sms_body", "recipient_count", "track_clicks")
    @api.depends_context("lang", "uid")
    def _compute_sms_length(self):
        """Measure the text as it comes to the first recipient."""
        for mailing in self:
            transport = SmsTransport(mailing)
            text = transport.get_sample_text() if mailing.sms_body else ""
            length = measure(text)
            mailing.sms_parts = length.parts
            mailing.sms_length_text = text and transport.describe_length(length)

    @api.depends("sms_body", "channel", "state", "recipient_count", "sms_countries", "main_lang")
    @api.depends_context("lang")
    def _compute_sms_estimate(self):
        for mailing in self:
            is_ahead = mailing.channel == "sms" and mailing.state in ESTIMATED_STATES
            mailing.sms_estimate = (
                is_ahead and mailing.sms_body and mailing.sms_countries
            ) and mailing._render_sms_estimate()

    def _render_sms_estimate(self):
        """Return the number of SMS and their cost, as HTML."""
        estimate = Estimate(SmsTransport(self.sudo()))
        return self.env["ir.qweb"]._render(
            "mass_mailing_lite_sms.estimate",
            {"estimate": estimate, "number": partial(formatLang, self.env, digits=0)},
        )

    @api.depends("extra_numbers", "company_id")
    def _compute_extra_numbers_problems(self):
        for mailing in self:
            format_number = SmsTransport(mailing).format_number
            texts = [
                one.text
                for one in number_list.read(mailing.extra_numbers, format_number)
                if one.problem
            ]
            shown = texts[:PROBLEMS_SHOWN]
            if len(texts) > len(shown):
                shown.append(self.env._("… and %s more.", len(texts) - len(shown)))
            mailing.extra_numbers_problems = "\n".join(shown) or False

    @api.onchange("sms_template_id")
    def _onchange_sms_template_id(self):
        """Fill an empty mailing from the template."""
        if self.channel == "sms":
            self._fill_from_template()

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([without_mail_server(vals) for vals in vals_list])

    def write(self, vals):
        changed = self.filtered(
            lambda mailing: "channel" in vals and mailing.channel != vals["channel"]
        )
        changed._check_not_begun()
        result = super().write(without_mail_server(vals))
        changed._empty_list()
        self._follow_in_companions(vals)
        return result

    def _check_not_begun(self):
        """Raise when some recipients were written to already.

        :raises UserError: names the mailing and says what to do
        """
        for mailing in self:
            if mailing.started_at:
                raise UserError(
                    self.env._(
                        'The mailing "%s" was sent in part already: its channel cannot be changed.'
                        " Duplicate it and change the copy.",
                        mailing.name,
                    )
                )

    def _empty_list(self):
        """Delete the recipients, which were loaded for another channel."""
        for mailing in self:
            mailing._lock_list()
            self.env["partner.mailing.recipient"]._delete_of_mailings(mailing.ids)
            mailing._recount()

    # ------------------------------------------------------------
    # Hooks of the main addon
    # ------------------------------------------------------------

    @api.model
    def _get_transports(self):
        return {**super()._get_transports(), "sms": SmsTransport}

    def _store_language_counts(self, groups):
        """Store the countries too, of a list of numbers."""
        result = super()._store_language_counts(groups)
        if self.state == "draft" and (self.channel == "sms" or self.sms_countries):
            self._as_system().write(
                {"sms_countries": count_by_country(self) if self.channel == "sms" else False}
            )
        return result

    @api.model
    def get_placeholders(self):
        """Mark the one of the short link, which editors offer in texts of SMS alone."""
        return [
            {**one, "is_link": True} if one["expression"] == UNSUBSCRIBE_PLACEHOLDER else one
            for one in super().get_placeholders()
        ]

    @api.model
    def _get_text_limits(self):
        return {**super()._get_text_limits(), "sms_body": MAX_TEXT}

    @api.model
    def _get_address_problems(self):
        return {
            **super()._get_address_problems(),
            number_list.ROUNDED: self.env._(
                "the spreadsheet has cut off its last digits. Format the column as text, enter the"
                " number anew and save the file again."
            ),
        }

    def action_import_addresses(self):
        action = super().action_import_addresses()
        if self.channel == "sms":
            action["name"] = self.env._("Import Numbers")
        return action

    def action_open_recipients(self):
        """Show addresses or numbers, as the channel has it."""
        action = super().action_open_recipients()
        action["context"]["partner_mailing_channel"] = self.channel
        return action

    @api.constrains("subject", "preview_text", "body_html")
    def _check_sms_links(self):
        """Refuse the placeholder of the short link outside the text of an SMS.

        :raises ValidationError: names the field and what to write instead
        """
        for mailing in self:
            for name in ("subject", "preview_text", "body_html"):
                if UNSUBSCRIBE_PLACEHOLDER in (mailing[name] or ""):
                    raise ValidationError(
                        self.env._(
                            'The placeholder "%(placeholder)s" in the field "%(field)s" is for SMS. In an'
                            " e-mail, insert the unsubscribe link, which is a link to"
                            " /partner_mailing/unsubscribe.",
                            placeholder=UNSUBSCRIBE_PLACEHOLDER,
                            field=self._fields[name]._description_string(self.env),
                        )
                    )

    @api.depends("sms_body")
    def _compute_sms_has_unsubscribe(self):
        for mailing in self:
            mailing.sms_has_unsubscribe = UNSUBSCRIBE_PLACEHOLDER in (mailing.sms_body or "")

    def action_open_answers(self):
        """Show the answers to the mailing."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_lite_sms.partner_mailing_answer_action"
        )
        action["domain"] = [("mailing_id", "=", self.id)]
        return action

    def _find_due_answers(self, company):
        """Return the answers to no mailing that a company keeps no longer."""
        before = fields.Datetime.now() - relativedelta(months=company.partner_mailing_keep_months)
        return (
            self.env["partner.mailing.answer"]
            ._as_system()
            .search(
                [
                    ("company_id", "=", company.id),
                    ("mailing_id", "=", False),
                    ("create_date", "<", before),
                ]
            )
        )

    @api.model
    def _cron_remove_personal_data(self):
        """Remove answers to no mailing, too."""
        for company in self.env["res.company"].search([("partner_mailing_keep_months", ">", 0)]):
            self._find_due_answers(company).unlink()
        return super()._cron_remove_personal_data()

    def _blank_sources(self):
        """Remove the SMS too, what ties them to their recipients, and the answers."""
        result = super()._blank_sources()
        self.env["partner.mailing.answer"]._as_system().search(
            [("mailing_id", "=", self.id)]
        ).unlink()
        # Odoo deletes the SMS that were sent once a day.
        self.env.cr.execute(
            SQL(
                """
                WITH tracked AS (
                    DELETE FROM sms_tracker t
                     USING partner_mailing_recipient r
                     WHERE r.mailing_id = %s AND t.partner_mailing_recipient_id = r.id
                 RETURNING t.sms_uuid)
                DELETE FROM sms_sms s USING tracked WHERE s.uuid = tracked.sms_uuid
                """,
                self.id,
            )
        )
        self.env["sms.tracker"].invalidate_model(flush=False)
        self.env["sms.sms"].invalidate_model(flush=False)
        return result


def without_mail_server(vals):
    """Return values in which a mailing by SMS has no mail server, whose limits are not its own."""
    return {**vals, "mail_server_id": False} if vals.get("channel") == "sms" else vals
