from odoo.addons.mass_mailing_lite.preflight import INFO, WARNING, Check, register

from ..odoo_seams import provider


@register
class SmsSender(Check):
    """Whether the company can send SMS as its provider is set up, and under which name.

    It stops no mailing: one that the provider cannot take waits until the settings are corrected.
    """

    key = "sms_sender"
    sequence = 8

    def get_title(self):
        return self.env._("sender of SMS")

    def get_question(self):
        return self.env._("Can the company send SMS as its provider is set up?")

    def look(self, content):
        return bool((content.texts.get("sms_body") or "").strip())

    def describe(self, facts):
        problem = provider.find_problem(self.mailing.company_id) if facts else None
        if not problem:
            return []
        level, message = self._get_sentences()[problem]
        return [
            self.make_finding(
                message,
                self.env._(
                    "Ask an administrator to complete the settings of SMS (Settings, General Settings,"
                    " Send SMS) of the company %s.",
                    self.mailing.company_id.sudo().name,
                ),
                level=level,
            )
        ]

    def _get_sentences(self):
        """Return {problem: (level, what it is)}."""
        return {
            provider.NO_CREDENTIALS: (
                WARNING,
                self.env._("The account at Twilio is not set up: account SID or token is missing or wrong."),
            ),
            provider.NO_NUMBER: (
                WARNING,
                self.env._("No number is set up at Twilio from which the SMS could be sent."),
            ),
            provider.BANNED: (
                WARNING,
                self.env._("Odoo has blocked the company's account for SMS."),
            ),
            provider.UNREGISTERED: (
                WARNING,
                self.env._("The company's account for SMS is not registered with Odoo."),
            ),
            provider.NO_SENDER_NAME: (
                INFO,
                self.env._("The company has no sender name for SMS: recipients see a number that they do not know."),
            ),
        }  # fmt: skip
