from odoo import api, models
from odoo.exceptions import UserError

from ..content.utm import describe_use


class UtmMedium(models.Model):
    """A way in which links reach people; kept while a mailing uses it."""

    _inherit = "utm.medium"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_of_partner_mailings(self):
        """Say in words what the database refuses, too."""
        mailings = self.env["partner.mailing"].sudo().with_context(active_test=False)
        if found := mailings.search([("medium_id", "in", self.ids)]):
            raise UserError(describe_use(self & found.medium_id, found))
