from odoo import SUPERUSER_ID, api, models


class MailingList(models.Model):
    """A mailing list, which entries of mailings name to those only who may read it."""

    _inherit = "mailing.list"

    @api.depends_context("uid")
    def _compute_display_name(self):
        """Odoo reads the names of records that others refer to as superuser."""
        hidden = self.browse()
        if self.env.su and self.env.uid != SUPERUSER_ID and self.env.user._is_internal():
            stored = self._origin
            hidden = stored - stored.sudo(False)._filtered_access("read")
        seen = self.filtered(lambda one: one._origin not in hidden or not one._origin)
        (self - seen).display_name = self.env._("A mailing list you may not see")
        return super(MailingList, seen)._compute_display_name()
