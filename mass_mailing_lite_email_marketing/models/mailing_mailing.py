from odoo import models


class MailingMailing(models.Model):
    """A mailing of Email Marketing, which leaves out who unsubscribed from all mailings of ours."""

    _inherit = "mailing.mailing"

    def _get_opt_out_list(self):
        """Add who unsubscribed from all mailings, also where the blocklist is not used."""
        left = self.env["partner.mailing.unsubscription"].sudo()._find_left_everything()
        return {*super()._get_opt_out_list(), *left}
