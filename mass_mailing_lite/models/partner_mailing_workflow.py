from odoo import fields, models
from odoo.exceptions import AccessError, UserError

VALIDATOR_GROUP = "mass_mailing_lite.group_validator"
REQUEST_ACTIVITY = "mass_mailing_lite.mail_activity_type_validate"
# What a mailing must have before somebody is asked to validate it.
REQUIRED_TO_SUBMIT = ("subject", "body_html", "email_from")


class PartnerMailing(models.Model):
    """Who may take a mailing from one state to the next, and what happens then."""

    _inherit = "partner.mailing"

    # ------------------------------------------------------------
    # Approval
    # ------------------------------------------------------------

    def action_submit(self):
        """Ask the validators to validate the mailing as it stands.

        :raises UserError: names what is missing
        """
        self.check_access("write")
        self._check_editable(self.env._("submit it"))
        for mailing in self:
            if not mailing.recipients_loaded_at:
                mailing._load_recipients()
            mailing._check_complete()
            mailing._submit()
        return True

    def _check_complete(self):
        """Raise unless the mailing has all that it needs to be sent."""
        self.ensure_one()
        missing = [
            self._fields[name]._description_string(self.env)
            for name in REQUIRED_TO_SUBMIT
            if not self[name] or (name == "body_html" and self._is_body_empty())
        ]
        if not self.pending_count:
            missing.append(self._fields["recipient_count"]._description_string(self.env))
        if missing:
            raise UserError(
                self.env._(
                    'The mailing "%(name)s" cannot be submitted yet. Still missing: %(missing)s.',
                    name=self.name,
                    missing=", ".join(missing),
                )
            )
        self._check_addresses()

    def _submit(self):
        """Freeze the list, take the fingerprint and open a request."""
        self.ensure_one()
        system = self._as_system()
        self.env["partner.mailing.recipient"]._mark_submitted(self)
        fingerprint, count = self._get_fingerprint()
        system.env["partner.mailing.approval"].create(
            {
                "mailing_id": self.id,
                "requested_by_id": self.env.uid,
                "requested_at": fields.Datetime.now(),
                "fingerprint": fingerprint,
                "recipient_count": count,
            }
        )
        system.write({"state": "to_validate", "pause_reason": False})
        self._ask_validators()

    def _ask_validators(self):
        """Schedule an activity for each validator of the company who may decide."""
        validators = (
            self.env.ref(VALIDATOR_GROUP)
            .sudo()
            .all_user_ids.filtered(lambda user: self.company_id in user.company_ids and user.active)
        )
        for user in validators:
            if not self._get_separation_reason(user):
                self.sudo().activity_schedule(REQUEST_ACTIVITY, user_id=user.id)

    def action_validate(self):
        """Validate: what was submitted is sent now, or when it is scheduled.

        :raises AccessError: when the current user may not; the reason is in the message
        :raises UserError: when what is there is not what was submitted
        """
        for mailing in self:
            approval = mailing._check_can_decide()
            if approval.fingerprint != mailing._get_fingerprint()[0]:
                raise UserError(
                    self.env._(
                        'The mailing "%s" is not what was submitted any more. Take it back to draft'
                        " and submit it again.",
                        mailing.name,
                    )
                )
            approval._decide("validated")
            system = mailing._as_system()
            system.write({"state": "validated", "editor_ids": [fields.Command.clear()]})
            mailing._close_requests()
            mailing._wake_sender()
        return True

    def action_refuse(self, reason=None):
        """Refuse with a reason; without one, open the dialog that asks for it.

        :param str reason: told to the requester and kept
        """
        if reason is None:
            self._check_can_decide()
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("Refuse"),
                "res_model": "partner.mailing.refuse",
                "view_mode": "form",
                "target": "new",
                "context": {"default_mailing_id": self.id},
            }
        if not reason.strip():
            raise UserError(self.env._("Say why you refuse the mailing: the author needs it."))
        for mailing in self:
            approval = mailing._check_can_decide()
            approval._decide("refused", reason.strip())
            mailing._as_system().write({"state": "draft"})
            mailing._close_requests()
            mailing.sudo().message_post(
                body=self.env._("Refused: %s", reason.strip()),
                partner_ids=(approval.requested_by_id | mailing.user_id).partner_id.ids,
                author_id=self.env.user.partner_id.id,
                subtype_xmlid="mail.mt_comment",
            )
        return True

    def action_back_to_draft(self):
        """Take the mailing back to change it; its request or validation ends.

        The author may, and a validator may.
        """
        for mailing in self:
            mailing._check_can_manage_or_validate()
            mailing._check_state(
                ("to_validate", "validated", "paused", "cancelled"),
                self.env._("take it back to draft"),
            )
            open_requests = mailing.sudo().approval_ids.filtered(
                lambda request: request.state in ("pending", "validated")
            )
            for request in open_requests.with_env(self.env):
                request._decide("withdrawn" if request.state == "pending" else "void")
            mailing._as_system().write({"state": "draft", "pause_reason": False})
            self.env["partner.mailing.recipient"]._reopen(mailing)
            mailing._close_requests()
        return True

    def _check_can_decide(self):
        """Return the open request, or raise with the reason why not."""
        self.ensure_one()
        self.check_access("read")
        self._as_system().lock_for_update(allow_referencing=True)
        self.invalidate_recordset(["state"])
        if reason := self._get_cannot_validate_reason():
            raise AccessError(reason)
        request = self.sudo().approval_ids.filtered(lambda request: request.state == "pending")
        return request.with_env(self.env)

    def _get_cannot_validate_reason(self, user=None):
        """Return why ``user`` (default: the current one) cannot validate, in words, or False.

        The one rule behind the buttons, the message and the guard.
        """
        self.ensure_one()
        user = user or self.env.user
        if self.state != "to_validate":
            return self.env._("The mailing is not waiting for validation.")
        if not user.has_group(VALIDATOR_GROUP):
            return self.env._("Only members of the group Validator can validate mailings.")
        if self.company_id not in user.company_ids:
            return self.env._("The mailing belongs to a company that is not yours.")
        return self._get_separation_reason(user)

    def _get_separation_reason(self, user):
        """Return why ``user`` is too close to the mailing to validate it, or False."""
        mailing = self.sudo()
        request = mailing.approval_ids.filtered(lambda approval: approval.state == "pending")
        if user == mailing.create_uid:
            return self.env._("You created this mailing: somebody else must validate it.")
        if user in request.requested_by_id:
            return self.env._("You submitted this mailing: somebody else must validate it.")
        if user in mailing.editor_ids:
            return self.env._("You changed this mailing: somebody else must validate it.")
        return False

    def _close_requests(self):
        """Take the request off the lists of all validators; the decision is in the chatter."""
        self.sudo().activity_unlink([REQUEST_ACTIVITY])

    # ------------------------------------------------------------
    # Sending: start, pause, resume, cancel
    # ------------------------------------------------------------

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
            mailing._as_system().write({"state": state, "pause_reason": False})
            mailing._wake_sender()
        return True

    def action_cancel(self):
        """End the mailing; whoever has not been written to is left out."""
        for mailing in self:
            mailing._check_can_manage_or_validate()
            mailing._check_state(
                ("draft", "to_validate", "validated", "sending", "paused"), self.env._("cancel it")
            )
            open_requests = mailing.sudo().approval_ids.filtered(
                lambda request: request.state == "pending"
            )
            open_requests.with_env(self.env)._decide("withdrawn")
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
            mailing._wake_sender()
        return True

    def _pause(self, reason):
        """Pause with ``reason``, and tell the responsible unless they did it themselves."""
        self.ensure_one()
        self._as_system().write({"state": "paused", "pause_reason": reason})

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
