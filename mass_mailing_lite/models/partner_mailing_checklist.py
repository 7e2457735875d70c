import hashlib
import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..content import SendOn
from ..preflight import CHECKS, STOP, Preflight, look_at_due
from ..preflight.list_names import ListNames
from ..preflight.list_values import ListValues
from ..preflight.placeholder_fallback import PlaceholderFallback
from ..tools.person_name import PARTS
from ..tools.version import get_main_text
from ..transport.file_links import name_kind
from .partner_mailing import EDITABLE_STATES, UNDECIDED_STATES, VALIDATOR_GROUP
from .partner_mailing_approval import LIST_SOURCES

# Tests: fields that a test does not show, because they decide when and to whom a message is sent.
NOT_TESTED = {
    "attachment_ids",
    "bcc",
    "company_id",
    "copy_policy",
    "scheduled_at",
}
# What checks look at beside the texts.
FINDING_SOURCES = (
    "company_id",
    "email_from",
    "layout_id",
    "mail_server_id",
    "main_lang",
    "reply_to",
)
# Colours of the calendar, as numbers of Odoo's palette: light blue, orange, blue, purple, red,
# green, grey.
STATE_COLORS = {
    "draft": 4,
    "to_validate": 2,
    "validated": 7,
    "sending": 11,
    "paused": 1,
    "done": 10,
    "cancelled": 0,
}
# States before the first message.
UNSENT_STATES = ("draft", "to_validate", "validated")
LAST_TEST = ("last_test_at", "last_test_by_id", "tested_versions")


