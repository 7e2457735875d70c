from odoo.addons.mass_mailing_lite.preflight import Check, register

from ..tools.answer import names_stop_word
from ..transport.sms import UNSUBSCRIBE_PLACEHOLDER


@register
class SmsOptOut(Check):
    """Whether the text says how to get no more SMS, in each language."""

    key = "sms_opt_out"
    sequence = 20

    def get_title(self):
        return self.env._("opting out of SMS")

    def get_question(self):
        return self.env._("Does the text say how to get no more SMS?")

    def look(self, content):
        text = content.texts.get("sms_body") or ""
        has_way_out = UNSUBSCRIBE_PLACEHOLDER in text or names_stop_word(text)
        return bool(text.strip()) and not has_way_out

    def describe(self, facts):
        if not facts:
            return []
        return [
            self.make_finding(
                self.env._(
                    "The text does not say how to get no more SMS: %s.",
                    ", ".join(map(self.name_language, facts)),
                ),
                self.env._(
                    "Insert the placeholder of the unsubscribe link, or write how to answer, such as"
                    " “Reply STOP”: many countries require it of advertising."
                ),
                count=len(facts),
                page="content",
                focus="sms_body",
            )
        ]
