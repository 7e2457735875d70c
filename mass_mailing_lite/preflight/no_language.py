from odoo.tools import SQL
from odoo.tools.misc import formatLang

from .check import INFO, PEOPLE, Check, register


@register
class NoLanguage(Check):
    """How many recipients have no language, and get the version of the company's."""

    key = "no_language"
    kind = PEOPLE
    level = INFO
    sequence = 80

    def get_title(self):
        return self.env._("recipients without language")

    def get_question(self):
        return self.env._("Do recipients have no language?")

    def look_at_list(self):
        """Return their number. Plan at a million: one scan of the list, 0.2 s."""
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND state != 'skipped' AND COALESCE(lang, '') = ''
                """,
                self.mailing.id,
            )
        )
        return count

    def describe(self, facts):
        if not (count := self.list_facts):
            return []
        lang = self.mailing._get_recipient_language({"lang": None})
        message = self.env._(
            "Without a language: %(number)s. They get the message in the company's, %(language)s.",
            number=formatLang(self.env, count, digits=0),
            language=self.name_language(lang),
        )
        return [self.make_finding(message, "", count=count, page="recipients")]
