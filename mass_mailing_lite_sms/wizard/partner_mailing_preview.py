from odoo import fields, models
from odoo.exceptions import UserError

from ..models.partner_mailing import SMS
from ..tools.sms_length import measure


class PartnerMailingPreview(models.TransientModel):
    """A look at the SMS as one recipient gets it."""

    _inherit = "partner.mailing.preview"

    sms_text = fields.Text("SMS", compute="_compute_message")
    sms_length_text = fields.Char("Length", compute="_compute_message")

    def _compute_message(self):
        by_sms = self.filtered(lambda wizard: wizard.mailing_id.channel == SMS)
        (self - by_sms).sms_text = (self - by_sms).sms_length_text = False
        for wizard in by_sms:
            wizard._check_readable()
            wizard._show(b"")
            wizard.problem = wizard.sms_text = wizard.sms_length_text = False
            try:
                [message] = wizard._build_envelopes(None, [wizard._get_row()])
            except UserError as error:
                wizard.problem = str(error)
                continue
            wizard.sms_text = message.text
            wizard.sms_length_text = wizard.mailing_id._describe_length(measure(message.text))
            wizard.recipient = wizard.recipient_id.email_normalized or False
        return super(PartnerMailingPreview, self - by_sms)._compute_message()
