from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .. import review
from ..content import BodyPictures
from ..preflight import INFO, Preflight
from ..tools import local_file
from ..transport.file_links import get_links
from ..transport.frame import make_frames
from .partner_mailing import EDITABLE_STATES, UNFINISHED_STATES, VALIDATOR_GROUP

APPROVAL_STATES = [
    ("pending", "Waiting"),
    ("validated", "Validated"),
    ("refused", "Refused"),
    ("withdrawn", "Withdrawn"),
    ("void", "Void"),
]
REQUEST_ACTIVITY = "mass_mailing_lite.mail_activity_type_validate"
REFUSAL_ACTIVITY = "mass_mailing_lite.mail_activity_type_refused"

# The fields that reach a recipient, or decide when and through which server.
COVERED_FIELDS = frozenset(
    {
        "subject",
        "preview_text",
        "body_html",
        "email_from",
        "reply_to",
        "cc",
        "bcc",
        "copy_policy",
        "priority",
        "mail_server_id",
        "scheduled_at",
        "attachment_ids",
        "link_days",
        "audience_ids",
        "source_ids",
        "ignores_pressure",
        "marked_partner_ids",
        "extra_emails",
        "with_further_addresses",
        "has_unsubscribe",
        "unsubscribe_category_ids",
        "track_opens",
        "track_clicks",
        "company_id",
    }
)
# Not hashed themselves: the fingerprint covers the list that is loaded from them.
LIST_SOURCES = {
    "audience_ids",
    "source_ids",
    "marked_partner_ids",
    "extra_emails",
    "with_further_addresses",
}
# Since a later version: hashed only where they are set, so that what was validated before is still
# what it was.
LATER_FIELDS = {"ignores_pressure", "layout_id"}


class PartnerMailingApproval(models.Model):
    """One request to validate a mailing, and the decision on it."""

    _name = "partner.mailing.approval"
    _inherit = ["partner.mailing.guard"]
    _description = "Mailing Approval"
    _order = "id desc"
    _rec_name = "mailing_id"

    mailing_id = fields.Many2one("partner.mailing", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="mailing_id.company_id", store=True)
    requested_by_id = fields.Many2one("res.users", required=True)
    requested_at = fields.Datetime("Requested On", required=True)
    state = fields.Selection(APPROVAL_STATES, required=True, default="pending", index=True)
    validator_id = fields.Many2one("res.users", "Decided By")
    decided_at = fields.Datetime("Decided On")
    reason = fields.Text()
    comment = fields.Text(
        "Comment to the Validator", help="What the author said when the mailing was submitted."
    )
    scheduled_at = fields.Datetime("Send On", help="As it was submitted.")
    rescheduled_at = fields.Datetime(
        "New Send On",
        help="Send On had passed when the mailing was validated: the time that the validator chose"
        " instead, or that of the decision, when it was to be sent at once.",
    )
    fingerprint = fields.Char(
        required=True,
        help="SHA-256 over all that reaches a recipient and over the list of recipients.",
    )
    recipient_count = fields.Integer("Recipients", required=True)
    summary = fields.Json(help="How the list was made up when it was submitted.")
    content = fields.Json(help="The content in words, for the next request to be compared with.")
    findings = fields.Json(
        "Findings at the Submission", help="What the preflight said when it was submitted."
    )
    decided_findings = fields.Json(
        "Findings at the Validation", help="What the preflight said when it was validated."
    )
    finding_count = fields.Integer(
        "Warnings", compute="_compute_finding_count", help="Warnings of the preflight."
    )
    first_validator_id = fields.Many2one("res.users", help="Where two validators must agree.")
    first_validated_at = fields.Datetime("First Validated On")
    first_note = fields.Text("Note of the First Validator")
    is_self_validation = fields.Boolean(
        "Self-Validation",
        help="Validated by a user that prepared the mailing, as the company allows.",
    )

    _one_open_uniq = models.UniqueIndex(
        "(mailing_id) WHERE state IN ('pending', 'validated')",
        "A mailing has one valid request at a time.",
    )

    @api.depends("findings", "decided_findings")
    def _compute_finding_count(self):
        for approval in self:
            findings = approval.decided_findings or approval.findings or []
            approval.finding_count = sum(one["level"] != INFO for one in findings)

    @api.depends("mailing_id.name", "requested_at")
    def _compute_display_name(self):
        for approval in self:
            approval.display_name = approval.mailing_id.name

    def _record_first_validation(self, note=False):
        """Record the first of two validations: by the current user, now."""
        self._as_system().write(
            {
                "first_validator_id": self.env.uid,
                "first_validated_at": fields.Datetime.now(),
                "first_note": note,
            }
        )

    def _reschedule(self, moment):
        """Cover another Send On than the submitted one, which had passed.

        :param moment: naive, UTC; false when the mailing is sent at once
        """
        self.ensure_one()
        mailing = self.mailing_id
        mailing._as_system().write({"scheduled_at": moment})
        content = {**(self.content or {})}
        if "scheduled_at" in content:
            content["scheduled_at"] = fields.Datetime.to_string(moment) or ""
        self._as_system().write(
            {
                "rescheduled_at": moment or fields.Datetime.now(),
                "fingerprint": mailing._get_fingerprint()[0],
                "content": content,
            }
        )

    def _decide(self, state, reason=False, is_self_validation=False):
        """Close the requests with ``state``: by the current user, now."""
        is_kept = state == "validated"
        self._as_system().write(
            {
                "state": state,
                "decided_findings": is_kept and Preflight(self.mailing_id).get_kept(),
                "reason": reason,
                "is_self_validation": is_self_validation,
                "validator_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
            }
        )
        # The next request may be inserted directly, and the unique index must allow it.
        self.flush_recordset()

    def _void(self):
        """Let a validation end, because the mailing is a draft again.

        Who validated it, when, and with which note is kept.
        """
        self._as_system().write({"state": "void"})
        self.flush_recordset()


