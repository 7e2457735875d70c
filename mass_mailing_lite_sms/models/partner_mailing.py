from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

SMS = "sms"
# What only mailings by SMS are made of.
SMS_FIELDS = frozenset({"channel", "sms_body", "extra_numbers"})
LIST_FIELDS = {"channel", "extra_numbers"}


class PartnerMailing(models.Model):
    """A mailing by SMS: the same in all, but for the text and the numbers it goes to."""

    _inherit = "partner.mailing"

    channel = fields.Selection(
        [("email", "E-mail"), ("sms", "SMS")], required=True, default="email", index=True
    )
    sms_body = fields.Text("SMS Text", translate=True, render_engine="inline_template")
    extra_numbers = fields.Text(
        help="Phone numbers that belong to no contact: one a line, or separated by commas or"
        " semicolons; with a name as Anna <+7 903 123-45-67>.",
    )

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
        for mailing in changed:
            if mailing.started_at:
                raise UserError(
                    self.env._(
                        'The mailing "%s" was sent in part already: its channel cannot be changed.'
                        " Duplicate it and change the copy.",
                        mailing.name,
                    )
                )
        result = super().write(without_mail_server(vals))
        changed._forget_list()
        return result

    def _forget_list(self):
        """Empty the list, which was made for another channel: no address is a number."""
        for mailing in self:
            mailing._lock_list()
            self.env.cr.execute(
                SQL("DELETE FROM partner_mailing_recipient WHERE mailing_id = %s", mailing.id)
            )
            self.env["partner.mailing.recipient"]._forget_cached_rows()
            mailing._recount()

    def _get_trace_of_change(self, names):
        trace = super()._get_trace_of_change(names)
        if LIST_FIELDS & names:
            trace["recipients_loaded_at"] = False
        return trace

    # ------------------------------------------------------------
    # Fingerprint
    # ------------------------------------------------------------

    def _get_covered_fields(self):
        return super()._get_covered_fields() | SMS_FIELDS

    def _get_plain_content(self):
        return self._without_other_channel(super()._get_plain_content())

    def _get_translations(self):
        return self._without_other_channel(super()._get_translations())

    def _without_other_channel(self, content):
        """Leave the fingerprint of an e-mail as it was before this addon came."""
        if self.channel == SMS:
            return content
        return {name: value for name, value in content.items() if name not in SMS_FIELDS}

    # ------------------------------------------------------------
    # What a mailing must have
    # ------------------------------------------------------------

    @api.model
    def _get_rendered_fields(self):
        return (*super()._get_rendered_fields(), "sms_body")

    def _get_translated_content(self):
        return ("sms_body",) if self.channel == SMS else super()._get_translated_content()

    @api.depends("channel", "sms_body")
    def _compute_languages(self):
        return super()._compute_languages()

    def _get_required_fields(self):
        return ("sms_body",) if self.channel == SMS else super()._get_required_fields()

    def _check_addresses(self):
        """A mailing by SMS has neither a sender's address nor copies."""
        return None if self.channel == SMS else super()._check_addresses()

    def _get_sender_warning(self):
        return False if self.channel == SMS else super()._get_sender_warning()

    @api.depends("channel")
    def _compute_sender_warning(self):
        return super()._compute_sender_warning()


def without_mail_server(vals):
    """Return values in which a mailing by SMS has no mail server: it must not wait for one."""
    return {**vals, "mail_server_id": False} if vals.get("channel") == SMS else vals
