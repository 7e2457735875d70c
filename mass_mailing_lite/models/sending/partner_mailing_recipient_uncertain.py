from odoo import models
from odoo.exceptions import UserError


class PartnerMailingRecipient(models.Model):
    """Rows whose fate SMTP could not tell (RFC 1047), for a person to decide."""

    _inherit = "partner.mailing.recipient"

    def action_send_again(self):
        """Write to uncertain recipients again; they may get the message twice.

        :raises UserError: when a mailing is not what was validated any more
        """
        rows = self._check_uncertain()
        for mailing in rows.mailing_id:
            mailing._check_state(("done", "paused", "sending"), self.env._("send it again"))
            if not mailing._matches_validation():
                raise UserError(
                    self.env._(
                        'The mailing "%s" is not what was validated, so nothing of it is sent again.',
                        mailing.name,
                    )
                )
        rows._as_system().write({"state": "pending", "next_attempt_at": False})
        for mailing in rows.mailing_id:
            mailing._recount()
            if mailing.state == "done":
                mailing._as_system().write({"state": "sending", "finished_at": False})
                mailing._wake_sender()
        return True

    def action_mark_sent(self):
        """Settle uncertain recipients as sent, because somebody knows that they got it."""
        rows = self._check_uncertain()
        rows._as_system().write({"state": "sent"})
        rows.mailing_id._recount()
        return True

    def _check_uncertain(self):
        """Return the uncertain rows among these, locked; raise when there are none.

        :raises UserError: when nobody among them is uncertain
        """
        self.mailing_id.check_access("read")
        for mailing in self.mailing_id:
            mailing._check_can_manage_or_validate()
        rows = self.filtered(lambda row: row.state == "uncertain")
        if not rows:
            raise UserError(self.env._("Only uncertain recipients can be settled so."))
        rows.sudo().lock_for_update()
        return rows
