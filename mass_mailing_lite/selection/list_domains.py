import json

from odoo import fields
from odoo.tools import SQL

from ..tools import domain_typo

# Why people are excluded because of the domain of their address; keys of checks as well.
DEAD, TYPO = DOMAIN_REASONS = ("dead_domain", "domain_typo")
# States of ``partner.mailing.domain`` in which no message can be delivered, and for how long they hold.
DEAD_STATES = ("no_domain", "no_host", "refuses")
MAX_AGE_DAYS = 90
# Domains that a finding names, and recipients that one list of them shows.
DOMAINS_SHOWN = 5
MAX_OPENED = 5_000


class ListDomains:
    """Domains in the list of a mailing to which no message can be delivered, or that are mistyped.

    What the DNS says of a domain was asked before, by a scheduled action (``partner.mailing.domain``).

    :param mailing: a saved ``partner.mailing`` record
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env
        self.domain = mailing._get_transport().domain_sql("r")

    def get_facts(self, reason):
        """Return what is to be said of the list as JSON, None when there is nothing.

        A dict: ``count`` (people), ``domains`` ([domain, state or suggestion, people], the first
        ones), ``others`` (how many further domains), ``excluded`` (people excluded for it before).
        """
        if self.domain is None:
            return None
        found = self.find(reason)
        excluded = self._count_excluded(reason)
        if not found and not excluded:
            return None
        return {
            "count": sum(count for _domain, _what, count in found),
            "domains": [list(one) for one in found[:DOMAINS_SHOWN]],
            "others": max(len(found) - DOMAINS_SHOWN, 0),
            "excluded": excluded,
        }

    def find(self, reason):
        """Return [(domain, state or suggestion, people)] of those that are written to.

        The domain with the most people comes first. Plan at a million rows: one scan of the list and
        a hash of its domains, 1 s; only the few that were found are read.
        """
        if self.domain is None or (reason == DEAD and not self._is_any_dead()):
            return []
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.domain, %(what)s, l.count
                  FROM (SELECT %(domain)s AS domain, count(*) AS count
                          FROM partner_mailing_recipient r
                         WHERE r.mailing_id = %(mailing)s AND r.state = 'pending'
                      GROUP BY 1) l
                       %(condition)s
              ORDER BY l.count DESC, l.domain
                """,
                mailing=self.mailing.id,
                domain=self.domain,
                what=SQL("d.state") if reason == DEAD else SQL("NULL"),
                condition=SQL(
                    "JOIN partner_mailing_domain d ON d.name = l.domain AND %s", self._dead_sql()
                )
                if reason == DEAD
                # A provider is mistyped in few ways: the names, as an array that PostgreSQL hashes.
                else SQL(
                    "WHERE split_part(l.domain, '.', 1) = ANY(%s)", sorted(domain_typo.get_names())
                ),
            )
        )
        if reason == DEAD:
            # Of a mistyped domain the other check says more; people are in one of both.
            return [row for row in rows if not domain_typo.suggest(row[0])]
        suggested = ((domain, domain_typo.suggest(domain), count) for domain, _no, count in rows)
        return [one for one in suggested if one[1]]

    def find_ids(self, reason):
        """Return the ids of the recipients in such domains, the first ones of the list."""
        domains = [domain for domain, _what, _count in self.find(reason)]
        if not domains:
            return []
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.id FROM partner_mailing_recipient r
                 WHERE r.mailing_id = %s AND r.state = 'pending' AND %s = ANY(%s)
              ORDER BY r.id LIMIT %s
                """,
                self.mailing.id,
                self.domain,
                domains,
                MAX_OPENED,
            )
        )
        return [number for [number] in rows]

    def exclude(self, reason):
        """Exclude the people in such domains, also when the list is loaded again."""
        domains = [domain for domain, _what, _count in self.find(reason)]
        if not domains:  # what the user saw is of before a change
            self.mailing._store_list_facts()
            return
        self._update(
            SQL(
                """
                UPDATE partner_mailing_recipient r
                   SET state = 'skipped', skip_reason = %s
                 WHERE r.mailing_id = %s AND r.state = 'pending' AND %s = ANY(%s)
                """,
                reason,
                self.mailing.id,
                self.domain,
                domains,
            ),
            {**(self.mailing.excluded_domains or {}), **dict.fromkeys(domains, reason)},
        )

    def include(self, reason):
        """Include again who was excluded so; of several rows with one address, the first."""
        kept = {
            domain: why
            for domain, why in (self.mailing.excluded_domains or {}).items()
            if why != reason
        }
        address = SQL.identifier("s", self.mailing._get_transport().address_column)
        self._update(
            SQL(
                """
                UPDATE partner_mailing_recipient r
                   SET state = CASE WHEN x.reason IS NULL THEN 'pending' ELSE 'skipped' END,
                       skip_reason = x.reason
                  FROM (SELECT s.id,
                               CASE WHEN s.is_further AND NOT %(with_further)s THEN 'further_address'
                                    WHEN row_number() OVER (
                                         PARTITION BY %(address)s
                                             ORDER BY s.is_further NULLS FIRST, s.id) > 1
                                    THEN 'duplicate' END AS reason
                          FROM partner_mailing_recipient s
                         WHERE s.mailing_id = %(mailing)s AND s.state = 'skipped'
                           AND s.skip_reason = %(why)s) x
                 WHERE r.id = x.id
                """,
                with_further=bool(self.mailing.with_further_addresses),
                address=address,
                mailing=self.mailing.id,
                why=reason,
            ),
            kept,
        )

    def reason_sql(self, address):
        """Return SQL for why an address is excluded because of its domain, NULL for most.

        :param address: SQL of the address
        """
        excluded = self.mailing.excluded_domains or {}
        if self.domain is None or not excluded:
            return SQL("NULL::text")
        return SQL("(%s::jsonb ->> split_part(%s, '@', 2))", json.dumps(excluded), address)

    def _update(self, statement, excluded):
        self.mailing._lock_list()
        self.env.cr.execute(statement)
        self.env["partner.mailing.recipient"]._invalidate_rows()
        self.mailing._as_system().excluded_domains = excluded or False
        self.mailing._recount()
        self.mailing._store_list_facts()

    def _count_excluded(self, reason):
        """Return how many people are excluded so; without a query where that was never asked for."""
        if reason not in (self.mailing.excluded_domains or {}).values():
            return 0
        recipients = self.env["partner.mailing.recipient"].sudo()
        return recipients.search_count(
            [
                ("mailing_id", "=", self.mailing.id),
                ("state", "=", "skipped"),
                ("skip_reason", "=", reason),
            ]
        )

    def _is_any_dead(self):
        return bool(
            self.env.execute_query(
                SQL("SELECT FROM partner_mailing_domain d WHERE %s LIMIT 1", self._dead_sql())
            )
        )

    def _dead_sql(self):
        """Return the condition under which a domain ``d`` is known to receive no mail."""
        since = fields.Datetime.subtract(fields.Datetime.now(), days=MAX_AGE_DAYS)
        return SQL("d.state IN %s AND d.checked_at > %s", DEAD_STATES, since)
