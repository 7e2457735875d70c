import re

from odoo import api, fields, models

from ..tools.sms_length import UCS_2, measure
from .partner_mailing import SMS

FOREIGN_SHOWN = 10
CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")


class PartnerMailing(models.Model):
    """How long the text is, as it comes to the first recipient."""

    _inherit = "partner.mailing"

    sms_length_text = fields.Char("Length", compute="_compute_sms_length")
    sms_parts = fields.Integer("SMS a Recipient", compute="_compute_sms_length")

    @api.depends("channel", "sms_body", "recipient_count")
    @api.depends_context("lang", "uid")
    def _compute_sms_length(self):
        for mailing in self:
            text = mailing._get_sample_text() if mailing.channel == SMS else ""
            length = measure(text)
            mailing.sms_parts = length.parts
            mailing.sms_length_text = text and mailing._describe_length(length)

    def _describe_length(self, length):
        """Say in words how long a text is."""
        self.ensure_one()
        words = self.env._(
            "%(units)s characters, %(parts)s SMS (%(encoding)s); %(room)s more fit in",
            units=length.units,
            parts=length.parts,
            encoding=length.encoding,
            room=length.room,
        )
        if length.encoding == UCS_2:
            words = self.env._(
                "%(words)s. An SMS holds less than half as much because of: %(characters)s",
                words=words,
                characters=" ".join(length.foreign[:FOREIGN_SHOWN]),
            )
        return words

    def _get_sample_text(self):
        """Return the text for the first recipient, or for the user while there is none.

        A text that only template editors may write is shown as it stands: it is
        not evaluated before it is saved.
        """
        sample = self._origin.recipient_window_ids[:1]
        contact = sample.partner_id or self.env.user.partner_id
        row = {"partner_id": contact.id, "name": contact.name}
        if any(
            not self._is_allowed(expression) for expression in self._get_expressions("sms_body")
        ):
            return clean_text(self.sms_body or "")
        compiled = self._compile_message(self.env.lang or "en_US", None)
        return compiled.template.fill([read(contact.sudo(), row) for read in compiled.readers])


def clean_text(text):
    """Return a text as it can stand in an SMS: line feeds alone, no control characters."""
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
