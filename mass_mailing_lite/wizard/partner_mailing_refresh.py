from odoo import api, fields, models


class PartnerMailingRefresh(models.TransientModel):
    """The dialog that shows the changes by a refresh of a mailing's recipients, and makes them."""

    _name = "partner.mailing.refresh"
    _description = "Refresh Recipients"

    mailing_id = fields.Many2one(
        "partner.mailing", required=True, readonly=True, ondelete="cascade"
    )
    in_count = fields.Integer("Come In", readonly=True)
    out_count = fields.Integer("Go Out", readonly=True)
    address_count = fields.Integer("Change Address", readonly=True)
    recipient_count = fields.Integer("Will Be Written To", readonly=True)
    in_ids = fields.One2many(
        "partner.mailing.refresh.line", "wizard_id", domain=[("kind", "=", "in")], readonly=True
    )
    out_ids = fields.One2many(
        "partner.mailing.refresh.line", "wizard_id", domain=[("kind", "=", "out")], readonly=True
    )
    address_ids = fields.One2many(
        "partner.mailing.refresh.line",
        "wizard_id",
        domain=[("kind", "=", "address")],
        readonly=True,
    )

    @api.model
    def _open(self, mailing):
        """Return the action that opens the dialog for one mailing."""
        totals, changes = mailing._get_refresh_changes()
        kept = mailing.recipient_count - mailing.pending_count
        wizard = self.create(
            {
                "mailing_id": mailing.id,
                "in_count": totals.get("in", 0),
                "out_count": totals.get("out", 0),
                "address_count": totals.get("address", 0),
                "recipient_count": totals.get("recipients", 0) + kept,
            }
        )
        self.env["partner.mailing.refresh.line"].create(
            [
                {
                    "wizard_id": wizard.id,
                    "kind": change["kind"],
                    "name": change["name"] or change["email"],
                    "email": change["email"],
                    "old_email": change["old_email"],
                    "reason": change["reason"] or "gone",
                }
                for change in changes
            ]
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Refresh Recipients"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_apply(self):
        """Load the recipients again."""
        self.ensure_one()
        self.mailing_id.action_load_recipients()
        return {"type": "ir.actions.act_window_close"}


class PartnerMailingRefreshLine(models.TransientModel):
    """One recipient that a refresh would add, remove or give another address."""

    _name = "partner.mailing.refresh.line"
    _description = "Change by a Refresh"
    _order = "id"

    wizard_id = fields.Many2one("partner.mailing.refresh", required=True, ondelete="cascade")
    kind = fields.Selection(
        [("in", "Comes In"), ("out", "Goes Out"), ("address", "Changes Address")], required=True
    )
    name = fields.Char()
    email = fields.Char("E-mail")
    old_email = fields.Char("E-mail Until Now")
    reason = fields.Selection("_selection_reason")

    @api.model
    def _selection_reason(self):
        Recipient = self.env["partner.mailing.recipient"]
        return [
            ("gone", self.env._("In no audience any more, and not marked")),
            *Recipient._fields["skip_reason"]._description_selection(self.env),
        ]
