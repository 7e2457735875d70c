from datetime import timedelta

from odoo import fields
from odoo.tools import SQL
from odoo.tools.misc import formatLang


class Pressure:
    """Who was written to often enough lately: the limit of a company, of mailings for each person.

    A message counts from when its mailing starts, so that of two mailings that are sent at the same
    time only one takes the last place. Recipients of one channel do not count for another.

    :param mailing: a ``partner.mailing`` record, whose own recipients do not count
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.company = mailing.sudo().company_id
        self.most = self.company.partner_mailing_pressure_count
        self.days = self.company.partner_mailing_pressure_days

    def is_on(self):
        """Return whether there is a limit, and the mailing is not exempted from it."""
        return self.most > 0 and self.days > 0 and not self.mailing.ignores_pressure

    def describe(self):
        """Return the limit of the company in words, False without one."""
        if self.most <= 0 or self.days <= 0:
            return False
        env = self.mailing.env
        return env._(
            "Most mailings for each person: %(count)s. Days over which they are counted: %(days)s."
            " Who had as many is excluded as written to lately.",
            count=formatLang(env, self.most, digits=0),
            days=formatLang(env, self.days, digits=0),
        )

    def addresses_sql(self):
        """Return a SELECT of the addresses that get no further mailing now: (address).

        Addresses are counted, and contacts, whose address may have changed since. Plan at a million
        recipients of the last days: one scan of their lists, and a hash of each count; 2 s.
        """
        transport = self.mailing._get_transport()
        return SQL(
            """
            WITH written AS MATERIALIZED (
                SELECT r.partner_id, %(address)s AS address, r.is_further
                  FROM partner_mailing m
                  JOIN partner_mailing_recipient r ON r.mailing_id = m.id
                 WHERE m.company_id = %(company)s AND m.channel = %(channel)s
                   AND m.id IS DISTINCT FROM %(mailing)s AND m.started_at IS NOT NULL
                   AND (m.state IN ('sending', 'paused') OR m.finished_at >= %(since)s)
                   AND ((r.state IN ('sent', 'uncertain')
                         AND COALESCE(r.sent_at, m.started_at) >= %(since)s)
                        OR (r.state IN ('sending', 'pending') AND r.is_submitted
                            AND m.state IN ('sending', 'paused')))
            )
            SELECT address FROM written WHERE address IS NOT NULL
          GROUP BY address HAVING count(*) >= %(most)s
         UNION ALL
            SELECT lower(%(now)s)
              FROM (SELECT partner_id FROM written
                     WHERE partner_id IS NOT NULL AND is_further IS NOT TRUE
                  GROUP BY partner_id HAVING count(*) >= %(most)s) often
              JOIN res_partner p ON p.id = often.partner_id
             WHERE %(now)s IS NOT NULL
            """,
            address=SQL.identifier("r", transport.address_column),
            now=transport.contact_address_sql("p"),
            company=self.company.id,
            channel=self.mailing.channel,
            mailing=self.mailing._origin.id or None,
            since=fields.Datetime.now() - timedelta(days=self.days),
            most=self.most,
        )

    def find(self, recipients):
        """Return those rows of the mailing whose people get no further mailing now.

        It holds until the end of the transaction: no other mailing of the company starts until then.
        """
        if not self.is_on():
            return recipients.browse()
        self.lock()
        recipients.env.flush_all()
        rows = recipients.env.execute_query(
            SQL(
                "SELECT r.id FROM partner_mailing_recipient r WHERE r.id = ANY(%s) AND %s IN (%s)",
                recipients.ids,
                SQL.identifier("r", self.mailing._get_transport().address_column),
                self.addresses_sql(),
            )
        )
        return recipients.browse(number for [number] in rows)

    def lock(self):
        """Let mailings of the company start one after the other.

        The row is written, not only locked: a transaction that waited for it sees what the other has
        started only when it begins anew, which a conflict makes it do.
        """
        self.mailing.env.cr.execute(
            SQL(
                "UPDATE res_company SET partner_mailing_pressure_run ="
                " COALESCE(partner_mailing_pressure_run, 0) + 1 WHERE id = %s",
                self.company.id,
            )
        )
