from ..tools.subject_look import has_preview
from .check import INFO, Check, register


@register
class PreviewText(Check):
    """Whether the inbox shows chosen words after the subject, and not the first ones of the body."""

    key = "preview_text"
    level = INFO
    sequence = 60

    def get_title(self):
        return self.env._("preview text")

    def get_question(self):
        return self.env._("Is there a preview text?")

    def look(self, content):
        # A channel without a preview text has none that is missing.
        text = content.texts.get("preview_text", self)
        return text is not self and not has_preview(text or "") and bool(content.source.strip())

    def describe(self, facts):
        if not facts:
            return []
        return [
            self.make_finding(
                self.env._(
                    "There is no preview text (%s). After the subject, inboxes then show the first"
                    " words of the message.",
                    ", ".join(map(self.name_language, facts)),
                ),
                self.env._("Write in Preview Text what the message is about, in one line."),
                count=len(facts),
                focus="preview_text",
                # Until there is a list, the mailing is only begun.
                is_early=not self.mailing.recipients_loaded_at,
            )
        ]
