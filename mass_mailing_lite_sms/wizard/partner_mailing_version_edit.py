from odoo import fields, models


class PartnerMailingVersionEdit(models.TransientModel):
    """The text of an SMS in another language."""

    _inherit = "partner.mailing.version.edit"

    sms_body = fields.Text("SMS Text")

    def _get_text_names(self):
        return (*super()._get_text_names(), "sms_body")
