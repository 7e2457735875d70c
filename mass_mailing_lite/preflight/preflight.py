"""All checks of one mailing: their facts are taken and stored here, and findings made of them."""

import json
import logging
from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from ..selection import whole_list
from .check import CHECKS, INFO, LEVELS, PEOPLE, SENDER, STOP, WARNING, get_checks

_logger = logging.getLogger(__name__)

# A list of so many recipients is looked at in the request that loads it or saves a text: 0.1 s for
# all checks. A longer one is looked at by the scheduled action: a million takes 10 s.
MAX_LIVE = 20_000
# Of the stored facts about the list: what each check asked, and which have not looked yet.
ASKED, DUE, LARGEST = "asked", "due", "largest_domain"
# Fields of a mailing with what was found: in the content, in the list, in the background.
FACTS = ("finding_facts", "list_facts", "background_facts")
UNDECIDED_STATES = ("draft", "to_validate")
# What is kept of a finding with an approval.
KEPT = (
    "key",
    "kind",
    "level",
    "message",
    "remedy",
    "count",
    "lines",
    "record",
    "is_people",
    "is_personal",
)
# When a mailing that was changed while it was looked at is looked at again.
AGAIN = timedelta(seconds=20)
# Type of the notification that facts came from the background.
NOTIFICATION = "partner_mailing_findings"
CRON = "mass_mailing_lite.ir_cron_preflight"


