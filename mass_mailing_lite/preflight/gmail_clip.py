from odoo.tools.misc import formatLang

from .check import Check, name_language, register

# Gmail shows this much of a message's HTML, then "[Message clipped]" with a link to the rest.
LIMIT = 102 * 1024
KILOBYTE = 1024


@register
class GmailClip(Check):
    """Whether Gmail shows the whole message, the unsubscribe link at its end included."""

    key = "gmail_clip"
    sequence = 30

    def look(self, mailing, content):
        return content.size if content.size > LIMIT else None

    def describe(self, mailing, facts):
        if not facts:
            return []
        _ = mailing.env._
        lang, size = max(facts.items(), key=lambda item: item[1])
        return [
            self.make_finding(
                _(
                    "The message has %(size)s KB of HTML (%(language)s). Gmail shows the first 102 KB and"
                    " hides the rest, with the unsubscribe link.",
                    size=formatLang(mailing.env, size / KILOBYTE, digits=0),
                    language=name_language(mailing, lang),
                ),
                _(
                    "Shorten the text, or remove formatting that was pasted with it: in the"
                    " code view it is in the style attributes."
                ),
                count=size,
                page="content",
                focus="body_html",
            )
        ]
