from odoo import fields, models
from odoo.tools import SQL

from ...delivery.pace import MINUTE, worth_waking
from .mailing_pace import get_domain
from .sql_terms import UTC_NOW

# Rows sorted in one transaction: 0.2 s, for somebody may want to pause.
SORTED_AT_ONCE = 5000


class PartnerMailingRecipient(models.Model):
    """The recipients as queues by domain, where the mail server limits what one domain gets.

    Four of five recipients may have their mailbox with one provider. Walking
    along the list for those that have not would pass by a million rows again
    and again; so the rows of such a mailing are noted with their domain, in an
    index of which other mailings have no part.
    """

    _inherit = "partner.mailing.recipient"

    domain = fields.Char(help="Set only where the mail server has a limit for domains.")

    _domain_idx = models.Index(
        "(mailing_id, domain, id) WHERE state = 'pending' AND domain IS NOT NULL"
    )

    def _sort_by_domain(self, mailing_id, state, after_id=0):
        """Note the domains of the next rows in a state; return the last id, None at the end.

        Plan: index scan on ``_mailing_state_idx``, ``SORTED_AT_ONCE`` rows.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH chunk AS (
                    SELECT id FROM partner_mailing_recipient
                     WHERE mailing_id = %s AND state = %s AND id > %s
                  ORDER BY id
                     LIMIT %s
                ), noted AS (
                    UPDATE partner_mailing_recipient r
                       SET domain = substring(r.email_normalized FROM '[^@]*$')
                      FROM chunk
                     WHERE r.id = chunk.id AND r.domain IS NULL)
                SELECT max(id) FROM chunk
                """,
                mailing_id,
                state,
                after_id,
                SORTED_AT_ONCE,
            )
        )
        return self.env.cr.fetchone()[0]

    def _claim_by_domain(self, mailing_id, sender, limit, pace, after_domain="", columns=()):
        """Take up to ``limit`` rows as ``_claim`` does, no more of a domain than it may get now.

        :param pace: a ``ServerPace`` that has just allowed ``limit``
        :param after_domain: go on behind this domain, so that each has its turn
        :param columns: see ``_take_picked_sql``
        :return: as ``_claim``, in the order of domains

        Plan at a million rows: a walk along ``_domain_idx`` from domain to
        domain; for each the sum of its grants, at most as many as its limit,
        and as many rows as it may get. It ends when ``limit`` rows are found.
        """
        due = SQL("r.mailing_id = %s AND r.state = 'pending' AND r.domain IS NOT NULL", mailing_id)
        picked = SQL(
            """
            SELECT r.ctid, r.partner_id
              FROM walk
              CROSS JOIN LATERAL (
                   SELECT COALESCE(sum(g.count), 0) AS used
                     FROM partner_mailing_grant g
                    WHERE g.pace_id = %(pace)s AND g.domain = walk.domain
                      AND (g.ended_at IS NULL OR g.ended_at > %(since)s)) grants
              CROSS JOIN LATERAL (
                   SELECT r.ctid, r.partner_id
                     FROM partner_mailing_recipient r
                    WHERE %(due)s AND r.domain = walk.domain AND %(claimable)s
                 ORDER BY r.id
                    LIMIT GREATEST(%(most)s - grants.used, 0)
                      FOR UPDATE OF r SKIP LOCKED) r
             WHERE walk.domain IS NOT NULL
             LIMIT %(limit)s
            """,
            pace=pace.id,
            since=pace.now - MINUTE,
            due=due,
            claimable=self._claimable_sql(),
            most=pace.limits.domain_minute,
            limit=limit,
        )
        self.env.cr.execute(
            SQL(
                """
                WITH RECURSIVE walk AS (
                   (SELECT r.domain FROM partner_mailing_recipient r
                     WHERE %(due)s AND r.domain > %(after_domain)s
                  ORDER BY r.domain LIMIT 1)
                 UNION ALL
                    SELECT (SELECT r.domain FROM partner_mailing_recipient r
                             WHERE %(due)s AND r.domain > walk.domain
                          ORDER BY r.domain LIMIT 1)
                      FROM walk WHERE walk.domain IS NOT NULL
                ), picked AS (%(picked)s)
                %(take)s
                """,
                due=due,
                after_domain=after_domain,
                picked=picked,
                take=self._take_picked_sql(sender, columns),
            )
        )
        return sorted(self.env.cr.dictfetchall(), key=get_domain)

    def _seconds_until_domain(self, mailing_id, pace):
        """Return in how many seconds a domain that has had all it may get can get more.

        None when no waiting row of the mailing is held by its domain.

        Plan: the grants of the last minute, and one look into ``_domain_idx``
        for each domain that is full.
        """
        most = pace.limits.domain_minute
        [(free_at,)] = self.env.execute_query(
            SQL(
                """
                SELECT min(free_at)
                  FROM (SELECT domain,
                               max(COALESCE(ended_at, %(now)s)) FILTER (WHERE newer > %(stay)s)
                                   AS free_at
                          FROM (SELECT domain, ended_at, count,
                                       sum(count) OVER (PARTITION BY domain
                                           ORDER BY ended_at DESC NULLS FIRST, id) AS newer
                                  FROM partner_mailing_grant
                                 WHERE pace_id = %(pace)s AND domain IS NOT NULL
                                   AND count > 0
                                   AND (ended_at IS NULL OR ended_at > %(since)s)) g
                      GROUP BY domain
                        HAVING sum(count) >= %(most)s) held
                 WHERE EXISTS (SELECT FROM partner_mailing_recipient r
                                WHERE r.mailing_id = %(mailing_id)s AND r.state = 'pending'
                                  AND r.domain = held.domain
                                  AND (r.next_attempt_at IS NULL OR r.next_attempt_at <= %(utc_now)s))
                """,
                now=pace.now,
                pace=pace.id,
                since=pace.now - MINUTE,
                most=most,
                stay=most - worth_waking(most),
                mailing_id=mailing_id,
                utc_now=UTC_NOW,
            )
        )
        return None if free_at is None else max(free_at + MINUTE - pace.now, 0.0)
