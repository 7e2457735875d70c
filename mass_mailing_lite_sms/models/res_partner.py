from odoo import api, fields, models

from ..transport.sms import UNSUBSCRIBE_FIELD, UNSUBSCRIBE_PLACEHOLDER


class ResPartner(models.Model):
    """The placeholder of a recipient's own link, offered beside the data of the contact."""

    _inherit = "res.partner"

    partner_mailing_unsubscribe_url = fields.Char(
        "Unsubscribe Link (SMS)",
        compute="_compute_partner_mailing_unsubscribe_url",
        exportable=False,
        groups="base.group_user",
        help="In a mailing by SMS, the address of the page on which its recipient unsubscribes.",
    )

    # Each unsubscription by SMS searches for all contacts with its number.
    _partner_mailing_phone_idx = models.Index("(phone_sanitized) WHERE phone_sanitized IS NOT NULL")

    @api.depends_context(UNSUBSCRIBE_FIELD)
    def _compute_partner_mailing_unsubscribe_url(self):
        self.partner_mailing_unsubscribe_url = self.env.context.get(UNSUBSCRIBE_FIELD) or False

    @api.model
    def mail_allowed_qweb_expressions(self):
        return (*super().mail_allowed_qweb_expressions(), UNSUBSCRIBE_PLACEHOLDER)
