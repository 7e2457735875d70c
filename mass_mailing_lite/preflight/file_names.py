from ..tools.file_name import find_refusal
from .check import Check, register

MOST = 5  # files that are named


@register
class FileNames(Check):
    """Whether mail programs take and open the attachments, by their names."""

    key = "file_names"
    sequence = 22

    def get_title(self):
        return self.env._("names of attachments")

    def get_question(self):
        return self.env._("Do mail programs take and open the attachments?")

    def look(self, content):
        names = {}
        for name in self.mailing.attachment_ids.mapped("name"):
            if problem := find_refusal(name or ""):
                names.setdefault(problem, []).append(name or "")
        return {
            problem: {"count": len(found), "items": [*map(shorten, found[:MOST])]}
            for problem, found in names.items()
        }

    def describe(self, facts):
        # The files are the same in all languages.
        names = next(iter(facts.values()), {})
        return [
            self.make_finding(
                f"{message} {self._name_files(names[problem])}.",
                remedy,
                count=names[problem]["count"],
                focus="attachment_ids",
            )
            for problem, (message, remedy) in self._get_sentences().items()
            if problem in names
        ]

    def _get_sentences(self):
        """Return {problem: (what it is, what to do)}."""
        return {
            "program": (
                self.env._("Attachments of a kind that Gmail and others refuse, because it can be a program:"),
                self.env._("Attach a PDF, or write a link to a page where the file is."),
            ),
            "hidden": (
                self.env._("Attachments whose name has characters that are not shown or change its direction:"),
                self.env._("Rename the file, remove it here and attach it again."),
            ),
            "path": (
                self.env._("Attachments whose name has characters that computers do not allow in one:"),
                self.env._("Rename the file with letters, figures, blanks and hyphens, and attach it again."),
            ),
            "kind": (
                self.env._("Attachments whose name does not end in their kind, such as .pdf, so that computers"
                    " do not know how to open them:"),
                self.env._("Rename the file with its kind at the end, and attach it again."),
            ),
            "long": (
                self.env._("Attachments with a very long name, which mail programs cut:"),
                self.env._("Give the file a name of up to 80 characters, and attach it again."),
            ),
        }  # fmt: skip

    def _name_files(self, found):
        named = [f'"{name}"' for name in found["items"]]
        if found["count"] > len(named):
            named.append(self.env._("%s more", found["count"] - len(named)))
        return ", ".join(named)


def shorten(name):
    """Return a name as it is shown: what cannot be seen as an escape, its end at the end."""
    shown = name.encode("unicode_escape").decode() if not name.isprintable() else name
    return shown if len(shown) <= 60 else f"{shown[:40]}…{shown[-15:]}"
