from odoo import api, models


class MailingMailing(models.Model):
    """A mailing of Email Marketing; who unsubscribed from all of ours gets none of it."""

    _inherit = "mailing.mailing"

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
