from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import number_list
from ..tools.sms_length import measure
from ..transport.sms import SmsTransport

PROBLEMS_SHOWN = 20
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

    channel = fields.Selection(selection_add=[("sms", "SMS")], ondelete={"sms": turn_into_email})
    sms_body = fields.Text("SMS Text", translate=True, render_engine="inline_template")
    sms_length_text = fields.Char("Length", compute="_compute_sms_length")
    sms_parts = fields.Integer("SMS a Recipient", compute="_compute_sms_length")
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

    @api.depends("sms_body", "recipient_count")
    @api.depends_context("lang", "uid")
    def _compute_sms_length(self):
        """Measure the text as it comes to the first recipient."""
        for mailing in self:
            transport = SmsTransport(mailing)
            text = transport.get_sample_text() if mailing.sms_body else ""
            length = measure(text)
            mailing.sms_parts = length.parts
            mailing.sms_length_text = text and transport.describe_length(length)

    @api.depends("extra_numbers", "company_id")
    def _compute_extra_numbers_problems(self):
        for mailing in self:
            format_number = SmsTransport(mailing).format_number
            texts = [
                entry.text
                for entry in number_list.parse(mailing.extra_numbers)
                if not format_number(entry.text)
            ]
            shown = texts[:PROBLEMS_SHOWN]
            if len(texts) > len(shown):
                shown.append(self.env._("… and %s more.", len(texts) - len(shown)))
            mailing.extra_numbers_problems = "\n".join(shown) or False

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

    @api.model
    def _get_text_limits(self):
        return {**super()._get_text_limits(), "sms_body": MAX_TEXT}

    def action_open_recipients(self):
        """Show addresses or numbers, as the channel has it."""
        action = super().action_open_recipients()
        action["context"]["partner_mailing_channel"] = self.channel
        return action

    def _blank_sources(self):
        """Remove the SMS too, and what ties them to their recipients."""
        result = super()._blank_sources()
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
