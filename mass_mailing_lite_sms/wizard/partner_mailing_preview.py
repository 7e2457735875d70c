from odoo import fields, models

from ..tools.sms_length import measure
from ..transport.text import TextMessage


class PartnerMailingPreview(models.TransientModel):
    """A look at the SMS as one recipient gets it."""

    _inherit = "partner.mailing.preview"

    sms_text = fields.Text("SMS", compute="_compute_message")
    sms_length_text = fields.Char("Length", compute="_compute_message")

    def _show(self, message):
        is_text = isinstance(message, TextMessage)
        result = super()._show(None if is_text else message)
        self.sms_text = self.sms_length_text = False
        if is_text:
            self.recipient = self.recipient_id.phone_sanitized or False
            self.sms_text = message.text
            self.sms_length_text = self.mailing_id._get_transport().describe_length(
                measure(message.text)
            )
        return result
