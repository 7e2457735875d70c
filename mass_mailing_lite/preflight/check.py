from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

# Levels of findings, the gravest first: it cannot be submitted; look at it; good to know.
STOP, WARNING, INFO = LEVELS = ("stop", "warning", "info")
# What a check is about: what is written, or who sends it.
CONTENT, SENDER = "content", "sender"

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

    :param mailing: a ``partner.mailing`` record, perhaps not saved; its environment decides the
        language
    """

    #: Identifies the check and its findings.
    key: ClassVar[str]
    #: Level of its findings.
    level: ClassVar[str] = WARNING
    #: Findings of one level are shown in this order.
    sequence: ClassVar[int] = 50
    #: ``CONTENT`` or ``SENDER``; checks of the sender are shown in the dialog *Sender Check*, too.
    kind: ClassVar[str] = CONTENT
    #: Whether the form of a draft and the review show its findings.
    on_form: ClassVar[bool] = True

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def look(self, content: Content) -> Any:
        """Return facts about the content in one language as JSON; false when there are none.

        The mailing is in that language.
        """
        raise NotImplementedError

    def describe(self, facts: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the findings, made by :meth:`make_finding`.

        It asks the database for nothing but what the form reads anyway.

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

    def get_title(self) -> str:
        """Return what a check of the sender looks at, as users know it."""
        raise NotImplementedError

    def name_language(self, lang: str) -> str:
        """Return the name of a language, as users know it."""
        return self.env["res.lang"]._get_data(code=lang).name or lang

    def join_languages(self, facts: dict[str, Any], describe: Callable[[Any], str]) -> str:
        """Return one text for all languages, with their names if the mailing has several.

        :param facts: {language code: facts}
        :param describe: returns the text of one language
        """
        texts = {lang: describe(found) for lang, found in facts.items()}
        if len((self.mailing.finding_facts or {}).get("languages", ())) < 2:
            return "; ".join(texts.values())
        return "; ".join(f"{self.name_language(lang)}: {text}" for lang, text in texts.items())

    def make_finding(self, message: str, remedy: str, count: int = 1, **place) -> dict[str, Any]:
        """Return a finding.

        :param message: what was found, one sentence
        :param remedy: what to do, one sentence
        :param place: where it is: ``page`` (tab of the form) and ``focus`` (field), which the form
            opens; ``action`` (name of a method of the mailing), perhaps ``args`` (list), and
            ``label`` of the button that mends it
        """
        return {
            "key": self.key,
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
