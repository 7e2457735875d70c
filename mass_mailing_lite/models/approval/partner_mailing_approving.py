from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError

from ..mailing.partner_mailing import VALIDATOR_GROUP

REQUEST_ACTIVITY = "mass_mailing_lite.mail_activity_type_validate"
# What a mailing must have before somebody is asked to validate it.
REQUIRED_TO_SUBMIT = ("subject", "body_html", "email_from")


class PartnerMailing(models.Model):
    """Submit, validate, refuse, take back; and the one rule of who may validate."""

    _inherit = "partner.mailing"

    # ------------------------------------------------------------
    # The request
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

    def _get_required_fields(self):
        """Return the names of the fields without which a mailing is not complete."""
        return REQUIRED_TO_SUBMIT

    def _check_complete(self):
        """Raise unless the mailing has all that it needs to be sent."""
        self.ensure_one()
        missing = [
            self._fields[name]._description_string(self.env)
            for name in self._get_required_fields()
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
        # In one language whoever submits: words of two languages would look like a change.
        main = self.with_context(lang=self._get_language_of({"lang": None}))
        system.env["partner.mailing.approval"].create(
            {
                "mailing_id": self.id,
                "requested_by_id": self.env.uid,
                "requested_at": fields.Datetime.now(),
                "fingerprint": fingerprint,
                "recipient_count": count,
                "content": main._get_content_to_compare(),
                "summary": self._get_list_summary(),
            }
        )
        system.write({"state": "to_validate", "pause_reason": False})
        self._ask_validators()

    def _ask_validators(self):
        """Schedule an activity for each validator of the company who may decide."""
        validators = self.env.ref(VALIDATOR_GROUP).sudo().all_user_ids
        for user in validators.filtered("active"):
            if self.company_id in user.company_ids and not self._get_separation_reason(user):
                self.sudo().activity_schedule(REQUEST_ACTIVITY, user_id=user.id)

    def _close_requests(self):
        """Take the request off the lists of all validators; the decision is in the chatter."""
        self.sudo().activity_unlink([REQUEST_ACTIVITY])

    # ------------------------------------------------------------
    # The answer
    # ------------------------------------------------------------

    def action_validate(self, note=None):
        """Validate: what was submitted is sent now, or when it is scheduled.

        From the number of recipients on that the company has set, two
        validators must agree; the first is noted, and the mailing waits on.

        :param str note: kept with the decision
        :raises AccessError: when the current user may not; the reason is in the message
        :raises UserError: when what is there is not what was submitted
        """
        for mailing in self:
            request = mailing._check_can_decide()
            if request.fingerprint != mailing._get_fingerprint()[0]:
                raise UserError(
                    self.env._(
                        'The mailing "%s" is not what was submitted any more. Take it back to draft'
                        " and submit it again.",
                        mailing.name,
                    )
                )
            if mailing._needs_second_validator(request):
                request._agree(note)
                mailing._tell(
                    self.env._("Validated by a first validator; a second one must agree.")
                )
                mailing._close_requests()
                mailing._ask_validators()
                continue
            is_own = bool(mailing._get_closeness(self.env.user))
            request._decide("validated", note, is_self_validation=is_own)
            mailing._as_system().write(
                {"state": "validated", "editor_ids": [fields.Command.clear()]}
            )
            mailing._close_requests()
            mailing._tell(self.env._("Validated."), note)
            mailing._wake_sender()
        return True

    def action_refuse(self, reason=None):
        """Refuse with a reason; without one, open the dialog that asks for it.

        :param str reason: told to the requester and kept
        """
        if reason is None:
            self._check_can_decide()
            return self._open_dialog("partner.mailing.refuse", self.env._("Refuse"))
        if not reason.strip():
            raise UserError(self.env._("Say why you refuse the mailing: the author needs it."))
        for mailing in self:
            mailing._check_can_decide()._decide("refused", reason.strip())
            mailing._as_system().write({"state": "draft"})
            self.env["partner.mailing.recipient"]._reopen(mailing)
            mailing._close_requests()
            mailing._tell(self.env._("Refused."), reason.strip())
        return True

    def action_open_validation(self):
        """Open the dialog that validates, with room for a note."""
        self._check_can_decide()
        return self._open_dialog("partner.mailing.validate", self.env._("Validate"))

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
            for request in mailing._get_open_requests():
                request._decide("withdrawn" if request.state == "pending" else "void")
            mailing._as_system().write(
                {"state": "draft", "pause_reason": False, "finished_at": False}
            )
            self.env["partner.mailing.recipient"]._reopen(mailing)
            mailing._close_requests()
        return True

    def _tell(self, message, reason=None):
        """Tell requester and responsible of a decision, as they like to be told."""
        self.ensure_one()
        requester = self.sudo().approval_ids[:1].requested_by_id
        people = (requester | self.user_id).partner_id - self.env.user.partner_id
        self.sudo().message_post(
            body=f"{message} {reason}" if reason else message,
            partner_ids=people.ids,
            author_id=self.env.user.partner_id.id,
            subtype_xmlid="mail.mt_comment",
        )

    def _get_open_requests(self):
        """Return the requests that wait or are valid, with the rights of the current user."""
        requests = self.sudo().approval_ids
        return requests.filtered(
            lambda request: request.state in ("pending", "validated")
        ).with_env(self.env)

    # ------------------------------------------------------------
    # Who may decide
    # ------------------------------------------------------------

    def _check_can_decide(self):
        """Return the open request, or raise with the reason why not.

        The mailing is locked: of two validators who press at once, the second
        finds what the first has made of it.
        """
        self.ensure_one()
        self.check_access("read")
        try:
            self._as_system().lock_for_update(allow_referencing=True)
        except LockError as error:
            raise UserError(
                self.env._(
                    'Somebody else is deciding on the mailing "%s" at this moment. Load it again.',
                    self.name,
                )
            ) from error
        self.invalidate_recordset(["state"])
        if reason := self._get_cannot_validate_reason():
            raise AccessError(reason)
        return self._get_open_requests().filtered(lambda request: request.state == "pending")

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
        """Return why the decision must be somebody else's than ``user``'s, or False."""
        request = self.sudo().approval_ids.filtered(lambda approval: approval.state == "pending")
        if user in request.first_validator_id:
            return self.env._("You have validated this mailing: a second validator must agree.")
        if self.company_id.sudo().partner_mailing_self_validation:
            return False
        return self._get_closeness(user)

    def _get_closeness(self, user):
        """Return in words how ``user`` took part in the mailing, or False."""
        mailing = self.sudo()
        request = mailing.approval_ids.filtered(lambda approval: approval.state == "pending")
        if user == mailing.create_uid:
            return self.env._("You created this mailing: somebody else must validate it.")
        if user in request.requested_by_id:
            return self.env._("You submitted this mailing: somebody else must validate it.")
        if user in mailing.editor_ids:
            return self.env._("You changed this mailing: somebody else must validate it.")
        return False

    def _needs_second_validator(self, request):
        """Tell whether a validation now is the first of two."""
        from_count = self.company_id.sudo().partner_mailing_two_validators_from
        return (
            from_count
            and request.recipient_count >= from_count
            and not request.sudo().first_validator_id
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_approvals(self):
        for mailing in self:
            if mailing.sudo().approval_ids:
                raise UserError(
                    self.env._(
                        'The mailing "%s" was submitted for validation, and each decision is kept.'
                        " Archive it instead of deleting it.",
                        mailing.name,
                    )
                )
