from odoo import api, fields, models
from odoo.exceptions import MissingError, UserError

from ..moving import TakeOver

STOCK_GROUP = "mass_mailing.group_mass_mailing_user"


class MailingMailing(models.Model):
    """A mailing of Email Marketing, of which one with approval can be made."""

    _inherit = "mailing.mailing"

    # Not a one2many, by which a search would tell of mailings that its user may not see.
    partner_mailing_count = fields.Integer(
        "With Approval",
        compute="_compute_partner_mailing_count",
        help="Mailings with approval that were made of this one.",
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_mailing_count(self):
        Mailing = self.env["partner.mailing"].with_context(active_test=False)
        counts = {}
        if Mailing.sudo(False).has_access("read") and self.env.user.has_group(STOCK_GROUP):
            groups = Mailing.sudo(False)._read_group(
                [("email_marketing_id", "in", self._origin.ids)],
                ["email_marketing_id"],
                ["__count"],
            )
            counts = {stock.id: count for stock, count in groups}
        for mailing in self:
            mailing.partner_mailing_count = counts.get(mailing._origin.id, 0)

    @api.model
    def action_fetch_favorites(self, extra_domain=None):
        """Return no favorites to those who may not read mailings of Email Marketing.

        The builder asks in a mailing of ours, too, and would end in an error.
        """
        if not self.has_access("read"):
            return []
        return super().action_fetch_favorites(extra_domain)

    def _get_opt_out_list(self):
        """Add who unsubscribed from all mailings, also where the blocklist is not used."""
        left = self.env["partner.mailing.unsubscription"].sudo()._find_left_everything()
        return {*super()._get_opt_out_list(), *left}

    def action_partner_mailing_send_with_approval(self):
        """Make a mailing with approval of each of these, and open them.

        These stay as they are. What cannot be taken over is said in the new mailing's chatter, and
        in a notice.

        :return: the action that opens what was made
        :raises UserError: names the mailings that cannot be taken over now, and what to do
        :raises AccessError: without the right to read these, or to create mailings
        """
        if not all(type(one) is int and one > 0 for one in self._ids):
            raise MissingError(
                self.env._("There is no such %s. It may have been deleted.", self._description)
            )
        self.check_access("read")
        self.env["partner.mailing"].check_access("create")
        if not self:
            raise UserError(self.env._("Choose a mailing first."))
        # One after the other: two users of the same button make two mailings that name each other.
        takings = [TakeOver(mailing) for mailing in self]
        if problems := [problem for one in takings if (problem := one.get_problem())]:
            raise UserError("\n".join(problems))
        drafts = self.env["partner.mailing"]
        for taking in takings:
            drafts |= taking.make()
        if len(takings) == 1:
            remarks = takings[0].remarks
        else:
            remarks = [f"{taking.draft.name}." for taking in takings if taking.remarks]
        return self._open_partner_mailings(drafts, remarks)

    def action_open_partner_mailings(self):
        """Open the mailings with approval that were made of these."""
        self.check_access("read")
        drafts = (
            self.env["partner.mailing"]
            .with_context(active_test=False)
            .search([("email_marketing_id", "in", self.ids)])
        )
        return self._open_partner_mailings(drafts)

    def _open_partner_mailings(self, drafts, remarks=()):
        """Return the action that opens mailings, with a notice if there are remarks."""
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Mailings"),
            "res_model": drafts._name,
        }
        if len(drafts) == 1:
            action.update(views=[(False, "form")], res_id=drafts.id)
        else:
            action.update(
                views=[(False, "list"), (False, "form")],
                domain=[("id", "in", drafts.ids)],
                context={"active_test": False},
            )
        if not remarks:
            return action
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "title": self.env._("Not the same as in Email Marketing"),
                "message": "\n".join([*remarks, self.env._("The chatter has this, too.")]),
                "sticky": True,
                "next": action,
            },
        }
