from ..content import VersionNotes
from .check import Check, register


@register
class MissingLanguage(Check):
    """Whether recipients would read a text in another language than their own."""

    key = "missing_language"
    sequence = 5

    def get_title(self):
        return self.env._("languages without translation")

    def get_question(self):
        return self.env._("Do recipients have a language that a text is not written in?")

    def describe(self, facts):
        mailing = self.mailing
        names = dict(self.env["res.lang"].get_installed())
        counts = mailing.language_counts or {}
        langs = sorted(counts, key=lambda lang: (-counts[lang], names.get(lang, lang)))
        notes = VersionNotes(mailing)
        missing = notes.get_missing_translations(langs)
        if not missing:
            return []
        return [
            self.make_finding(
                notes.get_warning(langs, names, missing),
                self.env._(
                    "Write these texts in the other languages too. Without them, these recipients get"
                    " the main version."
                ),
                count=sum(counts[lang] for lang in missing),
                page="content",
                focus=mailing._get_transport().main_text,
            )
        ]
