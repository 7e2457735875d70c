from datetime import timedelta

from odoo import fields
from odoo.tools import SQL
from odoo.tools.misc import formatLang

# Up to how many recipients of the last days a number in the form considers them: 0.3 s.
QUICK = 100_000


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

        None where there were too few mailings for that. Addresses are counted, and contacts, whose
        address may have changed since. Plan at two million rows of mailings of the last days: two
        scans of them, a hash of each count, and a hash join with the contacts; 3 s. The mailings are
        named by number and the rows counted without a CTE, because the planner then knows how many
        there are; else it looks up each contact by itself, which takes 10 s.
        """
        running, started, all_of_them = self._find_mailings()
        if len(all_of_them) < self.most:
            return None
        transport = self.mailing._get_transport()
        address = SQL.identifier("r", transport.address_column)
        written = SQL(
            """
            r.mailing_id = ANY(%(mailings)s)
            AND ((r.state IN ('sent', 'uncertain')
                  AND (r.sent_at >= %(since)s
                       OR (r.sent_at IS NULL AND r.mailing_id = ANY(%(started)s))))
                 OR (r.state IN ('sending', 'pending') AND r.is_submitted
                     AND r.mailing_id = ANY(%(running)s)))
            """,
            mailings=all_of_them,
            started=started,
            running=running,
            since=self._get_since(),
        )
        return SQL(
            """
            SELECT %(address)s FROM partner_mailing_recipient r
             WHERE %(written)s AND %(address)s IS NOT NULL
          GROUP BY %(address)s HAVING count(*) >= %(most)s
         UNION ALL
            SELECT lower(%(now)s)
              FROM (SELECT r.partner_id FROM partner_mailing_recipient r
                     WHERE %(written)s AND r.partner_id IS NOT NULL AND r.is_further IS NOT TRUE
                  GROUP BY r.partner_id HAVING count(*) >= %(most)s) often
              JOIN res_partner p ON p.id = often.partner_id
             WHERE %(now)s IS NOT NULL
            """,
            address=address,
            written=written,
            now=transport.contact_address_sql("p"),
            most=self.most,
        )

    def is_quick(self):
        """Return whether so few were written to lately that a form need not wait for their count."""
        _running, _started, mailings = self._find_mailings()
        recipients = self.mailing.sudo().browse(mailings).counter_id
        return sum(one.recipient_count for one in recipients) <= QUICK

    def _get_since(self):
        return fields.Datetime.now() - timedelta(days=self.days)

    def _find_mailings(self):
        """Return the ids of mailings that may count: that are being sent, started lately, all."""
        env = self.mailing.env
        for name in ("partner.mailing", "partner.mailing.recipient", "res.partner"):
            env[name].flush_model()
        rows = env.execute_query(
            SQL(
                """
                SELECT m.id, m.state IN ('sending', 'paused'), m.started_at >= %(since)s
                  FROM partner_mailing m
                 WHERE m.company_id = %(company)s AND m.channel = %(channel)s
                   AND m.id IS DISTINCT FROM %(mailing)s AND m.started_at IS NOT NULL
                   -- Not finished is also one that was taken back to draft when a part was sent.
                   AND (m.finished_at IS NULL OR m.finished_at >= %(since)s)
                """,
                company=self.company.id,
                channel=self.mailing.channel,
                mailing=self.mailing._origin.id or None,
                since=self._get_since(),
            )
        )
        return (
            [number for number, is_running, _is_new in rows if is_running],
            [number for number, _is_running, is_new in rows if is_new],
            [number for number, _is_running, _is_new in rows],
        )

    def find(self, recipients):
        """Return those rows of the mailing whose people get no further mailing now.

        It holds until the end of the transaction: no other mailing of the company starts until then.
        """
        if not self.is_on():
            return recipients.browse()
        self.lock()
        recipients.env.flush_all()
        addresses = self.addresses_sql()
        if addresses is None:
            return recipients.browse()
        rows = recipients.env.execute_query(
            SQL(
                "SELECT r.id FROM partner_mailing_recipient r WHERE r.id = ANY(%s) AND %s IN (%s)",
                recipients.ids,
                SQL.identifier("r", self.mailing._get_transport().address_column),
                addresses,
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
