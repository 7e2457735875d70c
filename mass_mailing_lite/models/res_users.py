from odoo import fields, models

from .partner_mailing import VALIDATOR_GROUP


class ResUsers(models.Model):
    """A user who says whether proofs of mailings come to the own mailbox."""

    _inherit = "res.users"

    # Not fetched with the other columns: a server with this code runs on a database that is not
    # upgraded yet, where the column is missing, and its users must be able to log in.
    partner_mailing_proof = fields.Boolean(
        "Proofs of Mailings",
        default=True,
        prefetch=False,
        help="A mailing that waits for your validation also comes to your own mailbox, as its first"
        " recipient of your language gets it. Mailings by SMS have no proof.",
    )
    # Odoo reads the view of the preferences as the superuser, whatever groups it names.
    partner_mailing_is_validator = fields.Boolean(
        "Validates Mailings", compute="_compute_partner_mailing_is_validator"
    )

    def _compute_partner_mailing_is_validator(self):
        for user in self:
            user.partner_mailing_is_validator = user.has_group(VALIDATOR_GROUP)

    @property
    def SELF_READABLE_FIELDS(self):  # noqa: N802  # Odoo's name
        own = ["partner_mailing_proof", "partner_mailing_is_validator"]
        return [*super().SELF_READABLE_FIELDS, *own]

    @property
    def SELF_WRITEABLE_FIELDS(self):  # noqa: N802  # Odoo's name
        return [*super().SELF_WRITEABLE_FIELDS, "partner_mailing_proof"]
