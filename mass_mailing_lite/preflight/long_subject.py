from ..tools.subject_look import MAX_COLUMNS, count_columns
from .check import INFO, Check, register


@register
class LongSubject(Check):
    """Whether phones show the whole subject."""

    key = "long_subject"
    level = INFO
    sequence = 61

    def get_title(self):
        return self.env._("length of the subject")

    def get_question(self):
        return self.env._("Do phones show the whole subject?")

    def look(self, content):
        columns = count_columns(content.texts.get("subject") or "")
        return columns if columns > MAX_COLUMNS else None

    def describe(self, facts):
        if not facts:
            return []
        return [
            self.make_finding(
                self.env._(
                    "Phones show about 40 characters of the subject. It has %s.",
                    self.join_languages(facts, str),
                ),
                self.env._("Begin with what matters, or shorten it."),
                count=max(facts.values()),
                focus="subject",
            )
        ]
