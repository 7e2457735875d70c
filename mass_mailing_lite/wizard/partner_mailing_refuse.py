from odoo import fields, models


class PartnerMailingRefuse(models.TransientModel):
    """The question why a mailing is refused."""

    _name = "partner.mailing.refuse"
    _description = "Refuse a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    reason = fields.Text(required=True)

    def action_refuse(self):
        self.ensure_one()
        self.mailing_id.action_refuse(self.reason)
        return {"type": "ir.actions.act_window_close"}
