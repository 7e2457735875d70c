from odoo import api, fields, models


class PartnerMailingRefresh(models.TransientModel):
    """The dialog that shows what an update of a mailing's list would change, and what to do.

    The user updates the list, or keeps it as it is; both are recorded in the mailing. A list that
    an update would not change is up to date, and is noted so when the dialog opens.
    """

    _name = "partner.mailing.refresh"
    _inherit = ["partner.mailing.dialog"]
    _description = "Update of a List of Recipients"

    mailing_id = fields.Many2one(
        "partner.mailing", required=True, readonly=True, ondelete="cascade"
    )
    in_count = fields.Integer("Added", readonly=True)
    out_count = fields.Integer("Removed", readonly=True)
    address_count = fields.Integer("Other Address", readonly=True)
    recipient_count = fields.Integer("Recipients", readonly=True)
    skipped_count = fields.Integer("Excluded", readonly=True)
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
        if not changes:
            # Names, languages and the reasons of excluded ones may differ still.
            mailing._load_recipients()
        kept = mailing.recipient_count - mailing.pending_count
        wizard = self.create(
            {
                "mailing_id": mailing.id,
                "in_count": totals.get("in", 0),
                "out_count": totals.get("out", 0),
                "address_count": totals.get("address", 0),
                "recipient_count": totals.get("recipients", 0) + kept,
                "skipped_count": mailing.skipped_count,
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
                    "excluded_by": self.env["partner.mailing.source"]
                    .browse(change["source"] or [])
                    ._get_words(),
                }
                for change in changes
            ]
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Update List"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_apply(self):
        """Update the list."""
        self.ensure_one()
        self.mailing_id.action_load_recipients()
        return {"type": "ir.actions.act_window_close"}

    def action_keep(self):
        """Keep the list as it is, although an update would make the changes that are shown."""
        self.ensure_one()
        self.mailing_id._keep_list(
            {"in": self.in_count, "out": self.out_count, "address": self.address_count}
        )
        return {"type": "ir.actions.act_window_close"}


class PartnerMailingRefreshLine(models.TransientModel):
    """One recipient that an update would add, remove or give another address."""

    _name = "partner.mailing.refresh.line"
    _inherit = ["partner.mailing.dialog"]
    _description = "Change by an Update of a List"
    _order = "id"

    wizard_id = fields.Many2one("partner.mailing.refresh", required=True, ondelete="cascade")
    kind = fields.Selection(
        [("in", "Added"), ("out", "Removed"), ("address", "Other Address")], required=True
    )
    name = fields.Char()
    email = fields.Char("E-mail")
    old_email = fields.Char("Previous E-mail")
    reason = fields.Selection("_selection_reason")
    excluded_by = fields.Char(help="The entry that excludes the recipient.")

    @api.model
    def _selection_reason(self):
        Recipient = self.env["partner.mailing.recipient"]
        return [
            ("gone", self.env._("No longer among the chosen contacts and addresses")),
            *Recipient._fields["skip_reason"]._description_selection(self.env),
        ]
