from odoo import fields, models


class PartnerMailingUnsubscription(models.Model):
    """A decision about a phone number, by a link in an SMS or by an answer."""

    _inherit = "partner.mailing.unsubscription"
    _rec_names_search = ["email_normalized", "phone_sanitized"]

    phone_sanitized = fields.Char("Number", help="Empty where the mailing was no SMS.")

    # As ``_address_sql`` reads the address of any channel.
    _any_address_idx = models.Index(
        "(COALESCE(email_normalized, phone_sanitized)) WHERE undone_at IS NULL"
    )
