from ..tools.leftover import find_leftovers
from ..tools.subject_look import count_marks, is_shouted
from .check import Check, register


@register
class LoudSubject(Check):
    """Whether a subject is written in capital letters or has many exclamation marks, as spam does."""

    key = "loud_subject"
    sequence = 31

    def get_title(self):
        return self.env._("capital letters")

    def get_question(self):
        return self.env._("Is the subject free of capital words and many exclamation marks?")

    def look(self, content):
        subject = content.texts.get("subject") or ""
        # Placeholders of other programs, which have a check of their own, are often in capitals.
        for leftover in find_leftovers(subject):
            subject = subject.replace(leftover, " ")
        found = {"capitals": is_shouted(subject), "marks": count_marks(subject)}
        return found if any(found.values()) else None

    def describe(self, facts):
        findings = []
        capitals = [lang for lang, found in facts.items() if found["capitals"]]
        if capitals:
            findings.append(
                self.make_finding(
                    self.env._(
                        "The subject is written in capital letters (%s), as spam often is.",
                        ", ".join(map(self.name_language, capitals)),
                    ),
                    self.env._("Write it in small letters."),
                    count=len(capitals),
                    focus="subject",
                )
            )
        marks = {lang: found["marks"] for lang, found in facts.items() if found["marks"]}
        if marks:
            findings.append(
                self.make_finding(
                    self.env._(
                        "The subject has many exclamation marks (%s), as spam often has.",
                        self.join_languages(marks, str),
                    ),
                    self.env._("One at most is enough."),
                    count=max(marks.values()),
                    focus="subject",
                )
            )
        return findings
