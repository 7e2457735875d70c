import difflib
import hashlib
import json
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError
from odoo.tools import SQL, format_datetime, human_size
from odoo.tools.mail import html2plaintext

from ..tools.placeholder_kind import to_inline
from .partner_mailing import EDITABLE_STATES, VALIDATOR_GROUP

APPROVAL_STATES = [
    ("pending", "Waiting"),
    ("validated", "Validated"),
    ("refused", "Refused"),
    ("withdrawn", "Withdrawn"),
    ("void", "Void"),
]
REQUEST_ACTIVITY = "mass_mailing_lite.mail_activity_type_validate"

# Fingerprint: URLs of pictures and files in a body, as Odoo's editor writes them, and in Odoo's
# other forms, by model or by query.
LOCAL_FILE = re.compile(
    r"/web/(?:image|content)/?(?:(?:ir\.attachment/)?|\?(?:[^\s\"'<>]*[?&;])?id=)(\d+)"
)
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
        "audience_ids",
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
LIST_SOURCES = {"audience_ids", "marked_partner_ids", "extra_emails", "with_further_addresses"}

# Review: how many recipients and how many changed lines of the body it shows.
SAMPLE_SIZE = 5
MAX_DIFF_LINES = 40


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
    fingerprint = fields.Char(
        required=True,
        help="SHA-256 over all that reaches a recipient and over the list of recipients.",
    )
    recipient_count = fields.Integer("Recipients", required=True)
    summary = fields.Json(help="How the list was made up when it was submitted.")
    content = fields.Json(help="The content in words, for the next request to be compared with.")
    first_validator_id = fields.Many2one("res.users", help="Where two validators must agree.")
    first_validated_at = fields.Datetime("First Validated On")
    is_self_validation = fields.Boolean(
        "Self-Validation",
        help="Validated by a user that prepared the mailing, as the company allows.",
    )

    _one_open_uniq = models.UniqueIndex(
        "(mailing_id) WHERE state IN ('pending', 'validated')",
        "A mailing has one valid request at a time.",
    )

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
                "reason": note,
            }
        )

    def _decide(self, state, reason=False, is_self_validation=False):
        """Close the requests with ``state``: by the current user, now."""
        self._as_system().write(
            {
                "state": state,
                "reason": reason,
                "is_self_validation": is_self_validation,
                "validator_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
            }
        )
        # The next request may be inserted directly, and the unique index must allow it.
        self.flush_recordset()


