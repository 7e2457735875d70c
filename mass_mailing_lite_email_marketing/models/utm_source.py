from odoo import api, models
from odoo.exceptions import UserError

from ..content.utm import describe_use


class UtmSource(models.Model):
    """The name of what links stand in, such as a mailing; kept while a mailing uses it."""

    _inherit = "utm.source"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_of_partner_mailings(self):
        """Say in words what the database refuses, too."""
        mailings = self.env["partner.mailing"].sudo().with_context(active_test=False)
        if found := mailings.search([("source_id", "in", self.ids)]):
            raise UserError(describe_use(self & found.source_id, found))
