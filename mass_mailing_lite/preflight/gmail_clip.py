from odoo.tools.misc import formatLang

from .check import Check, register

# Gmail shows this much of a message's HTML, then "[Message clipped]" with a link to the rest.
LIMIT = 102 * 1024
KILOBYTE = 1024


@register
class GmailClip(Check):
    """Whether Gmail shows the whole message, the unsubscribe link at its end included."""

    key = "gmail_clip"
    sequence = 30

    def get_title(self):
        return self.env._("size of the message")

    def get_question(self):
        return self.env._("Does Gmail show the whole message?")

    def look(self, content):
        return content.size if content.size > LIMIT else None

    def describe(self, facts):
        if not facts:
            return []
        lang, size = max(facts.items(), key=lambda item: item[1])
        return [
            self.make_finding(
                self.env._(
                    "The message has %(size)s KB of HTML (%(language)s). Gmail shows the first 102 KB and"
                    " hides the end, where the footer is.",
                    size=formatLang(self.env, size / KILOBYTE, digits=0),
                    language=self.name_language(lang),
                ),
                self.env._(
                    "Shorten the text, or remove formatting that was pasted with it: in the"
                    " code view it is in the style attributes."
                ),
                count=size,
                page="content",
                focus="body_html",
            )
        ]
