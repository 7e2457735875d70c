from odoo import api, models


class MailingMailing(models.Model):
    """A mailing of Email Marketing; its builder asks it for favorites."""

    _inherit = "mailing.mailing"

    @api.model
    def action_fetch_favorites(self, extra_domain=None):
        """Return no favorites to those who may not read mailings of Email Marketing.

        The builder asks in a mailing of ours, too, and would end in an error.
        """
        if not self.has_access("read"):
            return []
        return super().action_fetch_favorites(extra_domain)
