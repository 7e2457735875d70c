import unicodedata

from odoo.addons.mass_mailing_lite.preflight import INFO, WARNING, Check, register

from ..tools.literal_text import split_literal
from ..tools.sms_length import BASIC, EXTENSION, measure

SHOWN = 10  # characters that are named, in each language
# Of all letters: with more of them the text is written in another alphabet, and no slip.
ALPHABET_SHARE = 0.2


@register
class SmsAlphabet(Check):
    """Whether a few characters halve what fits into each SMS, or the alphabet of the language does."""

    key = "sms_alphabet"
    sequence = 32

    def get_title(self):
        return self.env._("characters of an SMS")

    def get_question(self):
        return self.env._("Do a few characters halve what fits into each SMS?")

    def look(self, content):
        text, _has_placeholders = split_literal(content.texts.get("sms_body"))
        foreign = measure(text).foreign
        if not foreign:
            return None
        letters = [sign for sign in text if sign.isalpha()]
        others = [sign for sign in letters if sign not in BASIC and sign not in EXTENSION]
        return {
            "characters": foreign[:SHOWN],
            "count": len(foreign),
            "is_alphabet": len(others) > ALPHABET_SHARE * len(letters),
        }

    def describe(self, facts):
        findings = []
        slips = {lang: found for lang, found in facts.items() if not found["is_alphabet"]}
        if slips:
            findings.append(
                self.make_finding(
                    self.env._(
                        "An SMS holds 70 characters in place of 160 because of: %s.",
                        self.join_languages(slips, self._name_characters),
                    ),
                    self.env._(
                        "Replace them: straight quotation marks and hyphens, three full stops, letters"
                        " without accents, no pictures."
                    ),
                    count=sum(found["count"] for found in slips.values()),
                    level=WARNING,
                    page="content",
                    focus="sms_body",
                )
            )
        written = [
            self.name_language(lang) for lang, found in facts.items() if found["is_alphabet"]
        ]
        if written:
            findings.append(
                self.make_finding(
                    self.env._(
                        "An SMS in another alphabet than the Latin one holds 70 characters in place of"
                        " 160: %s.",
                        ", ".join(written),
                    ),
                    self.env._("Keep the text short: each part is paid for as an SMS."),
                    count=len(written),
                    level=INFO,
                    page="content",
                    focus="sms_body",
                )
            )
        return findings

    def _name_characters(self, found):
        """Return the characters of one language in words."""
        named = " ".join(map(show_character, found["characters"]))
        more = found["count"] - len(found["characters"])
        if more <= 0:
            return named
        return self.env._("%(characters)s and %(more)s more", characters=named, more=more)


def show_character(sign):
    """Return a character, or its number in Unicode where it cannot be seen."""
    is_visible = unicodedata.category(sign)[0] not in "ZCM"
    return sign if is_visible else f"U+{ord(sign):04X}"