class PartnerMailing(models.Model):
    """The approval of a mailing.

    In the order of this file: the request, the decision, the right to decide, what the fingerprint
    covers, the review. How the fingerprint is taken, and what the review shows, is in ``review/``.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    layout_id = fields.Many2one(
        "partner.mailing.layout",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        default=lambda self: self.env["partner.mailing.layout"]._get_default(),
        help="Header and footer around your text, as template editors prepared them.",
    )
    # Read with a layout only: several kilobytes.
    frames = fields.Json(
        copy=False,
        readonly=True,
        prefetch=False,
        help="The layout as it was submitted: {language code: HTML with a place for the body}.",
    )
    review_html = fields.Html("Review", compute="_compute_review_html", sanitize=False)
    waits_for_me = fields.Boolean(
        "Waiting for My Decision",
        compute="_compute_waits_for_me",
        search="_search_waits_for_me",
        help="The current user is a validator who may decide on the mailing.",
    )
    asked_names = fields.Char(
        "Asked", compute="_compute_asked_names", help="The validators who may decide."
    )
    # Of a draft, until it is submitted again.
    refusal_id = fields.Many2one(
        "partner.mailing.approval", copy=False, readonly=True, index="btree_not_null"
    )
    is_refused = fields.Boolean("Refused", compute="_compute_is_refused")
    refusal_badge = fields.Char("Decision", compute="_compute_is_refused")
    refusal_reason = fields.Text(compute="_compute_refusal")
    refusal_status = fields.Char(compute="_compute_refusal")
    can_submit = fields.Boolean(
        compute="_compute_can_submit", help="Submission is the next step of the mailing."
    )

    # ------------------------------------------------------------
    # The request
    # ------------------------------------------------------------

    @api.depends("checklist")
    def _compute_can_submit(self):
        for mailing in self:
            mailing.can_submit = mailing.state == "draft" and any(
                step["is_next"] and step["key"] == "submit" for step in mailing.checklist or []
            )

    def action_open_submission(self):
        """Open the dialog that submits, which says what will happen and takes a comment.

        A mailing to one recipient, opened from the contact, is submitted at once.

        :raises UserError: as ``action_submit``
        """
        self.ensure_one()
        if self.env.context.get("partner_mailing_submit_at_once") and self.recipient_count == 1:
            return self.action_submit()
        for group in self._group_linked(EDITABLE_STATES):
            group._prepare_submission()
        return self._open_dialog("partner.mailing.submit", self.env._("Submit for Validation"))

    def action_submit(self, comment=None):
        """Submit the mailing to the validators, with the drafts that are linked with it.

        :param str comment: shown to them, and kept with the request
        :raises UserError: names the missing fields
        """
        self._check_saved()
        comment = self._check_text(comment, self.env._("Comment"))
        for group in self._group_linked(EDITABLE_STATES):
            submitted = group._prepare_submission()
            for mailing in submitted:
                mailing._submit()
                mailing._get_pending_request()._as_system().comment = comment.strip()
            submitted[:1]._ask_validators()
        return True

    def _prepare_submission(self):
        """Load the recipients of linked mailings, and raise unless they can be submitted.

        :return: the mailings to submit; one without recipients stays a draft, unless all are
        :raises UserError: names the missing fields, or the reason
        """
        self.check_access("write")
        self._check_editable(self.env._("submit it"))
        for mailing in self:
            if not mailing.recipients_loaded_at:
                mailing._load_recipients()
        submitted = self.filtered("pending_count") or self
        for mailing in submitted:
            mailing._check_complete()
        return submitted

    def _check_complete(self):
        """Raise unless the mailing is complete and its messages can be built.

        :raises UserError: names the missing fields, or the reason
        """
        self.ensure_one()
        transport = self._get_transport()
        missing = [
            self._fields[name]._description_string(self.env)
            for name in self._get_missing(transport.required_fields)
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
        self._check_schedule(self.scheduled_at)
        transport.check_addresses()
        if problem := self._get_departure_problem(self.env.user):
            raise UserError(problem)
        if "subject" in transport.required_fields:
            self._check_headers()
            self._check_subjects()
        self._check_files()
        self._check_placeholders()
        self._check_findings()
        self._check_message_size()
        self._check_renders()

    def _get_missing(self, names):
        """Return the names of the empty fields; a body with tags alone is empty."""
        return [
            name
            for name in names
            if not self[name] or (name == "body_html" and self._is_body_empty())
        ]

    def _submit(self):
        """Freeze the list, take the fingerprint and open a request.

        An addon with a further step overrides this method and calls ``super()`` last.
        """
        self.ensure_one()
        self._own_pictures()
        self._keep_frames()
        recipients = self.env["partner.mailing.recipient"]
        recipients._exclude_deleted_contacts(self)
        recipients._exclude_unsubscribed(self)
        if self.track_clicks:
            self.env["partner.mailing.link"]._store(self)
        recipients._freeze_list(self)
        self._open_request()
        self._as_system().write(
            {"state": "to_validate", "pause_reason": False, "refusal_id": False}
        )
        self.sudo().activity_feedback([REFUSAL_ACTIVITY])

    def _open_request(self):
        """Create the request, with the fingerprint and the figures of the review page."""
        fingerprint, count = self._get_fingerprint()
        # In the company's language, not the requester's: another language would look like a change.
        main = self.with_context(lang=self._get_recipient_language({"lang": None}))
        self._as_system().env["partner.mailing.approval"].create(
            {
                "mailing_id": self.id,
                "requested_by_id": self.env.uid,
                "requested_at": fields.Datetime.now(),
                "scheduled_at": self.scheduled_at,
                "fingerprint": fingerprint,
                "recipient_count": count,
                "content": review.get_content(main),
                "summary": review.ListSummary(self).make(),
                "findings": Preflight(self).get_kept(),
            }
        )

    def _ask_validators(self):
        """Give an activity to each validator of the company who may decide, and a proof."""
        self.ensure_one()
        request, users = self._get_pending_request().sudo(), self._get_validators()
        by_proof = review.ask_for_proofs(self, request, users)
        for user in users:
            mailing = self.sudo().with_context(lang=user.lang, tz=user.tz)
            if user in by_proof:  # so an e-mail about the activity waits in Odoo's queue meanwhile
                mailing = mailing.with_context(mail_notify_force_send=False)
            mailing.activity_schedule(
                REQUEST_ACTIVITY, user_id=user.id, note=review.describe_request(mailing, request)
            )

    @api.depends("state", "approval_ids.state", "company_id", "editor_ids")
    @api.depends_context("lang")
    def _compute_asked_names(self):
        for mailing in self:
            is_open = mailing.state == "to_validate"
            mailing.asked_names = is_open and review.join_names(mailing._get_validators())

    def _get_validators(self):
        """Return the active validators of the company who may decide, or could after submission."""
        self.ensure_one()
        users = (
            self.env.ref(VALIDATOR_GROUP)
            .sudo()
            .all_user_ids.filtered(
                lambda user: (
                    user.active
                    and self.company_id in user.company_ids
                    and not self._get_separation_reason(user)
                )
            )
        )
        if self.state == "draft" and not self.company_id.sudo().partner_mailing_self_validation:
            users -= self.env.user
        return users.sorted("name")

    def _close_requests(self):
        """Remove the activities of validators and author; the chatter has the decision."""
        self.sudo().activity_unlink([REQUEST_ACTIVITY, REFUSAL_ACTIVITY])

    # ------------------------------------------------------------
    # The decision
    # ------------------------------------------------------------

    def action_validate(self, note=None, scheduled_at=None):
        """Validate the mailing, which is then sent now or at the scheduled time.

        From the number of recipients that the company has set, two validators must agree: the
        first validation is recorded, and the mailing waits for the second.

        :param str note: stored with the decision
        :param scheduled_at: only where Send On has passed: the new time (UTC), or False to send the
            mailing at once
        :raises AccessError: when the current user may not validate; the message has the reason
        :raises UserError: when the mailing is not what was submitted, or Send On has passed and no
            new time is given
        """
        note = self._check_text(note, self.env._("Note")) or None
        for group in self._group_linked(("to_validate",)):
            requests = group._check_can_decide_on_all()
            for mailing, request in requests.items():
                mailing._check_is_submitted(request)
            past = group.filtered(lambda mailing: mailing._is_schedule_past())
            changes = {
                mailing: review.ScheduleChoice(mailing, request).settle(
                    scheduled_at if mailing in (past or group) else None
                )
                for mailing, request in requests.items()
            }
            if group[:1]._needs_second_validator(requests[group[:1]]):
                group._validate_as_first(requests, changes, note)
            else:
                group._validate(requests, changes, note)
        return True

    def _validate_as_first(self, requests, changes, note):
        """Record the first of two validations of linked mailings.

        :param requests: {mailing: its request}
        :param changes: {mailing: a sentence about its new Send On, or False}
        """
        for mailing in self:
            requests[mailing]._record_first_validation(note)
            mailing._notify_decision(
                self.env._("Validated by a first validator; a second one must agree."),
                changes[mailing],
                note,
            )
            mailing._close_requests()
        self[:1]._ask_validators()

    def _validate(self, requests, changes, note):
        """Validate linked mailings; parameters as in ``_validate_as_first``."""
        is_own = {one: bool(one._get_conflict_of_interest(self.env.user)) for one in self}
        for mailing in self:
            requests[mailing]._decide("validated", note, is_self_validation=is_own[mailing])
            mailing._as_system().write(
                {"state": "validated", "editor_ids": [fields.Command.clear()]}
            )
            mailing._freeze_files()
            self.env["partner.mailing.file"]._store(mailing)
            mailing._close_requests()
            mailing._notify_decision(self.env._("Validated."), changes[mailing], note)
            mailing._trigger_sender()

    def _check_is_submitted(self, request):
        """Raise unless the mailing is still what was submitted, and may leave as it is.

        :raises UserError: names the mailing, or the From address that is not allowed any more
        """
        if request.fingerprint != self._get_fingerprint()[0]:
            raise UserError(
                self.env._(
                    'The mailing "%s" is not what was submitted any more. Take it back to draft'
                    " and submit it again.",
                    self.name,
                )
            )
        if problem := self._get_departure_problem(request.sudo().requested_by_id):
            raise UserError(problem)

    def action_refuse(self, reason=None):
        """Refuse with a reason; without one, open the dialog that asks for it.

        :param str reason: sent to the requester and stored with the decision
        """
        if reason is None:
            self._check_can_decide()
            return self._open_dialog("partner.mailing.refuse", self.env._("Refuse"))
        reason = self._check_text(reason, self.env._("Reason")).strip()
        if not reason:
            raise UserError(self.env._("Say why you refuse the mailing: the author needs it."))
        for group in self._group_linked(("to_validate",)):
            requests = group._check_can_decide_on_all()
            for mailing, request in requests.items():
                request._decide("refused", reason)
                mailing._as_system().write({"state": "draft", "refusal_id": request.id})
                self.env["partner.mailing.recipient"]._unfreeze_list(mailing)
                mailing._close_requests()
                mailing._notify_decision(self.env._("Refused."), reason)
            group[:1]._ask_author(requests[group[:1]])
        return True

    def _ask_author(self, refusal):
        """Give the author of a refused mailing an activity, until it is submitted again."""
        self.ensure_one()
        author = refusal.sudo().requested_by_id
        if not (author.active and self.with_user(author).has_access("write")):
            author = self.sudo().user_id or author
        # Without an e-mail of its own: the decision has just been sent.
        self.sudo().with_context(
            lang=author.lang, mail_activity_quick_update=True
        ).activity_schedule(
            REFUSAL_ACTIVITY,
            user_id=author.id,
            note=review.to_paragraphs([refusal.reason]),
        )

    @api.depends("state", "refusal_id")
    @api.depends_context("lang")
    def _compute_is_refused(self):
        for mailing in self:
            mailing.is_refused = mailing.state == "draft" and bool(mailing.sudo().refusal_id)
            mailing.refusal_badge = mailing.is_refused and self.env._("Refused")

    @api.depends("state", "refusal_id")
    @api.depends_context("lang", "tz", "uid")
    def _compute_refusal(self):
        for mailing in self:
            refusal = mailing.sudo().refusal_id if mailing.is_refused else False
            mailing.refusal_reason = refusal and refusal.reason
            mailing.refusal_status = refusal and review.describe_decision(mailing, refusal)

    def action_open_validation(self):
        """Open the dialog that validates, with a field for a note."""
        self._check_can_decide()
        return self._open_dialog("partner.mailing.validate", self.env._("Validate"))

    def action_back_to_draft(self):
        """Make the mailing a draft again; its request is withdrawn, its validation void.

        For its author and for validators. Linked mailings that have not begun come with it: their
        validation was one with that of this mailing.

        :raises UserError: when the recipients were removed for privacy
        """
        self._check_knows_recipients()
        for mailing in self.union(*self._group_linked(UNFINISHED_STATES)).filtered(
            lambda one: one in self or not one.started_at
        ):
            mailing._check_can_manage_or_validate()
            mailing._check_state(
                ("to_validate", "validated", "paused", "cancelled"),
                self.env._("take it back to draft"),
            )
            for request in mailing._get_open_requests():
                if request.state == "pending":
                    request._decide("withdrawn")
                else:
                    request._void()
            mailing._as_system().write(
                {"state": "draft", "pause_reason": False, "finished_at": False}
            )
            self.env["partner.mailing.recipient"]._unfreeze_list(mailing)
            mailing._close_requests()
        return True

    def _notify_decision(self, *sentences):
        """Notify requester and responsible of a decision, by e-mail or in Odoo as they prefer."""
        self.ensure_one()
        requester = self.sudo().approval_ids[:1].requested_by_id
        people = (requester | self.user_id).partner_id - self.env.user.partner_id
        self.sudo().message_post(
            body=review.to_paragraphs(filter(None, sentences)),
            partner_ids=people.ids,
            author_id=self.env.user.partner_id.id,
            subtype_xmlid="mail.mt_comment",
        )

    def _get_pending_request(self):
        """Return the request that waits for a decision; empty when there is none."""
        return self._get_open_requests().filtered(lambda request: request.state == "pending")

    def _get_open_requests(self):
        """Return the pending and validated requests, with the rights of the current user."""
        requests = self.sudo().approval_ids
        return requests.filtered(
            lambda request: request.state in ("pending", "validated")
        ).with_env(self.env)

    # ------------------------------------------------------------
    # Right to decide
    # ------------------------------------------------------------

    @api.depends("state", "editor_ids", "approval_ids.state", "company_id")
    @api.depends_context("uid")
    def _compute_waits_for_me(self):
        for mailing in self:
            mailing.waits_for_me = not mailing._get_cannot_validate_reason()

    def _search_waits_for_me(self, operator, value):
        """Return the domain of ``_get_cannot_validate_reason``: one query, whatever the number."""
        if operator != "in":
            return NotImplemented
        if set(value) != {True}:
            return Domain.FALSE if not value else NotImplemented
        user = self.env.user
        if not user.has_group(VALIDATOR_GROUP):
            return Domain.FALSE
        companies = user.company_ids
        lenient = companies.sudo().filtered("partner_mailing_self_validation")
        Approval = self.env["partner.mailing.approval"].sudo()
        pending = Domain("state", "=", "pending")
        decided = Approval._search(pending & Domain("first_validator_id", "=", user.id))
        requested = Approval._search(pending & Domain("requested_by_id", "=", user.id))
        is_apart = (
            Domain("create_uid", "!=", user.id)
            & Domain("editor_ids", "not in", user.ids)
            & Domain("id", "not in", requested.subselect("mailing_id"))
        )
        return (
            Domain("state", "=", "to_validate")
            & Domain("company_id", "in", companies.ids)
            & Domain("id", "not in", decided.subselect("mailing_id"))
            & (Domain("company_id", "in", lenient.ids) | is_apart)
        )

    def _check_can_decide_on_all(self):
        """Return {mailing: its pending request} of linked mailings; see ``_check_can_decide``."""
        return {mailing: mailing._check_can_decide() for mailing in self}

    def _check_can_decide(self):
        """Return the pending request, or raise with the reason why the user may not decide.

        The mailing is locked: of two validators that decide at the same time, the second sees the
        decision of the first.
        """
        self.ensure_one()
        self._check_saved()
        self.check_access("read")
        try:
            self._as_system()._lock_patiently()
        except LockError as error:
            raise UserError(
                self.env._(
                    'Another user is deciding on the mailing "%s" at this moment. Reload the page.',
                    self.name,
                )
            ) from error
        self.invalidate_recordset(["state"])
        if reason := self._get_cannot_validate_reason():
            raise AccessError(reason)
        return self._get_pending_request()

    def _get_cannot_validate_reason(self):
        """Return why the current user cannot validate, in words, or False.

        The buttons, the message of the form and ``_check_can_decide`` all use this rule.
        """
        self.ensure_one()
        user = self.env.user
        if self.state != "to_validate":
            return self.env._("The mailing is not waiting for validation.")
        if not user.has_group(VALIDATOR_GROUP):
            return self.env._("Only members of the group Validator can validate mailings.")
        if self.company_id not in user.company_ids:
            return self.env._("The mailing belongs to a company that is not yours.")
        return self._get_separation_reason(user)

    def _get_separation_reason(self, user):
        """Return why another validator than ``user`` must decide, in words, or False."""
        if user in self._get_linked_requests().first_validator_id:
            return self.env._("You have validated this mailing: a second validator must agree.")
        if self.company_id.sudo().partner_mailing_self_validation:
            return False
        return self._get_conflict_of_interest(user)

    def _get_conflict_of_interest(self, user):
        """Return how ``user`` took part in the mailing, in words, or False."""
        mailing = self.sudo()
        if user == mailing.create_uid:
            return self.env._("You created this mailing: another validator must validate it.")
        if user in mailing._get_pending_request().requested_by_id:
            return self.env._("You submitted this mailing: another validator must validate it.")
        if user in mailing.editor_ids:
            return self.env._("You changed this mailing: another validator must validate it.")
        for other in mailing._get_linked() - mailing._origin:
            request = other._get_pending_request()
            if other.state == mailing.state and user in (
                other.create_uid | other.editor_ids | request.requested_by_id
            ):
                return self.env._(
                    "You took part in the mailing that is linked with this one: another validator"
                    " must validate both."
                )
        return False

    def _needs_second_validator(self, request):
        """Return whether a validation now is the first of two; linked mailings count as one."""
        from_count = self.company_id.sudo().partner_mailing_two_validators_from
        requests = self._get_linked_requests() | request.sudo()
        return (
            from_count
            and sum(requests.mapped("recipient_count")) >= from_count
            and not requests.first_validator_id
        )

    # ------------------------------------------------------------
    # Linked mailings
    # ------------------------------------------------------------

    def _get_linked(self):
        """Return the mailing and those that an addon has linked with it, the leading one first.

        Linked mailings are submitted, validated, refused and taken back to draft together, as far
        as their states allow. Each has a request with a fingerprint of its own, and none of them is
        decided on without the others. An addon that links mailings overrides this method and says
        in ``_search_waits_for_me`` the same in SQL.
        """
        self.ensure_one()
        return self

    def _group_linked(self, states):
        """Yield each mailing with the linked ones that are in one of ``states``, each once."""
        grouped = self.browse()
        for mailing in self:
            if mailing not in grouped:
                group = mailing._get_linked().filtered(
                    lambda one, mailing=mailing: (
                        one in mailing or (one.active and one.state in states)
                    )
                )
                grouped |= group
                yield group

    def _get_linked_requests(self):
        """Return the pending requests of the mailing and the linked ones, as the system."""
        requests = self.env["partner.mailing.approval"].sudo()
        return requests.union(*(one._get_pending_request() for one in self.sudo()._get_linked()))

    # ------------------------------------------------------------
    # Fingerprint
    # ------------------------------------------------------------

    def _get_covered_fields(self):
        """Return the names of the fields that are locked after submission, of all channels.

        An addon with further fields that reach a recipient overrides this method and adds them.
        """
        return COVERED_FIELDS | self._collect_from_transports("own_fields")

    def _get_content_fields(self):
        """Return the names of the fields that the fingerprint covers, without other channels'."""
        foreign = self._collect_from_transports("own_fields") - self._get_transport().own_fields
        return self._get_covered_fields() - foreign

    def _get_fingerprint(self):
        """Return ``(fingerprint, recipient_count)`` of what would be sent now.

        See ``review.Fingerprint``.
        """
        self.ensure_one()
        return review.Fingerprint(self.sudo()).take()

    def _keep_frames(self):
        """Keep the layout as it is now, with the mailing that is submitted."""
        self.ensure_one()
        if self.layout_id or self.sudo().frames:
            self._as_system().frames = make_frames(self, BodyPictures(self).adopt)

    def _get_layout_content(self):
        """Return what the fingerprint covers of the layout, as it is now and as it was kept.

        Nothing without a layout: mailings that were validated before there were layouts stay valid.
        """
        if not self.layout_id or "layout_id" not in self._get_content_fields():
            return {}
        return {"layout": self.layout_id._get_content(self.company_id), "frames": self.frames}

    def _get_plain_content(self):
        """Return the covered fields that are not translated: {field name: value}.

        The sources of the list are not among them, because the list itself is hashed, nor are the
        files, of which the bytes are hashed.
        """
        names = self._get_content_fields() - {"attachment_ids"} - LIST_SOURCES
        if not get_links(self):
            names -= {"link_days"}  # so mailings without links keep the fingerprint they had
        return {
            name: in_fixed_order(self[name]).ids
            if self._fields[name].relational
            else self[name] or False
            for name in names
            if not self._fields[name].translate and (self[name] or name not in LATER_FIELDS)
        }

    def _get_translations(self, names=None):
        """Return the covered fields in every language: {field name: {language code: text}}.

        :param names: other translated fields than the covered ones
        """
        names = sorted(
            names or (name for name in self._get_content_fields() if self._fields[name].translate)
        )
        columns = SQL(", ").join(SQL.identifier(name) for name in names)
        [row] = self.env.execute_query(
            SQL("SELECT %s FROM partner_mailing WHERE id = %s", columns, self.id)
        )
        return dict(zip(names, (value or {} for value in row), strict=True))

    def _get_content_files(self, bodies=None):
        """Return the files that reach a recipient: attachments, and files in the body.

        :param dict bodies: {language code: body}, read when it is not given
        """
        self.ensure_one()
        mailing = self.sudo()
        if bodies is None:
            bodies = mailing._get_translations()["body_html"]
        shown = {number for body in bodies.values() for number in local_file.find_all(body)}
        if mailing.layout_id and mailing.frames:
            shown.update(*map(local_file.find_all, mailing.frames.values()))
        files = mailing.attachment_ids
        return files | files.browse(shown - set(files.ids)).exists() if shown else files

    def _matches_validation(self):
        """Return whether the mailing is still what was validated."""
        self.ensure_one()
        approval = self.sudo().approval_ids.filtered(lambda request: request.state == "validated")
        return bool(approval) and approval.fingerprint == self._get_fingerprint()[0]

    def _check_covered_unlocked(self, names):
        """Raise unless the mailings are drafts, in which covered fields may change.

        :raises UserError: names the first field and says what to do
        """
        for mailing in self:
            if mailing.state not in EDITABLE_STATES:
                name = sorted(names)[0]
                raise UserError(
                    self.env._(
                        '"%(field)s" of the mailing "%(mailing)s" cannot be changed: the mailing is'
                        ' in the state "%(state)s". Take it back to draft first.',
                        field=self._fields[name]._description_string(self.env),
                        mailing=mailing.name,
                        state=mailing._get_state_label(),
                    )
                )

    # ------------------------------------------------------------
    # Review
    # ------------------------------------------------------------

    @api.depends("state", "channel", "approval_ids.state", "finding_facts", "recipient_count")
    @api.depends_context("uid", "lang", "tz")
    def _compute_review_html(self):
        for mailing in self:
            request = mailing.sudo()._get_pending_request()
            mailing.review_html = bool(request) and review.render(mailing)

    def _get_compared_fields(self):
        """Return the names of the fields in which two requests are compared; addons add theirs."""
        return self._get_transport().compared_fields

    def _get_changes(self, request):
        """Return what changed since the last decision, see ``review.Comparison``."""
        return review.Comparison(self, request).get_changes()

    def _get_reviewed_versions(self, request):
        """Return the versions that recipients get, see ``review.ReviewPage``."""
        return review.ReviewPage(self, request).get_versions()


def in_fixed_order(records):
    """Return records in an order that does not depend on the language of the user.

    Odoo sorts tags by their translated names.
    """
    return records.with_context(lang="en_US").sorted() if len(records) > 1 else records
