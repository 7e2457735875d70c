from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

LEFT_OUT = SQL("state = 'skipped', skip_reason = 'by_hand'")
WAITING = SQL("state = 'pending', skip_reason = NULL")
IS_WAITING = SQL("state = 'pending'")
IS_LEFT_OUT = SQL("state = 'skipped' AND skip_reason = 'by_hand'")


class PartnerMailing(models.Model):
    """Review of the whole list: nobody is written to, or everybody who can be."""

    _inherit = "partner.mailing"

    def action_leave_out_all(self):
        """Leave out everybody, to take back the few who are meant."""
        self._review_all(LEFT_OUT, IS_WAITING)
        return True

    def action_take_back_all(self):
        """Write again to everybody who was left out by hand."""
        self._review_all(WAITING, IS_LEFT_OUT)
        self._note_editor()
        return True

    def _review_all(self, assignments, condition):
        self.check_access("write")
        self._check_editable(self.env._("leave out or take back everybody"))
        for mailing in self:
            mailing._lock_list()
            self.env["partner.mailing.recipient"]._update_list(mailing, assignments, condition)
            mailing._recount()


class PartnerMailingRecipient(models.Model):
    """Review in the page of all recipients, also of all that its filter matches."""

    _inherit = "partner.mailing.recipient"

    # For the page of recipients to group and search by.
    partner_company_id = fields.Many2one(
        "res.partner", "Company of the Contact", related="partner_id.commercial_partner_id"
    )
    category_ids = fields.Many2many(
        "res.partner.category", string="Tags", related="partner_id.category_id"
    )

    def action_leave_out(self):
        if (selected := self._get_selected_by_filter()) is None:
            return super().action_leave_out()
        self._review_selected(selected, LEFT_OUT, IS_WAITING)
        return True

    def action_take_back(self):
        if (selected := self._get_selected_by_filter()) is None:
            return super().action_take_back()
        for mailing in self._get_mailings(selected):
            mailing._check_editable(self.env._("take back recipients"))
        self._review_selected(selected, WAITING, IS_LEFT_OUT)
        self._get_mailings(selected)._note_editor()
        return True

    def _get_selected_by_filter(self):
        """Return the domain of the page when more was selected than ids come along, or None.

        The web client sends no more than ``web.active_ids_limit`` ids, and the
        filter of the page with them.
        """
        context = self.env.context
        limit = int(self.env["ir.config_parameter"].sudo().get_param("web.active_ids_limit", 20000))
        if len(self) < limit or context.get("active_model") != self._name:
            return None
        return Domain(context["active_domain"]) if "active_domain" in context else None

    @api.model
    def _get_mailings(self, selected):
        """Return the mailings whose recipients a domain selects."""
        groups = self._read_group(selected, ["mailing_id"])
        return self.env["partner.mailing"].union(*(mailing for [mailing] in groups))

    @api.model
    def _review_selected(self, selected, assignments, condition):
        """Run one UPDATE for each mailing over what a domain selects of its list."""
        mailings = self._get_mailings(selected)
        mailings.check_access("write")
        for mailing in mailings:
            rows = self._search(selected & Domain("mailing_id", "=", mailing.id))
            self._update_list(
                mailing, assignments, SQL("%s AND id IN %s", condition, rows.subselect())
            )
            mailing._recount()
