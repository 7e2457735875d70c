from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang


class PartnerMailingMark(models.TransientModel):
    """The dialog that adds contacts, selected in the Contacts list, to a mailing."""

    _name = "partner.mailing.mark"
    _inherit = ["partner.mailing.dialog"]
    _description = "Add Contacts to a Mailing"

    partner_domain = fields.Char(required=True, readonly=True)
    partner_count = fields.Integer("Selected Contacts", readonly=True)
    target = fields.Selection(
        [("new", "A new mailing"), ("draft", "A draft")],
        "Add To",
        required=True,
        default="new",
    )
    name = fields.Char("Title", help="Of the new mailing.")
    mailing_id = fields.Many2one(
        "partner.mailing", "Draft", help="Only drafts that you may change."
    )
    draft_ids = fields.Many2many(
        "partner.mailing", string="Drafts to Choose From", compute="_compute_draft_ids"
    )
    state = fields.Selection([("choose", "Choose"), ("done", "Done")], default="choose")
    line_ids = fields.One2many("partner.mailing.mark.line", "wizard_id", "Result", readonly=True)
    added_count = fields.Integer("Added", readonly=True)
    result = fields.Char("Outcome", compute="_compute_result")
    marked_count = fields.Integer(related="mailing_id.marked_count")
    marked_ids = fields.Many2many(
        "res.partner",
        string="Contacts in the Mailing",
        compute="_compute_marked_ids",
        help="The first of them. Each can be taken off the mailing.",
    )

    @api.depends_context("uid")
    def _compute_draft_ids(self):
        drafts = self.env["partner.mailing"].search([("state", "=", "draft")])
        self.draft_ids = drafts._filtered_access("write")

    @api.depends("state", "added_count", "partner_count")
    @api.depends_context("lang")
    def _compute_result(self):
        for wizard in self:
            wizard.result = wizard.state == "done" and wizard._get_result()

    @api.depends("mailing_id.marked_count", "partner_domain", "state")
    @api.depends_context("uid")
    def _compute_marked_ids(self):
        for wizard in self:
            # Of those that were just added, after that.
            domain = wizard._read_domain() if wizard.state == "done" else []
            mailing = wizard.mailing_id
            wizard.marked_ids = mailing._find_marked(domain) if mailing.marked_count else False

    def _get_result(self):
        """Return in one sentence how many contacts were added."""
        added = formatLang(self.env, self.added_count, digits=0)
        if not self.added_count:
            return self.env._("No contact was added.")
        if self.added_count < self.partner_count:
            return self.env._(
                "%(added)s of %(selected)s contacts added.",
                added=added,
                selected=formatLang(self.env, self.partner_count, digits=0),
            )
        return (
            self.env._("1 contact added.")
            if self.added_count == 1
            else self.env._("%s contacts added.", added)
        )

    @api.model
    def _open(self, domain, count):
        """Return the action that opens the dialog for the contacts of ``domain``.

        :raises UserError: when nothing is selected
        """
        if not count:
            raise UserError(
                self.env._("No contact is selected. Tick contacts in the list, then add them.")
            )
        wizard = self.create({"partner_domain": repr(list(domain)), "partner_count": count})
        return wizard._reopen()

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add to Mailing"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_add(self):
        """Add the contacts to the chosen mailing and show the result.

        :raises UserError: when the title or the draft is missing
        """
        self.ensure_one()
        if self.target == "new":
            self.mailing_id = self.env["partner.mailing"].create({"name": self._get_title()})
        elif not self.mailing_id:
            raise UserError(
                self.env._('Choose a draft in the field "Draft", or add to a new mailing.')
            )
        domain = self._read_domain()
        result = self.mailing_id._mark_contacts(domain, self.partner_count)
        self.write({"state": "done", "added_count": result.pop("added", 0)})
        self.line_ids = [
            fields.Command.create({"outcome": outcome, "count": count})
            for outcome, count in result.items()
            if count
        ]
        return self._reopen()

    def _read_domain(self):
        """Return the ``Domain`` of the selected contacts.

        :raises UserError: when another program than the Contacts list has made it, and it is none
        """
        try:
            return self.env["partner.mailing.audience"]._read_filter(self.partner_domain)
        except UserError as error:
            raise UserError(
                self.env._(
                    "The selected contacts cannot be found: %s. Select them in the Contacts list anew.",
                    error,
                )
            ) from error

    def _get_title(self):
        if not (self.name or "").strip():
            raise UserError(self.env._('Give the new mailing a title in the field "Title".'))
        return self.name

    def action_open_mailing(self):
        """Open the mailing that the contacts were added to."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "partner.mailing",
            "res_id": self.mailing_id.id,
            "view_mode": "form",
        }


class PartnerMailingMarkLine(models.TransientModel):
    """The number of selected contacts that were not added for one reason."""

    _name = "partner.mailing.mark.line"
    _inherit = ["partner.mailing.dialog"]
    _description = "Outcome of Adding Contacts"
    _order = "id"

    wizard_id = fields.Many2one("partner.mailing.mark", required=True, ondelete="cascade")
    outcome = fields.Selection("_selection_outcome", "Not Added Because", required=True)
    count = fields.Integer("Contacts")

    @api.model
    def _selection_outcome(self):
        Recipient = self.env["partner.mailing.recipient"]
        return [
            ("present", self.env._("Already in the mailing")),
            *Recipient._fields["skip_reason"]._description_selection(self.env),
            ("unusable", self.env._("Archived, or of another company than the mailing")),
        ]
