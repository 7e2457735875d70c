from odoo import models

# What somebody waits for: the scheduled action passes archived mailings over.
ON_THE_WAY = ("to_validate", "validated", "sending", "paused")


class PartnerMailing(models.Model):
    """The archive is for mailings that are over, and for drafts: none on its way is lost there."""

    _inherit = "partner.mailing"

    def write(self, vals):
        if vals.get("state") in ON_THE_WAY:
            vals = {**vals, "active": True}
        elif not vals.get("active", True):
            self._check_not_on_the_way()
        return super().write(vals)

    def _check_not_on_the_way(self):
        """Raise when a mailing waits for validation or is validated and not yet over.

        :raises UserError: names the mailing and its state
        """
        for mailing in self:
            mailing._check_state(("draft", "done", "cancelled"), self.env._("archive it"))
