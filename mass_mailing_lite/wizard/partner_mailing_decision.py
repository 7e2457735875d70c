from odoo import fields, models


class PartnerMailingRefuse(models.TransientModel):
    """The dialog that asks for the reason of a refusal."""

    _name = "partner.mailing.refuse"
    _description = "Refuse a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    reason = fields.Text(required=True)

    def action_refuse(self):
        """Refuse the mailing with the reason."""
        self.ensure_one()
        self.mailing_id.action_refuse(self.reason)
        return {"type": "ir.actions.act_window_close"}


class PartnerMailingValidate(models.TransientModel):
    """The dialog that validates a mailing, with a field for a note."""

    _name = "partner.mailing.validate"
    _description = "Validate a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    recipient_count = fields.Integer("Recipients", related="mailing_id.recipient_count")
    scheduled_at = fields.Datetime("Begins", related="mailing_id.scheduled_at")
    note = fields.Text()

    def action_validate(self):
        """Validate the mailing with the note."""
        self.ensure_one()
        self.mailing_id.action_validate(self.note or None)
        return {"type": "ir.actions.act_window_close"}
