from odoo import fields, models

from ..tools.sms_length import measure, split
from ..transport.text import TextMessage


class PartnerMailingPreview(models.TransientModel):
    """A look at the SMS as one recipient gets it, on a phone."""

    _inherit = "partner.mailing.preview"

    sms_text = fields.Text("SMS", compute="_compute_message")
    sms_phone = fields.Json("Phone", compute="_compute_message")
    sms_sender = fields.Char("Sender", compute="_compute_message")
    sms_length_text = fields.Char("Length", compute="_compute_message")
    sms_parts_text = fields.Char("Parts", compute="_compute_message")
    sms_estimate = fields.Html(related="mailing_id.sms_estimate", sanitize=False)

    def _show(self, message):
        is_text = isinstance(message, TextMessage)
        result = super()._show(None if is_text else message)
        self.sms_text = self.sms_length_text = self.sms_parts_text = False
        self.sms_phone = self.sms_sender = False
        if is_text:
            self._show_text(message)
        return result

    def _show_text(self, message):
        """Fill the fields of a message by SMS.

        :param message: a ``TextMessage``
        """
        transport = self.mailing_id._get_transport()
        sender = transport.get_sender_id(message.number)
        texts = split(message.text)
        units = [measure(text).units for text in texts]
        self.recipient = self.recipient_id.phone_sanitized or False
        self.sms_text = message.text
        self.sms_sender = sender or self.env._("chosen by the SMS provider")
        self.sms_length_text = transport.describe_length(measure(message.text))
        self.sms_parts_text = len(texts) > 1 and self.env._(
            "%s characters", " + ".join(map(str, units))
        )
        self.sms_phone = {
            "sender": sender or self.env._("SMS"),
            "parts": [
                {
                    "text": text,
                    "units": units[place],
                    "end": self.env._(
                        "SMS %(number)s of %(count)s ends here", number=place + 1, count=len(texts)
                    ),
                }
                for place, text in enumerate(texts)
            ],
        }