class PartnerMailing(models.Model):
    """The approval of a mailing.

    In the order of this file: the request, the decision, the right to decide, the fingerprint,
    the review page, the changes since the last decision.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    review_html = fields.Html("Review", compute="_compute_review_html", sanitize=False)

    # ------------------------------------------------------------
    # The request
    # ------------------------------------------------------------

    def action_submit(self):
        """Submit the mailing to the validators.

        :raises UserError: names the missing fields
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
        self._check_versions()
        transport.check_addresses()
        if "subject" in transport.required_fields:
            self._check_subjects()
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
        recipients = self.env["partner.mailing.recipient"]
        recipients._exclude_deleted_contacts(self)
        recipients._exclude_unsubscribed(self)
        if self.track_clicks:
            self.env["partner.mailing.link"]._store(self)
        recipients._freeze_list(self)
        self._open_request()
        self._as_system().write({"state": "to_validate", "pause_reason": False})
        self._ask_validators()

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
                "fingerprint": fingerprint,
                "recipient_count": count,
                "content": main._get_content_to_compare(),
                "summary": self._get_list_summary(),
            }
        )

    def _ask_validators(self):
        """Schedule an activity for each validator of the company who may decide."""
        validators = self.env.ref(VALIDATOR_GROUP).sudo().all_user_ids
        for user in validators.filtered("active"):
            if self.company_id in user.company_ids and not self._get_separation_reason(user):
                self.sudo().activity_schedule(REQUEST_ACTIVITY, user_id=user.id)

    def _close_requests(self):
        """Remove the activities of all validators; the chatter has the decision."""
        self.sudo().activity_unlink([REQUEST_ACTIVITY])

    # ------------------------------------------------------------
    # The decision
    # ------------------------------------------------------------

    def action_validate(self, note=None):
        """Validate the mailing, which is then sent now or at the scheduled time.

        From the number of recipients that the company has set, two validators must agree: the
        first validation is recorded, and the mailing waits for the second.

        :param str note: stored with the decision
        :raises AccessError: when the current user may not validate; the message has the reason
        :raises UserError: when the mailing is not what was submitted
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
                request._record_first_validation(note)
                mailing._notify_decision(
                    self.env._("Validated by a first validator; a second one must agree.")
                )
                mailing._close_requests()
                mailing._ask_validators()
                continue
            is_own = bool(mailing._get_conflict_of_interest(self.env.user))
            request._decide("validated", note, is_self_validation=is_own)
            mailing._as_system().write(
                {"state": "validated", "editor_ids": [fields.Command.clear()]}
            )
            mailing._close_requests()
            mailing._notify_decision(self.env._("Validated."), note)
            mailing._trigger_sender()
        return True

    def action_refuse(self, reason=None):
        """Refuse with a reason; without one, open the dialog that asks for it.

        :param str reason: sent to the requester and stored with the decision
        """
        if reason is None:
            self._check_can_decide()
            return self._open_dialog("partner.mailing.refuse", self.env._("Refuse"))
        if not reason.strip():
            raise UserError(self.env._("Say why you refuse the mailing: the author needs it."))
        for mailing in self:
            mailing._check_can_decide()._decide("refused", reason.strip())
            mailing._as_system().write({"state": "draft"})
            self.env["partner.mailing.recipient"]._unfreeze_list(mailing)
            mailing._close_requests()
            mailing._notify_decision(self.env._("Refused."), reason.strip())
        return True

    def action_open_validation(self):
        """Open the dialog that validates, with a field for a note."""
        self._check_can_decide()
        return self._open_dialog("partner.mailing.validate", self.env._("Validate"))

    def action_back_to_draft(self):
        """Make the mailing a draft again; its request is withdrawn, its validation void.

        For its author and for validators.

        :raises UserError: when the recipients were removed for privacy
        """
        self._check_knows_recipients()
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
            self.env["partner.mailing.recipient"]._unfreeze_list(mailing)
            mailing._close_requests()
        return True

    def _notify_decision(self, message, reason=None):
        """Notify requester and responsible of a decision, by e-mail or in Odoo as they prefer."""
        self.ensure_one()
        requester = self.sudo().approval_ids[:1].requested_by_id
        people = (requester | self.user_id).partner_id - self.env.user.partner_id
        self.sudo().message_post(
            body=f"{message} {reason}" if reason else message,
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

    def _check_can_decide(self):
        """Return the pending request, or raise with the reason why the user may not decide.

        The mailing is locked: of two validators that decide at the same time, the second sees the
        decision of the first.
        """
        self.ensure_one()
        self.check_access("read")
        try:
            self._as_system().lock_for_update(allow_referencing=True)
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
        if user in self.sudo()._get_pending_request().first_validator_id:
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
        return False

    def _needs_second_validator(self, request):
        """Return whether a validation now is the first of two."""
        from_count = self.company_id.sudo().partner_mailing_two_validators_from
        return (
            from_count
            and request.recipient_count >= from_count
            and not request.sudo().first_validator_id
        )

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

        The fingerprint is the SHA-256 (hex) of the covered fields, in every
        language, of the files' bytes and of the submitted list; the count is
        the length of that list.
        """
        self.ensure_one()
        mailing = self.sudo()
        mailing.flush_recordset()
        self.env["partner.mailing.recipient"].flush_model()
        translations = mailing._get_translations()
        [(list_hash, count)] = self.env.execute_query(
            self.env["partner.mailing.recipient"]._list_fingerprint_sql(mailing)
        )
        content = {**mailing._get_plain_content(), **translations}
        digest = hashlib.sha256()
        for value in (content, list_hash):
            digest.update(json.dumps(value, sort_keys=True, default=str).encode())
        for file in mailing._get_content_files(translations["body_html"]).sorted("id"):
            digest.update(json.dumps([file.name, file.mimetype]).encode())
            digest.update(hashlib.sha256(file.raw or b"").digest())
        return digest.hexdigest(), count

    def _get_plain_content(self):
        """Return the covered fields that are not translated: {field name: value}.

        The sources of the list are not among them, because the list itself is hashed, nor are the
        files, of which the bytes are hashed.
        """
        names = self._get_content_fields() - {"attachment_ids"} - LIST_SOURCES
        return {
            name: self[name].ids if self._fields[name].relational else self[name] or False
            for name in names
            if not self._fields[name].translate
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
        shown = {int(number) for body in bodies.values() for number in LOCAL_FILE.findall(body)}
        files = mailing.attachment_ids
        return files | files.browse(shown - set(files.ids)).exists() if shown else files

    def _matches_validation(self):
        """Return whether the mailing is still what was validated."""
        self.ensure_one()
        approval = self.sudo().approval_ids.filtered(lambda request: request.state == "validated")
        return bool(approval) and approval.fingerprint == self._get_fingerprint()[0]

    def _check_can_send_again(self):
        """Raise unless the mailings, which were sent, are still what was validated.

        :raises UserError: names the mailing
        """
        for mailing in self:
            if not mailing._matches_validation():
                raise UserError(
                    self.env._(
                        'The mailing "%s" is not what was validated, so no message of it is sent again.',
                        mailing.name,
                    )
                )

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

    @api.depends("state", "channel", "approval_ids.state", "finding_facts")
    @api.depends_context("uid", "lang")
    def _compute_review_html(self):
        for mailing in self:
            request = mailing.sudo()._get_pending_request()
            mailing.review_html = bool(request) and self.env["ir.qweb"]._render(
                "mass_mailing_lite.mailing_review", mailing._get_review(request)
            )

    def _get_review(self, request):
        """Return the values of the review page; figures are those of the request."""
        self.ensure_one()
        mailing = self.sudo()
        sample = (
            self.env["partner.mailing.recipient"]
            .sudo()
            .search([("mailing_id", "=", self.id), ("is_submitted", "=", True)], limit=SAMPLE_SIZE)
        )
        return {
            "mailing": mailing,
            "human_size": human_size,
            "approval": request,
            **self._get_labelled_summary(request.summary or {}),
            "sample": sample,
            "versions": mailing._get_reviewed_versions(request),
            "server": mailing.mail_server_id.name,
            "expected": mailing.expected_text,
            "rate": mailing._get_rate_in_words(),
            "scheduled_at": mailing.scheduled_at
            and format_datetime(self.env, mailing.scheduled_at, tz=self.env.user.tz),
            "unsubscribe_groups": mailing.unsubscribe_category_ids.mapped("name"),
            "changes": mailing._show_changes(mailing._get_changes(request)),
            "findings": mailing._get_findings(),
        }

    def _get_reviewed_versions(self, request):
        """Return all versions that recipients get, each as one of them reads it, the largest first.

        :return: list of dicts: ``label``, ``count``, ``name`` of the recipient, ``confirmed``
            (words), ``subject``, ``body``
        """
        self.ensure_one()
        Recipient = self.env["partner.mailing.recipient"].sudo()
        transport = self._get_transport()
        own = {version.lang: version for version in self.version_ids}
        groups = {}
        for lang, count in (request.summary or {}).get("languages", []):
            read = self._get_read_version(self._get_recipient_language({"lang": lang}))
            group = groups.setdefault(read, {"langs": [], "count": 0})
            group["langs"].append(lang or False)
            group["count"] += count
        versions = []
        for lang, group in sorted(groups.items(), key=lambda item: -item[1]["count"]):
            reader = Recipient.search(
                [
                    ("mailing_id", "=", self.id),
                    ("is_submitted", "=", True),
                    ("lang", "in", group["langs"]),
                ],
                limit=1,
            )
            label = self._get_language_name(lang)
            if lang == self.main_lang and own:
                label = self.env._("%s (main version)", label)
            versions.append(
                {
                    "label": label,
                    "count": group["count"],
                    "name": reader.name or reader[transport.address_column],
                    "confirmed": lang in own and own[lang].confirmed_by_id and own[lang].hint,
                    **transport.get_sample(reader),
                }
            )
        return versions

    def _get_labelled_summary(self, summary):
        """Return the lists of a summary with labels in the current language, as (label, count).

        :param dict summary: what ``_get_list_summary`` returned
        """
        reasons = dict(
            self.env["partner.mailing.recipient"]
            ._fields["skip_reason"]
            ._description_selection(self.env)
        )
        languages = dict(self.env["res.lang"].get_installed())
        return {
            "languages": [
                (languages.get(code, self.env._("No language set")), count)
                for code, count in summary.get("languages", [])
            ],
            "audiences": [
                (name or self.env._("Extra addresses"), count)
                for name, count in summary.get("audiences", [])
            ],
            "further": summary.get("further", 0),
            "excluded": [
                (reasons.get(key, key), count) for key, count in summary.get("left_out", [])
            ],
        }

    def _get_list_summary(self):
        """Return how the list is made up: by language, by audience, excluded by reason.

        :return: dict: lists of [label or key, count] for ``languages``, ``audiences`` and
            ``left_out`` (excluded); ``further``, how many are further addresses of contacts;
            ``largest_domain``, see ``_count_largest_domain``
        """
        self.ensure_one()
        Recipient = self.env["partner.mailing.recipient"].sudo()
        of_mailing = [("mailing_id", "=", self.id)]
        by_language = Recipient._read_group(
            [*of_mailing, ("is_submitted", "=", True)], ["lang"], ["__count"], order="__count desc"
        )
        by_reason = Recipient._read_group(
            [*of_mailing, ("state", "=", "skipped")],
            ["skip_reason"],
            ["__count"],
            order="__count desc",
        )
        audiences = [
            [audience.name, self._count_audience(audience)] for audience in self.audience_ids
        ]
        extra = Recipient.search_count(
            [*of_mailing, ("is_submitted", "=", True), ("partner_id", "=", False)]
        )
        if extra:
            audiences.append(["", extra])  # its name is added in the language of the review page
        return {
            "languages": [[lang or "", count] for lang, count in by_language],
            "left_out": [[reason, count] for reason, count in by_reason],
            "audiences": audiences,
            "further": Recipient.search_count(
                [*of_mailing, ("is_further", "=", True), ("is_submitted", "=", True)]
            ),
            "largest_domain": self._count_largest_domain(),
        }

    def _count_audience(self, audience):
        """Return how many submitted recipients are in an audience."""
        query = self._readable_contacts(audience._get_included_domain())
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND is_submitted AND partner_id IN %s
                """,
                self.id,
                query.subselect(),
            )
        )
        return count

    def _count_largest_domain(self):
        """Return the number of submitted recipients in the largest domain, 0 without a limit."""
        # Plan at a million rows: one scan, 0.5 s, once a request.
        if not self._get_transport().get_limits().domain_minute:
            return 0
        rows = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND is_submitted
              GROUP BY substring(email_normalized FROM '[^@]*$')
              ORDER BY 1 DESC LIMIT 1
                """,
                self.id,
            )
        )
        return rows[0][0] if rows else 0

    # ------------------------------------------------------------
    # What changed since the last decision
    # ------------------------------------------------------------

    def _get_content_to_compare(self):
        """Return the content to compare a later request with: {field name: text}.

        Texts in the language of the environment, and ``name@language`` for each other language.
        """
        self.ensure_one()
        mailing = self.sudo()
        names = self._get_transport().compared_fields
        values = {name: mailing._get_text_to_compare(name) for name in names}
        values.update(mailing._get_translations_to_compare(names))
        return {name: value or "" for name, value in values.items()}

    def _get_text_to_compare(self, name):
        """Return the value of a field as readable text."""
        field, value = self._fields[name], self[name]
        if name == "attachment_ids":
            return ", ".join(
                f"{file.name} ({file.checksum[:8] if file.checksum else 0})" for file in value
            )
        if field.relational:
            return ", ".join(value.mapped("name"))
        if field.type == "html":
            return read_body(value)
        if field.type == "datetime":
            return fields.Datetime.to_string(value)
        if field.type == "selection":
            return dict(field._description_selection(self.env))[value]
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        return value

    def _get_translations_to_compare(self, names):
        """Return {name@language: text} of fields in other languages than the environment's."""
        return {
            f"{name}@{lang}": read_body(text) if name == "body_html" else text
            for name, texts in self._get_translations().items()
            for lang, text in texts.items()
            if name in names and lang != self.env.lang and self.env["res.lang"]._get_data(code=lang)
        }

    def _get_changes(self, request):
        """Return the differences from the request before: ``[(label, old, new, body lines)]``.

        None when there was no request before.
        """
        before = self.sudo().approval_ids.filtered(
            lambda other: other.id < request.id and other.state in ("refused", "void", "validated")
        )[:1]
        if not before:
            return None
        old, new = before.content or {}, request.content or {}
        changes = [
            (
                self._get_label_to_compare(name),
                old.get(name, ""),
                text := new.get(name, ""),
                diff_lines(old.get(name, ""), text) if name.startswith("body_html") else [],
            )
            # A field that a request of an earlier version did not store is no change.
            for name in {**new, **old}
            if (name in old or "@" in name) and old.get(name, "") != new.get(name, "")
        ]
        if before.recipient_count != request.recipient_count:
            label = self._fields["recipient_count"]._description_string(self.env)
            changes.append((label, str(before.recipient_count), str(request.recipient_count), []))
        return changes

    def _show_changes(self, changes):
        """Return changes with chips in place of placeholders, as HTML."""
        show = self._show_placeholders
        return changes and [
            (label, show(old), show(new), [(sign, show(line)) for sign, line in lines])
            for label, old, new, lines in changes
        ]

    def _get_label_to_compare(self, name):
        """Return the label of a field, with the language if it is a translation."""
        name, _at, lang = name.partition("@")
        label = self._fields[name]._description_string(self.env)
        return (
            f"{label} ({self.env['res.lang']._get_data(code=lang).name or lang})" if lang else label
        )


def read_body(source):
    """Return a body as text, with inline placeholders: a change of one is a change to compare."""
    return html2plaintext(to_inline(str(source or ""), bool).source)


def diff_lines(old, new):
    """Return the lines that differ between two texts: ``[("-" or "+", line)]``."""
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    changed = [(line[0], line[2:]) for line in lines if line[0] in "+-" and line[2:].strip()]
    return changed[:MAX_DIFF_LINES]