class Preflight:
    """All checks of a mailing.

    :param mailing: a ``partner.mailing`` record; to store facts it is a saved one
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def get_checks(self, method=None, stored=None):
        """Return all checks in the order of their findings, or those that override a method.

        :param stored: see ``Check``
        """
        return [
            check(self.mailing, stored)
            for check in sorted(get_checks(self.env).values(), key=lambda check: check.sequence)
            if method is None or check.has(method)
        ]

    # ------------------------------------------------------------
    # Content
    # ------------------------------------------------------------

    def look(self):
        """Return the facts of all checks about the content in each language, as they are stored."""
        contents = {
            lang: (self.mailing.with_context(lang=lang), content)
            for lang, content in self.mailing._get_contents().items()
        }
        facts = {"languages": sorted(contents)}
        for key, check in get_checks(self.env).items():
            if not check.has("look"):
                continue
            found = {
                lang: seen
                for lang, (mailing, content) in contents.items()
                if (seen := check(mailing).look(content))
            }
            if found:
                facts[key] = found
        return facts

    def _get_facts(self, check):
        return (self.mailing.finding_facts or {}).get(check.key, {})

    # ------------------------------------------------------------
    # List
    # ------------------------------------------------------------

    def look_at_list(self, is_new=True, limit=MAX_LIVE):
        """Take and store the facts about the list, of those checks that have not yet or ask anew.

        :param is_new: whether the list was loaded or changed, so that all checks look at it
        :param limit: a list with more recipients is looked at later, by the scheduled action; None
            to look at once
        """
        mailing = self.mailing
        before = {} if is_new else (mailing.list_facts or {})
        known, asked, due, facts = before.get(ASKED, {}), {}, [], {}
        later = limit is not None and mailing.recipient_count > limit
        with whole_list(self.env, mailing.recipient_count):
            for check in self.get_checks("look_at_list"):
                key, question = check.key, to_json(check.ask_list(self._get_facts(check)))
                if question is None or not (mailing.recipient_count or mailing.excluded_domains):
                    continue
                if key in known and known[key] == question and key not in before.get(DUE, ()):
                    asked[key] = question
                    if key in before:
                        facts[key] = before[key]
                elif later:
                    due.append(key)
                else:
                    asked[key] = question
                    if found := check.look_at_list():
                        facts[key] = found
        if asked:
            facts[ASKED] = asked
        # The sender reads it before the start, so it does not wait for the scheduled action.
        if largest := mailing._count_largest_domain() if is_new else before.get(LARGEST):
            facts[LARGEST] = largest
        if due:
            facts[DUE] = due
        if (facts or False) != (mailing.list_facts or False):
            mailing._as_system().write({"list_facts": facts or False})
        self.plan()

    # ------------------------------------------------------------
    # Background
    # ------------------------------------------------------------

    def plan(self):
        """Wake the scheduled action if a check has to look in the background."""
        mailing = self.mailing
        if mailing.state in UNDECIDED_STATES and not mailing.look_due_at and self._has_due():
            mailing._as_system().write({"look_due_at": fields.Datetime.now()})
            self.env.ref(CRON).sudo()._trigger()

    def _has_due(self):
        return bool((self.mailing.list_facts or {}).get(DUE)) or any(self._get_due())

    def _get_due(self):
        """Yield (check, what it asks) of those that have to look in the background."""
        for check in self.get_checks("look_in_background"):
            asked = check.get_asked_background()
            stored = (self.mailing.background_facts or {}).get(check.key)
            if asked is not None and not is_current(stored, asked, check.max_age):
                yield check, asked

    def look_in_background(self, commit=lambda: None):
        """Take and store all facts that are due.

        :param commit: called before and after each check, which may take long, so that no lock is
            held meanwhile
        """
        mailing = self.mailing
        if mailing.recipient_count > MAX_LIVE:
            # Of a list that was just loaded, PostgreSQL expects one row, and each statement would look
            # up each contact by itself, twice as slow.
            self.env.cr.execute("ANALYZE (SKIP_LOCKED) partner_mailing_recipient")
            commit()
        self.look_at_list(is_new=False, limit=None)
        commit()
        for check, asked in list(self._get_due()):
            try:
                facts = check.look_in_background(asked)
            except Exception:
                _logger.exception("The check %s of mailing %s failed", check.key, mailing.id)
                self.env.cr.rollback()
                facts = None
            commit()
            self.store_background(check.key, asked, facts)
            commit()
        if self._has_due():
            # The mailing was changed meanwhile.
            mailing._as_system().write({"look_due_at": fields.Datetime.now()})
            self.env.ref(CRON).sudo()._trigger(fields.Datetime.now() + AGAIN)
        else:
            mailing._as_system().write({"look_due_at": False})
        self._announce()
        commit()

    def _announce(self):
        """Have the open forms of the mailing show its findings anew, once this is committed."""
        mailing = self.mailing.sudo()
        for channel in mailing._get_progress_channels():
            self.env["bus.bus"]._sendone(channel, NOTIFICATION, {"id": mailing.id})

    def store_background(self, key, asked, facts):
        """Store what a check found in the background; see ``Check.background``.

        In one statement, because an author may save the mailing meanwhile.
        """
        mailing = self.mailing
        mailing.flush_recordset(["background_facts"])
        found = {"asked": asked, "facts": facts or None, "checked_at": get_now()}
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing
                   SET background_facts =
                       COALESCE(background_facts, '{}'::jsonb) || jsonb_build_object(%s, %s::jsonb)
                 WHERE id = %s
                """,
                key,
                json.dumps(found, ensure_ascii=False),
                mailing.id,
            )
        )
        mailing.invalidate_recordset(["background_facts"], flush=False)
        mailing.modified(["background_facts"])

    # ------------------------------------------------------------
    # Findings
    # ------------------------------------------------------------

    def get_findings(self):
        """Return the findings of all checks, the gravest first; see ``partner.mailing``."""
        stored = {name: self.mailing[name] for name in FACTS}
        facts = stored["finding_facts"] or self.mailing._look()
        return self._rank(
            finding
            for check in self.get_checks(stored=stored)
            if check.on_form
            for finding in check.describe(facts.get(check.key, {}))
        )

    def get_kept(self):
        """Return the findings as they are kept with an approval: without buttons and places."""
        return [
            {name: finding[name] for name in KEPT if name in finding}
            for finding in self.get_findings()
        ]

    def get_sender_findings(self):
        """Return (findings, titles): of all checks of the sender, and of those without a finding."""
        findings, fine = [], []
        for check in self.get_checks():
            if check.kind == SENDER and check.applies():
                found = check.describe_sender()
                findings += found
                fine += [] if found else [check.get_title()]
        return self._rank(findings), fine

    def get_stop(self, step=None):
        """Return what stands in the way of a step of the checklist, as the form shows it, or None.

        A dict with ``hint``, in words, and the place of the finding.

        :param step: a step that a finding names; None for what the company has made stop
        """
        checks = get_checks(self.env)
        for finding in self.mailing.findings or []:
            if step and finding.get("step") == step:
                return {"hint": finding["hint"], **get_place(finding)}
            if not step and finding["level"] == STOP and not finding.get("step"):
                title = checks[finding["key"]](self.mailing).get_title()
                hint = self.env._("Stopped: %s", title)
                return {"hint": hint, **get_place(finding)}
        return None

    def _rank(self, findings):
        """Return findings with the levels that the company has chosen, the gravest first."""
        stopping = get_stopping_keys(self.mailing.company_id)
        ranked = []
        for finding in findings:
            one = {**finding, "is_people": is_good_to_know(finding)}
            if one["level"] == WARNING and one["key"] in stopping:
                one["level"] = STOP
            ranked.append(one)
        return sorted(ranked, key=lambda finding: LEVELS.index(finding["level"]))


