from datetime import timedelta

from babel.dates import format_timedelta

from odoo.tools import SQL
from odoo.tools.misc import babel_locale_parse, formatLang

from ..delivery.schedule.rate_limit import Limits, seconds_for
from .check import INFO, PEOPLE, Check, register

MOST = 5  # domains that are named
ADDRESS = "email_normalized"


@register
class LargeDomains(Check):
    """The domains with the most recipients, and how long each takes at its limit."""

    key = "large_domains"
    kind = PEOPLE
    level = INFO
    sequence = 82

    def get_title(self):
        return self.env._("largest domains")

    def get_question(self):
        return self.env._("Which domains have the most recipients, and how long does each take?")

    def ask_list(self, facts):
        return True if self.mailing._get_transport().address_column == ADDRESS else None

    def look_at_list(self):
        """Return [[domain, number]]. Plan at a million: one scan of the list, 0.5 s."""
        return [
            [domain, count]
            for domain, count in self.env.execute_query(
                SQL(
                    """
                    SELECT right(email_normalized, strpos(reverse(email_normalized), '@') - 1) AS domain,
                           count(*)
                      FROM partner_mailing_recipient
                     WHERE mailing_id = %s AND state = 'pending'
                  GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s
                    """,
                    self.mailing.id,
                    MOST,
                )
            )
            if domain
        ]

    def describe(self, facts):
        if not (domains := self.list_facts):
            return []
        limits = self.mailing._get_transport().get_limits()
        limit = limits.domain_minute if limits else 0
        domains = [(to_unicode(domain), count) for domain, count in domains]
        named = self.env._("Largest domains: %s.", ", ".join(domain for domain, _count in domains))
        lines = [self._describe_domain(domain, count, limit) for domain, count in domains]
        return [self.make_finding(named, "", count=len(domains), lines=lines, page="recipients")]

    def _describe_domain(self, domain, count, limit):
        number = formatLang(self.env, count, digits=0)
        if not limit:
            return self.env._(
                "%(domain)s: %(number)s, without a limit of its own", domain=domain, number=number
            )
        seconds = seconds_for(count, Limits(minute=limit))
        if not seconds:
            return self.env._("%(domain)s: %(number)s, at once", domain=domain, number=number)
        duration = format_timedelta(
            timedelta(seconds=seconds), threshold=1.5, locale=babel_locale_parse(self.env.lang)
        )
        return self.env._(
            "%(domain)s: %(number)s, %(duration)s at %(limit)s a minute",
            domain=domain,
            number=number,
            duration=duration,
            limit=formatLang(self.env, limit, digits=0),
        )


def to_unicode(domain):
    """Return a domain as people read it."""
    try:
        return domain.encode().decode("idna")
    except UnicodeError:
        return domain
