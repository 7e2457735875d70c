from odoo import api, fields, models
from odoo.fields import Domain

# How many recipients the tab of a mailing shows: a screenful. The page of
# their own shows all; a plain one2many would read every id of the list.
RECIPIENT_WINDOW = 20
WINDOW_FIELDS = (
    "mailing_id",
    "name",
    "email",
    "state",
    "skip_reason",
    "failure_type",
    "failure_reason",
)


class PartnerMailing(models.Model):
    """A look at the beginning of the list, for the form."""

    _inherit = "partner.mailing"

    recipient_window_ids = fields.Many2many(
        "partner.mailing.recipient",
        string="First Recipients",
        compute="_compute_recipient_window_ids",
    )
    skipped_window_ids = fields.Many2many(
        "partner.mailing.recipient",
        string="First Left Out",
        compute="_compute_recipient_window_ids",
    )

    @api.depends("recipient_count", "skipped_count")
    def _compute_recipient_window_ids(self):
        Recipient = self.env["partner.mailing.recipient"]
        for mailing in self:
            domain = Domain("mailing_id", "=", mailing._origin.id)
            skipped = Domain("state", "=", "skipped")
            mailing.recipient_window_ids = Recipient.search_fetch(
                domain & ~skipped, WINDOW_FIELDS, limit=RECIPIENT_WINDOW
            )
            mailing.skipped_window_ids = Recipient.search_fetch(
                domain & skipped, WINDOW_FIELDS, limit=RECIPIENT_WINDOW
            )
