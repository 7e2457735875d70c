"""What a check is; the package says how checks are run."""

import json
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

# Levels of findings, the gravest first: it cannot be submitted; look at it; good to know.
STOP, WARNING, INFO = LEVELS = ("stop", "warning", "info")
# What a check is about: what is written, who sends it, or who gets it.
CONTENT, SENDER, PEOPLE = "content", "sender", "people"

#: {key: class} of all checks.
CHECKS: dict[str, type["Check"]] = {}


class Content(NamedTuple):
    """What a mailing sends in one language.

    :ivar texts: {name of a field: its text with inline placeholders}
    :ivar source: body as it is stored, empty for a channel without one
    :ivar html: the same as it leaves, with placeholders that are not filled in
    :ivar size: bytes of the HTML page of a message
    :ivar base_url: address of this database
    """

    texts: dict[str, str]
    source: str
    html: str
    size: int
    base_url: str


class Check:
    """One question about a mailing before it leaves.

    A check overrides ``get_title``, ``get_question`` and ``describe``, and those of the three
    sources of facts that it needs: ``look`` (the content), ``look_at_list`` (the recipients),
    ``look_in_background`` (what takes long, such as asking other computers).

    :param mailing: a ``partner.mailing`` record, perhaps not saved; its environment decides the
        language
    :param stored: {name: value} of fields with facts that were read already
    """

    #: Identifies the check and its findings.
    key: ClassVar[str]
    #: Level of its findings. A company can make a finding of the level ``WARNING`` stop.
    level: ClassVar[str] = WARNING
    #: Findings of one level are shown in this order.
    sequence: ClassVar[int] = 50
    #: ``CONTENT``, ``SENDER`` or ``PEOPLE``. Checks of the sender are shown in the dialog *Sender
    #: Check*, too; findings about people that are good to know stand in a part of their own.
    kind: ClassVar[str] = CONTENT
    #: Whether the form of a draft and the review show its findings.
    on_form: ClassVar[bool] = True
    #: Facts from the background are asked for anew after so many hours.
    max_age: ClassVar[float] = 24

    def __init__(self, mailing, stored=None):
        self.mailing = mailing
        self.env = mailing.env
        self._stored = stored or {}

    # ------------------------------------------------------------
    # In words
    # ------------------------------------------------------------

    def get_title(self) -> str:
        """Return what the check looks at, as users know it: two or three words."""
        return self.key

    def get_question(self) -> str:
        """Return the question that the check answers, one sentence, for the settings."""
        return ""

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def look(self, content: Content) -> Any:
        """Return facts about the content in one language as JSON; false when there are none.

        The mailing is in that language. Called when the content changes, within the request that
        saves it: it reads texts and asks nobody.
        """
        return None

    def ask_list(self, facts: dict[str, Any]) -> Any:
        """Return as JSON what ``look_at_list`` depends on beside the list; None to ask nothing.

        What was asked is stored with the facts of the list, and asked again when it changes. By
        default the list is looked at whenever it changes, whatever the content is.

        :param facts: what ``look`` found, {language code: facts}
        """
        return True

    def look_at_list(self) -> Any:
        """Return facts about the list of recipients as JSON; false when there are none.

        Called when the list is loaded or changed, and when the answer of ``ask_list`` changes. It
        is one statement for the whole list, never a loop over recipients. A long list is looked at
        by the scheduled action *Look at Drafts*, and at the submission, so that nothing that an
        author saves waits for it.
        """
        raise NotImplementedError

    def ask_background(self, facts: dict[str, Any]) -> Any:
        """Return as JSON what ``look_in_background`` depends on; None to ask nothing.

        Such as the addresses of all links, sorted. The answer is stored with what was found; when
        it changes, or is older than ``max_age``, the scheduled action looks again. It is called
        for each look at the form and asks the database for nothing but what the form reads anyway.

        :param facts: what ``look`` found, {language code: facts}
        """
        return True

    def look_in_background(self, asked: Any) -> Any:
        """Return facts as JSON, false when there are none; it may take long.

        Called by the scheduled action *Look at Drafts*, never in a request of a user, with the
        rights of the system. The transaction is committed before and after it, so it may keep a
        cache of its own in the database. When it raises, that is logged, and the check has no
        facts until ``max_age`` has passed or the question changes.

        :param asked: what ``ask_background`` returned
        """
        raise NotImplementedError

    @classmethod
    def has(cls, name: str) -> bool:
        """Tell whether the check overrides a method, such as ``look_at_list``."""
        return getattr(cls, name, None) is not getattr(Check, name, None)

    def get_stored(self, name: str) -> dict[str, Any]:
        """Return a field of the mailing with facts. To read one copies it, facts of all checks."""
        return (self._stored[name] if name in self._stored else self.mailing[name]) or {}

    @property
    def list_facts(self) -> Any:
        """What ``look_at_list`` found; None when there is nothing, or it did not look yet."""
        return self.get_stored("list_facts").get(self.key)

    @property
    def is_list_due(self) -> bool:
        """Whether the list has not been looked at for this check since it or the question changed."""
        return self.key in self.get_stored("list_facts").get("due", ())

    @property
    def background(self) -> dict[str, Any]:
        """What the background work found: ``facts``, ``checked_at`` (ISO, UTC), ``asked``.

        Empty when it did not look yet, or looked at something else than what is asked now.
        """
        stored = self.get_stored("background_facts").get(self.key) or {}
        return stored if stored and stored.get("asked") == self.get_asked_background() else {}

    def get_asked_background(self) -> Any:
        """Return what ``ask_background`` asks about the mailing as it is stored."""
        facts = self.get_stored("finding_facts").get(self.key, {})
        # As it is read back from the database, where a tuple is a list.
        return json.loads(json.dumps(self.ask_background(facts)))

    # ------------------------------------------------------------
    # Findings
    # ------------------------------------------------------------

    def describe(self, facts: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the findings, made by :meth:`make_finding`.

        It asks the database for nothing but what the form reads anyway. What the list and the
        background work had to say is in ``self.list_facts`` and ``self.background``.

        :param facts: {language code: what ``look`` returned}, without languages that have none
        """
        raise NotImplementedError

    def applies(self) -> bool:
        """Tell whether the channel of the mailing has what a check of the sender looks at.

        By default a From address, as e-mail has.
        """
        return "email_from" in self.mailing._get_transport().required_fields

    def describe_sender(self) -> list[dict[str, Any]]:
        """Return the findings of a check of the sender, whatever the content is."""
        return self.describe({})

    def name_language(self, lang: str) -> str:
        """Return the name of a language, as users know it."""
        return self.env["res.lang"]._get_data(code=lang).name or lang

    def join_languages(self, facts: dict[str, Any], describe: Callable[[Any], str]) -> str:
        """Return one text for all languages, with their names if the mailing has several.

        :param facts: {language code: facts}
        :param describe: returns the text of one language
        """
        texts = {lang: describe(found) for lang, found in facts.items()}
        if len(self.get_stored("finding_facts").get("languages", ())) < 2:
            return "; ".join(texts.values())
        return "; ".join(f"{self.name_language(lang)}: {text}" for lang, text in texts.items())

    def make_finding(self, message: str, remedy: str, count: int = 1, **place) -> dict[str, Any]:
        """Return a finding.

        :param message: what was found, one sentence
        :param remedy: what to do, one sentence; empty for what is only good to know
        :param place: where it is: ``page`` (tab of the form) and ``focus`` (field), which the form
            opens; ``action`` (name of a method of the mailing), perhaps ``args`` (list), and
            ``label`` of the button that mends it, or with ``is_view`` that only shows it; ``see``
            (dict of ``action`` and ``args``) of a further button that shows whom it is about; ``level``
            for a finding of another level than the others of the check; ``lines``, a list of
            details in words, which are folded up; ``step`` of the checklist and ``hint``, its
            status in words: the step is then shown as not in order; ``is_personal`` when the message names contacts,
            so that it goes when personal data is removed
        """
        return {
            "key": self.key,
            "kind": self.kind,
            "level": self.level,
            "message": message,
            "remedy": remedy,
            "count": count,
            **place,
        }


def register(check: type[Check]) -> type[Check]:
    """Add a check to ``CHECKS``; a decorator."""
    CHECKS[check.key] = check
    return check


def get_checks(env: Any) -> dict[str, type[Check]]:
    """Return the checks of this addon, and of those others that the database has.

    A process serves several databases, and keeps the modules of an addon that was uninstalled.
    """
    loaded = {get_addon(__name__), *env.registry._init_modules, env.context.get("install_module")}
    return {key: check for key, check in CHECKS.items() if get_addon(check.__module__) in loaded}


def get_addon(module: str) -> str:
    """Return the addon of a Python module, ``odoo.addons.NAME.…``."""
    return module.split(".")[2]