class PartnerMailing(models.Model):
    """What is to be done and looked at before a mailing leaves.

    The checklist has its steps up to the validation, with the status of each. It is a list of
    dicts, which the form shows:

    - ``key``, ``label``, ``hint``: identifier and name of the step, and its status in words
    - ``status``: ``done``, ``attention`` (done, but out of date after a change) or ``open``
    - ``is_next``: whether it is the first step that is not done
    - ``action`` (name of a method), or ``page`` and ``focus`` (a tab of the form and the field in
      it): where a click leads; a step without any of them is no link

    The findings are what the checks of ``preflight`` say about the content, on the form of a draft
    and in the review. The facts behind them are stored when the content changes.

    In the order of this file: the fields, the list, one method for each step, what was seen and
    tested in which language, when it is to be sent (also in the calendar), the findings.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    checklist = fields.Json(compute="_compute_checklist")
    last_test_at = fields.Datetime("Last Tested On", copy=False, readonly=True)
    last_test_by_id = fields.Many2one("res.users", "Last Tested By", copy=False, readonly=True)
    tested_versions = fields.Json(
        copy=False,
        readonly=True,
        help="{language code: fingerprint of what that version showed when it was tested}",
    )
    seen_versions = fields.Json(
        copy=False, readonly=True, help="The same, for what the author saw in the preview."
    )
    version_fingerprints = fields.Json(
        compute="_compute_version_fingerprints",
        help="{language code: fingerprint of what that version shows now}",
    )
    test_state = fields.Selection(
        [
            ("never", "Never tested"),
            ("changed", "Changed since the test"),
            ("partly", "Tested in some languages"),
            ("tested", "Tested"),
        ],
        "Test",
        compute="_compute_test_state",
    )
    test_status = fields.Char(compute="_compute_test_state")
    time_zone = fields.Char(
        compute="_compute_time_zone", help="The time zone in which the user sees and types times."
    )
    schedule_notice = fields.Char(
        compute="_compute_schedule_notice", help="What becomes of a Send On that has passed."
    )
    calendar_at = fields.Datetime(
        "Sent or Planned",
        compute="_compute_calendar_at",
        inverse="_inverse_calendar_at",
        store=True,
        copy=False,
        index="btree_not_null",
        help="Where the calendar shows the mailing: when its sending began, before that Send On.",
    )
    state_color = fields.Integer(compute="_compute_state_color", help="Of the calendar.")
    finding_facts = fields.Json(
        compute="_compute_finding_facts",
        store=True,
        copy=False,
        help="What the checks found in the content: {key: {language code: facts}}. Stored, because"
        " reading a long body takes longer than opening the form.",
    )
    list_facts = fields.Json(
        copy=False,
        readonly=True,
        help="What is odd in the list of recipients, as of when it was loaded: {key: facts}.",
    )
    background_facts = fields.Json(
        copy=False,
        readonly=True,
        help="What the checks found in the background: {key: {asked, facts, checked_at}}.",
    )
    look_due_at = fields.Datetime(
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="Since when facts are to be taken in the background.",
    )
    findings = fields.Json(
        compute="_compute_findings", help="What to look at before the mailing leaves."
    )

    @api.depends(
        lambda self: [
            "name",
            "state",
            "recipients_loaded_at",
            "pending_count",
            "skipped_count",
            "source_ids",
            "audience_ids",
            "marked_count",
            "test_state",
            "seen_versions",
            "version_fingerprints",
            "approval_ids.state",
            "version_ids.made_for",
            "findings",
            "channel",
            "scheduled_at",
            *self._get_template_fields(),
            *sorted(self._collect_from_transports("required_fields")),
            *sorted(self._get_extra_fields()),
            *(kind.problems_field for kind in self._get_transports().values()),
        ]
    )
    @api.depends_context("uid", "lang", "tz")
    def _compute_checklist(self):
        for mailing in self:
            mailing.checklist = mailing.state in UNDECIDED_STATES and mailing._get_checklist()

    def _get_checklist(self):
        """Return the steps of the mailing, in order."""
        self.ensure_one()
        transport = self._get_transport()
        steps = [
            *([self._get_template_step()] if transport.template_field else []),
            self._get_writing_step(transport),
            self._get_recipients_step(transport),
            *self._get_linked_steps(),
            self._get_preview_step(),
            self._get_test_step(),
            self._get_submission_step(),
            self._get_validation_step(),
        ]
        ahead = [step for step in steps if step["status"] != "done"]
        # After submission the validation is next, whatever the status of earlier steps is.
        following = ahead[:1] if self.state == "draft" else steps[-1:]
        for step in steps:
            step["is_next"] = step in following
        return steps

    def _get_template_step(self):
        step = {"key": "template", "label": self.env._("Template"), "status": "done"}
        if template := self._get_template():
            step["hint"] = template.sudo().name
        elif not self._is_content_empty() or self.state != "draft":
            step["hint"] = self.env._("Written freely")
        else:
            step.update(status="open", hint=self.env._("Choose one, or write freely"))
        if self.state == "draft" and self._origin:
            step["action"] = "action_load_template"
        elif self.state == "draft":
            step["focus"] = self._get_transport().template_field
        return step

    def _get_writing_step(self, transport):
        missing = self._get_missing(("name", *transport.required_fields))
        step = {"key": "write", "label": self.env._("Write"), "page": "content"}
        if not missing and self._origin and (stop := Preflight(self).get_stop("write")):
            return {**step, "status": "attention", "hint": stop["hint"]}
        if not missing:
            return {**step, "status": "done", "hint": transport.describe_written()}
        labels = [self._fields[name]._description_string(self.env) for name in missing]
        hint = self.env._("Missing: %s", ", ".join(labels))
        return {**step, "status": "open", "hint": hint, "focus": missing[0]}

    def _get_recipients_step(self, transport):
        step = {"key": "recipients", "label": self.env._("Recipients"), "page": "recipients"}
        pending = self.pending_count
        if self[transport.problems_field]:
            step.update(status="attention", hint=transport.describe_problems())
        elif pending and self.recipients_loaded_at:
            step.update(status="done", hint=self._describe_recipients(pending))
        elif pending:
            step.update(status="attention", hint=self.env._("Changed: update the list"))
        elif self.recipients_loaded_at and self.skipped_count:
            step.update(status="attention", hint=self.env._("All of them are excluded"))
        elif self._has_sources():
            step.update(status="open", hint=self.env._("Update the list to see who they are"))
        else:
            step.update(status="open", hint=self.env._("Choose who gets it"), focus="source_ids")
        return step

    def _get_linked_steps(self):
        """Return steps about mailings that an addon has linked with this one."""
        return []

    def _describe_recipients(self, count):
        """Return a number of recipients in words."""
        if count == 1:
            return self.env._("1 recipient")
        return self.env._("%s recipients", formatLang(self.env, count, digits=0))

    def _get_preview_step(self):
        step = {"key": "preview", "label": self.env._("Preview"), "action": "action_preview"}
        seen = self.seen_versions or {}
        lacking = self._get_versions_not_in(seen)
        if not seen:
            return {**step, "status": "open", "hint": self.env._("See what a recipient gets")}
        if not lacking:
            return {**step, "status": "done", "hint": self.env._("Seen as it is now")}
        if set(lacking) & set(seen):
            return {**step, "status": "attention", "hint": self.env._("Changed since you saw it")}
        hint = self.env._("Not seen yet: %s", self._join_languages(lacking))
        return {**step, "status": "attention", "hint": hint}

    def _get_test_step(self):
        step = {"key": "test", "label": self.env._("Test"), "action": "action_send_test"}
        if self.test_state == "tested":
            return {**step, "status": "done", "hint": self.env._("Tested as it is now")}
        if self.test_state == "partly":
            lacking = self._get_versions_not_in(self.tested_versions or {})
            hint = self.env._("Not tested: %s", self._join_languages(lacking))
            return {**step, "status": "attention", "hint": hint}
        if self.test_state == "changed":
            return {**step, "status": "attention", "hint": self.env._("Changed since the test")}
        return {**step, "status": "open", "hint": self.env._("Send it to yourself")}

    def _get_submission_step(self):
        step = {"key": "submit", "label": self.env._("Submit")}
        if self.state == "draft":
            preflight = Preflight(self)
            if stop := preflight.get_stop("submit") or preflight.get_stop():
                return {**step, "status": "attention", **stop}
            hint = self.env._("Ask for validation")
            return {**step, "status": "open", "hint": hint, "action": "action_open_submission"}
        request = self.sudo()._get_pending_request()
        when = request.requested_at and self._name_moment(request.requested_at)
        hint = self.env._("%(name)s, %(date)s", name=request.requested_by_id.name, date=when)
        return {**step, "status": "done", "hint": hint}

    def _get_validation_step(self):
        step = {"key": "validation", "label": self.env._("Validation"), "status": "open"}
        if self.state == "draft":
            return {**step, "hint": self.env._("By a second person")}
        return {**step, "hint": self.env._("Waiting for a second person"), "page": "review"}

    # ------------------------------------------------------------
    # What was seen and tested
    # ------------------------------------------------------------

    def action_send_test(self):
        """Open the dialog that sends a test.

        :raises AccessError: for users who may only read the mailing
        """
        self._check_can_test()
        return self._open_dialog("partner.mailing.test", self.env._("Send a Test"))

    def action_preview(self):
        """Open the preview; the checklist then has the version of its recipient as seen."""
        action = self._open_dialog(
            "partner.mailing.preview", self.env._("Preview"), dialog_size="extra-large"
        )
        reader = self.recipient_window_ids[:1] or self.env.user.partner_id
        self._record_look(self._get_recipient_language({"lang": reader.lang}))
        return action

    def _check_can_test(self):
        """Raise unless the user may change or validate the mailing: a test is sent unvalidated."""
        self.ensure_one()
        self.check_access("read")
        if not (self.has_access("write") or self.env.user.has_group(VALIDATOR_GROUP)):
            raise AccessError(
                self.env._(
                    'You may read the mailing "%s", but not test it: tests are for users who may change'
                    " or validate it.",
                    self.name,
                )
            )

    @api.depends(
        lambda self: [
            "attachment_ids",
            "language_counts",
            "main_lang",
            "version_ids",
            *sorted(self._get_tested_fields()),
        ]
    )
    def _compute_version_fingerprints(self):
        for mailing in self:
            saved = mailing._origin or mailing
            mailing.version_fingerprints = bool(saved.id) and saved._get_version_fingerprints()

    @api.depends(*LAST_TEST, "version_fingerprints")
    @api.depends_context("tz", "lang")
    def _compute_test_state(self):
        for mailing in self:
            if not mailing.last_test_at:
                mailing.test_state = "never"
                mailing.test_status = self.env._("This mailing was never tested.")
                continue
            when = mailing._name_moment(mailing.last_test_at)
            who = mailing.sudo().last_test_by_id.name or ""
            tested = mailing.tested_versions or {}
            lacking = mailing._get_versions_not_in(tested)
            if lacking and not set(lacking) & set(tested):
                mailing.test_state = "partly"
                mailing.test_status = self.env._(
                    "Tested by %(name)s on %(date)s, but not in these languages: %(languages)s.",
                    name=who,
                    date=when,
                    languages=mailing._join_languages(lacking),
                )
            elif not lacking:
                mailing.test_state = "tested"
                mailing.test_status = self.env._(
                    "Tested by %(name)s on %(date)s, as it is now.", name=who, date=when
                )
            else:
                mailing.test_state = "changed"
                mailing.test_status = self.env._(
                    "Changed since the last test, by %(name)s on %(date)s.", name=who, date=when
                )

    def _get_tested_fields(self):
        """Return the set of the names of the covered fields that a test shows."""
        sources = LIST_SOURCES | self._get_extra_fields()
        return self._get_covered_fields() - NOT_TESTED - sources

    def _get_version_fingerprints(self):
        """Return the SHA-256 (hex) of all that a test shows, of each version that recipients get.

        Files are covered by the checksum that Odoo stores, so the form does not read them.

        :return: {language code: fingerprint}, the main version first
        """
        self.ensure_one()
        mailing = self.sudo()
        mailing.flush_recordset()
        translations = mailing._get_translations()
        plain, tested = mailing._get_plain_content(), self._get_tested_fields()
        layout = mailing._get_layout_content().get("layout")
        files = [
            (file.name, file.mimetype, file.checksum, *name_kind(file))
            for file in mailing._get_content_files(translations["body_html"]).sorted("id")
        ]
        fingerprints = {}
        for lang in mailing._get_read_versions():
            texts = {
                name: by_lang.get(lang) or get_main_text(by_lang, mailing.main_lang)
                for name, by_lang in translations.items()
            }
            content = {name: value for name, value in {**plain, **texts}.items() if name in tested}
            if layout:
                content["layout"] = layout
            text = json.dumps([content, files], sort_keys=True, default=str)
            fingerprints[lang] = hashlib.sha256(text.encode()).hexdigest()
        return fingerprints

    def _get_versions_not_in(self, known):
        """Return the codes of the versions that are not known as they are now.

        :param known: {language code: fingerprint}
        """
        return [
            lang
            for lang, present in (self.version_fingerprints or {}).items()
            if known.get(lang) != present
        ]

    def _join_languages(self, codes):
        return ", ".join(self._get_language_name(code) for code in codes)

    def _record_test(self, lang=None):
        """Record that the current user has tested the version in a language (the main one)."""
        self.ensure_one()
        self._as_system().write(
            {
                "last_test_at": fields.Datetime.now(),
                "last_test_by_id": self.env.uid,
                "tested_versions": self._add_version(self.tested_versions, lang),
            }
        )

    def _record_look(self, lang):
        """Record that the author of a draft has seen the version in a language."""
        self.ensure_one()
        if self.state in EDITABLE_STATES and self.has_access("write"):
            seen = self._add_version(self.seen_versions, lang)
            if seen != self.seen_versions:
                self._as_system().write({"seen_versions": seen})

    def _add_version(self, known, lang):
        """Return ``known`` with the version that is read in a language, as it is now."""
        read = self._get_read_version(lang or self.main_lang)
        present = self._get_version_fingerprints()
        return {**(known or {}), **{one: present[one] for one in present if one == read}}

    # ------------------------------------------------------------
    # Send On
    # ------------------------------------------------------------

    @api.depends_context("tz", "uid")
    def _compute_time_zone(self):
        # Without one the browser shows its own time, which the server does not know.
        self.time_zone = self.env.context.get("tz") or self.env.user.tz

    @api.depends("state", "scheduled_at", "started_at")
    @api.depends_context("lang", "tz", "uid")
    def _compute_schedule_notice(self):
        for mailing in self:
            mailing.schedule_notice = SendOn(mailing).get_notice()

    def _is_schedule_past(self):
        """Tell whether the mailing has a Send On that has passed."""
        return SendOn(self).is_past()

    def _check_schedule(self, moment):
        """Raise when a moment for Send On has passed.

        :param moment: naive, UTC; false for none
        :raises UserError: names the field and the moment
        """
        SendOn(self).check(moment)

    def _name_moment(self, moment, person=None):
        """Return a moment (naive, UTC) with its year and its time zone, in the user's language.

        :param person: a user in whose time zone it is, the current one if there is none
        """
        return SendOn(self).name(moment, person)

    def _get_begin_in_words(self):
        """Return when the mailing begins once it is validated."""
        self.ensure_one()
        return SendOn(self).get_begin_in_words()

    @api.depends("state", "scheduled_at", "started_at")
    def _compute_calendar_at(self):
        for mailing in self:
            moments = [mailing.scheduled_at, mailing.started_at]
            if mailing.state not in UNSENT_STATES:
                moments.reverse()
            mailing.calendar_at = moments[0] or moments[1]

    def _inverse_calendar_at(self):
        """Plan a draft for the moment that it was dragged to.

        :raises UserError: when it is no draft, or the moment has passed
        """
        for mailing in self:
            moment = mailing.calendar_at
            mailing._check_covered_unlocked({"scheduled_at"})
            mailing._check_schedule(moment)
            mailing.scheduled_at = moment

    @api.depends("state")
    def _compute_state_color(self):
        for mailing in self:
            mailing.state_color = STATE_COLORS.get(mailing.state, 0)

    def _get_moment_of_calendar(self):
        """Return the moment to come that the calendar has put into the context, or False."""
        try:
            moment = fields.Datetime.to_datetime(self.env.context.get("default_calendar_at"))
        except (TypeError, ValueError):
            return False
        return moment if moment and moment > fields.Datetime.now() else False

    # ------------------------------------------------------------
    # Findings
    # ------------------------------------------------------------

    @api.depends(
        lambda self: [
            "state",
            "channel",
            "company_id",
            "has_unsubscribe",
            "track_clicks",
            "track_opens",
            "layout_id",
            "attachment_ids",
            *self._get_rendered_fields(),
        ]
    )
    def _compute_finding_facts(self):
        for mailing in self:
            mailing.finding_facts = mailing.state in UNDECIDED_STATES and mailing._look()

    @api.depends(
        "state",
        "finding_facts",
        "list_facts",
        "background_facts",
        "test_state",
        "scheduled_at",
        "sender_warning",
        "company_id.partner_mailing_stopping_checks",
        "kept_samples",
        "language_counts",
        "main_lang",
        "stale_versions",
        "version_ids.made_for",
    )
    @api.depends_context("lang")
    def _compute_findings(self):
        for mailing in self:
            is_open = mailing.state in UNDECIDED_STATES and mailing.finding_facts
            found = mailing._get_findings() if is_open else ()
            mailing.findings = [one for one in found if not one.get("is_early")] or False

    def _look(self):
        """Return the facts of all checks about the content in each language."""
        self.ensure_one()
        return Preflight(self).look()

    def _get_findings(self):
        """Return what to look at before the mailing leaves, the gravest first.

        A list of dicts: ``key`` of the check, ``level`` (``stop``, ``warning``, ``info``),
        ``message``, ``remedy``, ``count``; perhaps ``page`` and ``focus`` as in the checklist, and
        ``action`` with its ``label`` and perhaps ``args``: a method of the mailing that mends it.
        """
        self.ensure_one()
        return Preflight(self).get_findings()

    def _get_sender_findings(self):
        """Return ``(findings, titles)``: of all checks of the sender, and of those without a finding.

        Findings as those of ``_get_findings``. The mailing may be in any state, and not saved.
        """
        return Preflight(self).get_sender_findings()

    def action_check_links(self):
        """Have the links and pictures asked for again, in the background."""
        self.check_access("write")
        self._check_editable(self.env._("check its links again"))
        for mailing in self:
            CHECKS["dead_link"](mailing).ask_again()
        return True

    def action_open_sender_check(self):
        """Open the dialog with what was found about the sender of the mailing."""
        self.ensure_one()
        return self._open_dialog("partner.mailing.sender.check", self.env._("Sender Check"))

    def _store_list_facts(self):
        """Store what the checks find in the list, which was just loaded or changed."""
        self.ensure_one()
        Preflight(self).look_at_list()

    def _get_finding_sources(self):
        """Return the names of the fields from which the checks take what they ask."""
        return {*FINDING_SOURCES, *self._get_rendered_fields()}

    def _note_questions(self):
        """Look for what the checks ask anew, after a change of the content."""
        for mailing in self:
            if mailing.state in UNDECIDED_STATES:
                Preflight(mailing).look_at_list(is_new=False)

    @api.model
    def _cron_look(self):
        """Take the facts that wait for it: about long lists, and from other computers."""
        cron = self.env["ir.cron"]
        look_at_due(self, lambda done, waiting: cron._commit_progress(done, remaining=waiting))

    def action_open_unclear_names(self):
        """Show the recipients whose first name or surname is unclear.

        All that get a fallback where none is unclear; 5,000 at most.
        """
        self._check_saved()
        self.ensure_one()
        self.check_access("read")
        names = ListNames(self, self._get_name_parts() or [*PARTS][:1])
        action = self.action_open_recipients()
        action["display_name"] = self.env._("Unclear Names in %s", self.name)
        action["domain"] = [("id", "in", names.find(only_unsure=True) or names.find())]
        return action

    def action_open_empty_values(self, path):
        """Show the recipients that have no value for a placeholder; 5,000 at most.

        :param str path: of a placeholder that a finding names, such as ``object.city``
        :raises UserError: when no finding names it
        """
        self._check_saved()
        self.ensure_one()
        self.check_access("read")
        path = self._check_text(path, self.env._("Placeholder"))
        if not (langs := PlaceholderFallback(self).get_langs(path)):
            raise UserError(
                self.env._(
                    'No finding names the placeholder "%s" any more. Load the page anew.', path
                )
            )
        action = self.action_open_recipients()
        action["display_name"] = self.env._("Recipients without a Value in %s", self.name)
        action["domain"] = [("id", "in", ListValues(self).find_empty(path, langs))]
        return action

    def _count_largest_domain(self):
        """Return the number of recipients in the domain with the most, 0 without a limit for one.

        Plan at a million rows: one scan, 0.5 s, once a list.
        """
        if not self._get_transport().get_limits().domain_minute:
            return 0
        rows = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND state = 'pending'
              GROUP BY substring(email_normalized FROM '[^@]*$')
              ORDER BY 1 DESC LIMIT 1
                """,
                self.id,
            )
        )
        return rows[0][0] if rows else 0

    def _check_findings(self):
        """Raise when a check found what stops the mailing.

        The content is looked at anew: what is stored may be of before an upgrade.

        :raises UserError: with what was found, and the remedies
        """
        self._note_versions()
        self._as_system().write({"finding_facts": self._look()})
        Preflight(self).look_at_list(is_new=False, limit=None)
        stops = [finding for finding in self._get_findings() if finding["level"] == STOP]
        if stops:
            raise UserError(
                "\n".join(
                    [
                        self.env._('The mailing "%s" cannot be submitted yet.', self.name),
                        *(f"{finding['message']} {finding['remedy']}" for finding in stops),
                    ]
                )
            )

    def _get_contents(self):
        """Return {language code: ``Content``} of what the mailing sends.

        Languages are those with a text of their own. In a form that is not saved, the current one
        has the texts of the form.
        """
        names = self._get_sent_fields()
        saved, stored = self._origin, {}
        if saved:
            saved.flush_recordset(names)
            stored = saved.sudo()._get_translations()
        installed = {code for code, _name in self.env["res.lang"].get_installed()}
        current = self.env.lang or "en_US"
        langs = {lang for name in names for lang in stored.get(name, {})} & installed | {current}
        contents = {}
        for lang in sorted(langs):
            texts = {name: self[name] for name in names}
            if lang != current:
                # A field without a text in the language is sent as it was written first.
                texts = {
                    name: stored[name].get(lang) or stored[name].get("en_US") for name in names
                }
            texts = {name: str(text or "") for name, text in texts.items()}
            contents[lang] = self.with_context(lang=lang)._get_content(texts)
        return contents
