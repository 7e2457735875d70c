from odoo import api, fields, models

APPROVAL_STATES = [
    ("pending", "Waiting"),
    ("validated", "Validated"),
    ("refused", "Refused"),
    ("withdrawn", "Withdrawn"),
    ("void", "Void"),
]


class PartnerMailingApproval(models.Model):
    """One request to validate a mailing, and the answer to it."""

    _name = "partner.mailing.approval"
    _inherit = ["partner.mailing.guard"]
    _description = "Mailing Approval"
    _order = "id desc"
    _rec_name = "mailing_id"

    mailing_id = fields.Many2one("partner.mailing", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="mailing_id.company_id", store=True)
    requested_by_id = fields.Many2one("res.users", required=True)
    requested_at = fields.Datetime("Requested On", required=True)
    state = fields.Selection(APPROVAL_STATES, required=True, default="pending", index=True)
    validator_id = fields.Many2one("res.users", "Decided By")
    decided_at = fields.Datetime("Decided On")
    reason = fields.Text()
    fingerprint = fields.Char(
        required=True,
        help="SHA-256 over all that reaches a recipient and over the list of recipients.",
    )
    recipient_count = fields.Integer("Recipients", required=True)
    summary = fields.Json(help="How the list was made up when it was submitted.")
    content = fields.Json(help="The content in words, for the next request to be compared with.")
    first_validator_id = fields.Many2one("res.users", help="Where two validators must agree.")
    first_validated_at = fields.Datetime("First Validated On")
    is_self_validation = fields.Boolean(
        "Self-Validation", help="Validated by somebody who prepared it, as the company allows."
    )

    _one_open_uniq = models.UniqueIndex(
        "(mailing_id) WHERE state IN ('pending', 'validated')",
        "A mailing has one valid request at a time.",
    )

    @api.depends("mailing_id.name", "requested_at")
    def _compute_display_name(self):
        for approval in self:
            approval.display_name = approval.mailing_id.name

    def _agree(self, note=False):
        """Note the first of two validations, signed by the current user, now."""
        self._as_system().write(
            {
                "first_validator_id": self.env.uid,
                "first_validated_at": fields.Datetime.now(),
                "reason": note,
            }
        )

    def _decide(self, state, reason=False, is_self_validation=False):
        """Close the requests with ``state``, signed by the current user, now."""
        self._as_system().write(
            {
                "state": state,
                "reason": reason,
                "is_self_validation": is_self_validation,
                "validator_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
            }
        )
        # The next request is inserted at once; the place must be free by then.
        self.flush_recordset()
