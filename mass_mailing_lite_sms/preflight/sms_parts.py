from odoo.addons.mass_mailing_lite.preflight import INFO, WARNING, Check, register
from odoo.tools.misc import formatLang

from ..tools.literal_text import split_literal
from ..tools.sms_length import measure

MOST = 10  # parts; Twilio takes no text of more than 1600 characters
NEAR = 8
ROOM = 20  # places: a long name takes them


@register
class SmsParts(Check):
    """How many SMS the text makes for each recipient.

    In each language without the values of placeholders; in the language of the user as the first
    recipient gets it, which the form shows as well.
    """

    key = "sms_parts"
    sequence = 30

    def get_title(self):
        return self.env._("parts of an SMS")

    def get_question(self):
        return self.env._("How many SMS does the text make for each recipient?")

    def look(self, content):
        text, has_placeholders = split_literal(content.texts.get("sms_body"))
        length = measure(text)
        return length.parts and {
            "parts": length.parts,
            "room": length.room,
            "units": length.units,
            "is_personal": has_placeholders,
        }

    def describe(self, facts):
        if not facts:
            return []
        lang, longest = max(facts.items(), key=lambda item: (item[1]["parts"], item[1]["units"]))
        parts = max(longest["parts"], self.mailing.sms_parts)
        values = {
            "parts": parts,
            "characters": longest["units"],
            "language": self.name_language(lang),
            "room": longest["room"],
        }
        shorten = self.env._("Shorten the text: each part is paid for as an SMS.")
        level = WARNING
        if parts > MOST:
            message = self.env._(
                "The text takes %(parts)s SMS for each recipient (%(language)s, %(characters)s"
                " characters). Providers refuse a text of more than 10 parts.",
                **values,
            )
        elif parts >= NEAR:
            message = self.env._(
                "The text takes %(parts)s SMS for each recipient (%(language)s, %(characters)s"
                " characters), and placeholders make it longer. Providers refuse more than 10 parts.",
                **values,
            )
        elif parts > 1:
            level = INFO
            total = formatLang(self.env, parts * (self.mailing.pending_count or 0), digits=0)
            message = self.env._(
                "The text takes %(parts)s SMS for each recipient (%(language)s), in all %(total)s or"
                " more.",
                total=total,
                **values,
            )
        elif longest["is_personal"] and longest["room"] < ROOM:
            level = INFO
            message = self.env._(
                "A long name may make a second SMS of the text (%(language)s): characters that are"
                " left for placeholders: %(room)s.",
                **values,
            )
        else:
            return []
        return [
            self.make_finding(
                message, shorten, count=parts, level=level, page="content", focus="sms_body"
            )
        ]
