from odoo import fields, models


class PartnerMailingTest(models.TransientModel):
    """A test by SMS: the text as one recipient will get it, sent to other numbers."""

    _inherit = "partner.mailing.test"

    # A user who tests an SMS may have no e-mail address; the form asks for it where it is needed.
    emails = fields.Char(required=False)
    numbers = fields.Char(
        "Send To Numbers",
        default=lambda self: (
            self.env["partner.mailing.tester"]._get_last_typed("numbers")
            or self.env.user.partner_id.phone_sanitized
        ),
        help="Phone numbers, separated by commas.",
    )
