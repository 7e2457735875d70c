from odoo import fields, models

from ..selection.mailing_list import OPTED_OUT


class PartnerMailingRecipient(models.Model):
    """A recipient, who may have opted out of the mailing list that the mailing goes to."""

    _inherit = "partner.mailing.recipient"

    skip_reason = fields.Selection(selection_add=[(OPTED_OUT, "Opted out of the list")])
