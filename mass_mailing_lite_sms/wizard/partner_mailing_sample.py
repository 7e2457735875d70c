from odoo import fields, models

from ..models.partner_mailing import SMS
from ..models.sms_pool import Session

# Fits into the form and belongs to nobody, for a contact without a number.
NO_NUMBER = "+10000000000"


class PartnerMailingSample(models.AbstractModel):
    """The choice of one recipient, by number."""

    _inherit = "partner.mailing.sample"

    channel = fields.Selection(related="mailing_id.channel")

    def _get_row(self):
        row = super()._get_row()
        if self.mailing_id.channel == SMS and not self.recipient_id:
            contact = (self.partner_id or self.env.user.partner_id).sudo()
            row["email_normalized"] = contact.phone_sanitized or NO_NUMBER
        return row

    def _get_offline_session(self):
        if self.mailing_id.channel == SMS:
            return Session()
        return super()._get_offline_session()
