from odoo import fields, models
from odoo.exceptions import UserError

from .partner_mailing import VALIDATOR_GROUP


class PartnerMailing(models.Model):
    """Pause, resume, cancel, retry: what may happen to a mailing once it is validated."""

    _inherit = "partner.mailing"

    def action_pause(self):
        """Stop sending after the messages that are on the wire."""
        for mailing in self:
            mailing._check_can_manage_or_validate()
            mailing._check_state(("validated", "sending"), self.env._("pause it"))
            mailing._pause(self.env._("Paused by %s.", self.env.user.name))
        return True

    def action_resume(self):
        """Go on with exactly the rest, if it is still what was validated."""
        for mailing in self:
            mailing._check_can_manage_or_validate()
            mailing._check_state(("paused",), self.env._("resume it"))
            if not mailing._matches_validation():
                raise UserError(
                    self.env._(
                        'The mailing "%s" is not what was validated. Take it back to draft and submit it again.',
                        mailing.name,
                    )
                )
            state = "sending" if mailing.started_at else "validated"
            mailing._as_system().write(
                {"state": state, "pause_reason": False, "resumed_at": fields.Datetime.now()}
            )
            mailing._forget_holds()
            mailing.sudo().activity_unlink(["mail.mail_activity_data_warning"])
            mailing._wake_sender()
        return True

    def action_cancel(self):
        """End the mailing; whoever has not been written to is left out."""
        for mailing in self:
            mailing._check_can_manage_or_validate()
            mailing._check_state(
                ("draft", "to_validate", "validated", "sending", "paused"), self.env._("cancel it")
            )
            mailing._get_open_requests().filtered(lambda r: r.state == "pending")._decide(
                "withdrawn"
            )
            mailing._as_system().write(
                {"state": "cancelled", "finished_at": mailing.started_at and fields.Datetime.now()}
            )
            self.env["partner.mailing.recipient"]._cancel_pending(mailing)
            mailing._close_requests()
        return True

    def action_retry_failed(self):
        """Send again to those who failed; never to those who got it."""
        for mailing in self:
            mailing._check_can_manage_or_validate()
            mailing._check_state(("done", "paused", "sending"), self.env._("retry the failed ones"))
            if not mailing.failed_count:
                raise UserError(self.env._("Nobody failed in this mailing."))
            if not mailing._matches_validation():
                raise UserError(
                    self.env._(
                        'The mailing "%s" is not what was validated, so nothing of it is sent again.',
                        mailing.name,
                    )
                )
            self.env["partner.mailing.recipient"]._reopen_failed(mailing)
            mailing._as_system().write(
                {"state": "sending", "finished_at": False, "pause_reason": False}
            )
            mailing._forget_holds()
            mailing._wake_sender()
        return True

    def _pause(self, reason):
        """Pause with ``reason``, and tell the responsible unless they did it themselves."""
        self.ensure_one()
        self._as_system().write({"state": "paused", "pause_reason": reason})
        self._announce_progress()

    def _wake_sender(self):
        """Let the scheduled action run when the mailing is due."""
        cron = self.env.ref("mass_mailing_lite.ir_cron_send").sudo()
        for mailing in self:
            cron._trigger(at=mailing.scheduled_at or None)

    # ------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------

    def _check_can_manage_or_validate(self):
        """Raise unless the user may change the mailing or is one of its validators."""
        self.ensure_one()
        self.check_access("read")
        if not (self.env.su or self.env.user.has_group(VALIDATOR_GROUP)):
            self.check_access("write")

    def _check_state(self, states, what):
        """Raise unless the mailing is in one of ``states``; ``what`` says in words what was wanted."""
        self.ensure_one()
        if self.state not in states:
            raise UserError(
                self.env._(
                    'You cannot %(what)s: the mailing "%(mailing)s" is in the state "%(state)s".',
                    what=what,
                    mailing=self.name,
                    state=dict(self._fields["state"]._description_selection(self.env))[self.state],
                )
            )