def get_stopping_keys(company):
    """Return the keys of the checks of which the company has a warning stop a submission."""
    return set(company.sudo().partner_mailing_stopping_checks or ())


def get_choices(env):
    """Return the checks that may stop a submission: list of dicts ``key``, ``title``, ``question``.

    In the order in which a mailing is made: content, sender, people.
    """
    mailing = env["partner.mailing"]
    checks = get_checks(env).items()
    return [
        {"key": key, "title": check(mailing).get_title(), "question": check(mailing).get_question()}
        for key, check in sorted(checks, key=lambda item: (item[1].kind, item[1].sequence))
        if check.level == WARNING and check.on_form
    ]


def is_good_to_know(finding):
    """Tell whether a finding only says who gets the mailing: it stands in a part of its own.

    What a recipient would read, such as a fallback, is seen at once.
    """
    check = CHECKS.get(finding["key"])
    return bool(finding["level"] == INFO and check and check.level == INFO and check.kind == PEOPLE)


def get_place(finding):
    """Return where a finding is, as a step of the checklist says it."""
    return {name: finding[name] for name in ("page", "focus") if finding.get(name)}


def without_names(findings):
    """Return findings as they are kept when personal data is removed: without names of contacts."""
    return [one for one in findings or [] if not one.get("is_personal")] or False


def is_current(stored, asked, max_age):
    """Tell whether what was found in the background answers a question, and is not too old."""
    if not stored or stored.get("asked") != asked:
        return False
    oldest = fields.Datetime.now() - timedelta(hours=max_age)
    return fields.Datetime.to_datetime(stored.get("checked_at")) >= oldest


def get_now():
    """Return the moment, as it is stored with facts."""
    return fields.Datetime.to_string(fields.Datetime.now())


def to_json(value):
    """Return a value as it is read back from the database."""
    return json.loads(json.dumps(value))


def look_at_due(mailings, commit_progress):
    """Take the facts that are due, of all mailings, the one that waits longest first.

    :param mailings: the model ``partner.mailing``, as the system
    :param commit_progress: called with (mailings done, mailings that wait); commits and returns the
        seconds that are left
    """
    # What waits for a decision is looked at again when its facts are too old.
    for mailing in mailings.search([("state", "=", "to_validate"), ("look_due_at", "=", False)]):
        Preflight(mailing).plan()
    is_due = [("look_due_at", "!=", False), ("state", "in", UNDECIDED_STATES)]
    due = mailings.with_context(active_test=False).search(is_due, order="look_due_at, id")
    seconds_left = commit_progress(0, len(due))
    for done, mailing in enumerate(due, 1):
        if seconds_left <= 0:
            mailings.env.ref(CRON)._trigger()
            return
        if mailing.exists():
            left = len(due) - done + 1
            Preflight(mailing.with_company(mailing.company_id)).look_in_background(
                lambda left=left: commit_progress(0, left)
            )
        seconds_left = commit_progress(1, len(due) - done)
