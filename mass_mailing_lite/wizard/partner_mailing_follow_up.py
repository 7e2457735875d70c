from odoo import api, fields, models
from odoo.exceptions import UserError

from ..selection import CHOICES, FollowUp

# How many earlier follow-ups the dialog names.
SHOWN = 5


class PartnerMailingFollowUp(models.TransientModel):
    """The dialog that makes a new mailing to recipients of one that was sent, by what became of them.

    Each choice has the number of people, or the reason why it cannot be chosen. Numbers are counted
    when the dialog opens.
    """

    _name = "partner.mailing.follow.up"
    _inherit = ["partner.mailing.dialog"]
    _description = "Follow-Up of a Mailing"

    mailing_id = fields.Many2one(
        "partner.mailing", required=True, readonly=True, ondelete="cascade"
    )
    newcomer_count = fields.Integer("Newcomers", compute="_compute_choices")
    newcomer_problem = fields.Char("Why No Newcomers", compute="_compute_choices")
    not_opened_count = fields.Integer("Did Not Open", compute="_compute_choices")
    not_opened_problem = fields.Char("Why None Who Did Not Open", compute="_compute_choices")
    not_clicked_count = fields.Integer("Did Not Click", compute="_compute_choices")
    not_clicked_problem = fields.Char("Why None Who Did Not Click", compute="_compute_choices")
    not_reached_count = fields.Integer("Not Reached", compute="_compute_choices")
    not_reached_problem = fields.Char("Why None Who Were Not Reached", compute="_compute_choices")
    earlier_names = fields.Char(
        "Follow-Ups So Far",
        compute="_compute_earlier_names",
        help="Those that you may see.",
    )

    @api.model
    def _open(self, mailing):
        """Return the action that opens the dialog for one mailing."""
        dialog = self.create({"mailing_id": mailing.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Follow Up"),
            "res_model": self._name,
            "res_id": dialog.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.depends("mailing_id")
    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_choices(self):
        for dialog in self:
            mailing = dialog.mailing_id._origin
            choices = FollowUp(mailing).get_choices() if mailing else {}
            for outcome in CHOICES:
                count, problem = choices.get(outcome, (0, False))
                dialog[f"{outcome}_count"] = count
                dialog[f"{outcome}_problem"] = problem

    @api.depends("mailing_id")
    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_earlier_names(self):
        for dialog in self:
            follow_ups = dialog.mailing_id._get_follow_ups()
            names = [
                self.env._("%(name)s (%(state)s)", name=one.name, state=one._get_state_label())
                for one in follow_ups[:SHOWN]
            ]
            if more := len(follow_ups) - len(names):
                names.append(self.env._("and %s more", more))
            dialog.earlier_names = ", ".join(names)

    # ------------------------------------------------------------
    # Choices
    # ------------------------------------------------------------

    def action_newcomer(self):
        """Make a new mailing to those who came in since."""
        return self._make("newcomer")

    def action_not_opened(self):
        """Make a new mailing to those who did not open this one."""
        return self._make("not_opened")

    def action_not_clicked(self):
        """Make a new mailing to those who did not click a link."""
        return self._make("not_clicked")

    def action_not_reached(self):
        """Make a new mailing to those whom this one did not reach."""
        return self._make("not_reached")

    def _make(self, outcome):
        """Make the draft and open its form.

        :raises UserError: when the choice is not available, with the reason
        """
        self.ensure_one()
        mailing = self.mailing_id
        mailing.check_access("read")
        _count, problem = FollowUp(mailing).get_choice(outcome)
        if problem:
            raise UserError(problem)
        draft = mailing._follow_up(outcome)
        return {
            "type": "ir.actions.act_window",
            "name": draft.name,
            "res_model": draft._name,
            "res_id": draft.id,
            "views": [(False, "form")],
        }
