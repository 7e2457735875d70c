from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

# What an address must look like to be written to, as PostgreSQL regular
# expressions (RFC 5321, sections 4.1.2 and 4.5.3.1: 64 octets before the @,
# 255 behind it). Domains may be international, and so may local parts.
VALID_ADDRESS = (
    r'^[^\s[:cntrl:]@<>(),;:\\"\[\]]{1,64}@([^\s[:cntrl:]@<>(),;:\\"\[\].]{1,63}\.)+'
    r'[^\s[:cntrl:]@<>(),;:\\"\[\].]{2,63}$'
)
MISPLACED_DOT = r"^\.|\.\.|\.@"
# Nine addresses of ten look like this one and need none of the other looks,
# which take three times as long. Lengths are seen to beside it.
PLAIN_ADDRESS = r"^[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}$"
# In the field as it was typed: a line break is an attempt to add a header, and
# two @ in one address leave open which part was meant.
BROKEN_FIELD = r"[[:cntrl:]]|@[^\s,;<>]*@"

# Rows that stay through a refresh: a person's decision, or a history.
KEPT = SQL(
    "(k.state NOT IN ('pending', 'skipped') OR k.skip_reason IN ('by_hand', 'unsubscribed'))"
)

SOURCE_COLUMNS = ("id", "name", "email", "email_normalized", "lang", "is_company")
NO_CONTACTS = SQL("SELECT %s FROM res_partner WHERE FALSE", SQL(", ".join(SOURCE_COLUMNS)))


class PartnerMailing(models.Model):
    """Who of all sources is written to, and who is not and why: one SELECT."""

    _inherit = "partner.mailing"

    def _insert_recipients_sql(self, sources):
        """Return the INSERT … SELECT that puts judged sources into the list.

        :param sources: what ``_judged_sources_sql`` returns
        """
        return SQL(
            """
            INSERT INTO partner_mailing_recipient
                   (mailing_id, partner_id, name, email, email_normalized, lang, state, skip_reason,
                    attempts, is_submitted)
            SELECT %s, partner_id, COALESCE(name, ''), email, address, lang,
                   CASE WHEN skip_reason IS NULL THEN 'pending' ELSE 'skipped' END, skip_reason,
                   0, FALSE
              FROM (%s) judged
            """,
            self.id,
            sources,
        )

    def _judged_sources_sql(self, chosen, extra, kept=KEPT):
        """Return a SELECT: partner_id, name, email, address, lang, rank, position, skip_reason.

        Of several sources with one address the message goes to the one that
        comes first: a person before a company, a contact before an extra
        address, then the older contact. Exclusions, blocklist and kept rows
        hold for the address, whoever has it.

        Everything is joined by hash, never looked up row by row: at a million
        contacts the plan is one scan of res_partner, two hash joins with the
        (usually small) sides, and one sort by address, 3 s in all. OFFSET 0
        keeps the planner from judging each row once more wherever it is used.
        The list comes in the order of that sort: who is written to first.

        :param chosen: SQL of contacts with the columns of ``_source_columns_sql``
        :param extra: SQL of (position, name, e-mail as typed, normalized address)
        :param kept: SQL condition on rows ``k`` of the list: they stay, and
            their contacts and addresses are not taken a second time
        """
        return SQL(
            """
            WITH extra (position, name, email, email_normalized) AS (%(extra)s),
            kept AS MATERIALIZED (
                SELECT k.partner_id, k.email_normalized AS address
                  FROM partner_mailing_recipient k
                 WHERE k.mailing_id = %(mailing_id)s AND %(kept)s
            ),
            refused AS (
                SELECT address, min(reason) AS reason
                  FROM (SELECT address, 1 AS reason FROM (%(excluded)s) excluded
                     UNION ALL
                        SELECT address, 2 FROM (%(blocklist)s) blocklist
                     UNION ALL
                        SELECT address, 3 FROM kept) refused
              GROUP BY address
            ),
            source AS (
                SELECT id AS partner_id, name, email, lower(email_normalized) AS address, lang,
                       CASE WHEN is_company THEN 1 ELSE 0 END AS rank, id AS position
                  FROM (%(chosen)s) p
             UNION ALL (
                SELECT DISTINCT ON (e.position)
                       p.id, COALESCE(NULLIF(e.name, ''), p.name), e.email,
                       lower(e.email_normalized), p.lang, 2, e.position
                  FROM extra e
                  LEFT JOIN (%(readable)s) p ON p.email_normalized = e.email_normalized
              ORDER BY e.position, p.is_company NULLS FIRST, p.id)
            ),
            judged AS (
                SELECT s.*,
                       CASE
                         WHEN (%(is_plain)s) IS NOT TRUE
                          AND %(formal_reason)s IS NOT NULL THEN %(formal_reason)s
                         ELSE (ARRAY['excluded_group', 'blocklisted', 'duplicate'])[f.reason]
                       END AS reason
                  FROM source s
                  LEFT JOIN refused f ON f.address = s.address
                  LEFT JOIN (SELECT DISTINCT partner_id FROM kept) k ON k.partner_id = s.partner_id
                 WHERE k.partner_id IS NULL AND NOT (s.rank = 2 AND f.reason IS NOT DISTINCT FROM 3)
                OFFSET 0
            ),
            ranked AS (
                SELECT *,
                       row_number() OVER (PARTITION BY reason IS NOT NULL, address COLLATE "C"
                                              ORDER BY rank, position) AS place
                  FROM judged
            )
            SELECT partner_id, name, email, address, lang, rank, position,
                   CASE WHEN reason IS NULL AND place > 1 THEN 'duplicate' ELSE reason END AS skip_reason
              FROM ranked
            """,
            chosen=chosen,
            extra=extra,
            mailing_id=self.id,
            kept=kept,
            excluded=self._excluded_contacts_sql(),
            readable=self._source_columns_sql(self._readable_contacts()),
            blocklist=self._blocklist_sql(),
            is_plain=self._is_plain_sql(SQL("s.email"), SQL("s.address")),
            formal_reason=self._formal_reason_sql(SQL("s.email"), SQL("s.address")),
        )

    def _blocklist_sql(self):
        """Return SQL for the column ``address`` of those who want nothing at all."""
        return SQL("SELECT lower(email) AS address FROM mail_blacklist WHERE active")

    def _is_plain_sql(self, email, address):
        """Return a quick SQL condition under which nothing is wrong with an address itself.

        Parameters as in ``_formal_reason_sql``, which is asked only where it does not hold.
        """
        return SQL(
            "%(email)s = %(address)s AND length(%(address)s) <= 64 AND %(address)s ~ %(plain)s",
            email=email,
            address=address,
            plain=PLAIN_ADDRESS,
        )

    def _formal_reason_sql(self, email, address):
        """Return SQL for what is wrong with an address itself, NULL when nothing is.

        :param email: SQL of the field as it was typed
        :param address: SQL of the normalized address
        """
        return SQL(
            """
            CASE
              WHEN COALESCE(btrim(%(email)s, E' \\t\\r\\n'), '') = '' THEN 'no_email'
              WHEN %(address)s IS NULL
                OR btrim(%(email)s, E' \\t\\r\\n') ~ %(broken_field)s
                OR %(address)s !~ %(valid_address)s
                OR %(address)s ~ %(misplaced_dot)s
                OR length(%(address)s) > 254 THEN 'invalid'
            END
            """,
            email=email,
            address=address,
            broken_field=BROKEN_FIELD,
            valid_address=VALID_ADDRESS,
            misplaced_dot=MISPLACED_DOT,
        )

    def _source_columns_sql(self, contacts):
        """Return SQL of what a list of recipients takes from the contacts of a query."""
        return contacts.select(*(SQL.identifier(contacts.table, name) for name in SOURCE_COLUMNS))

    def _readable_contacts(self, domain=Domain.TRUE):
        """Return the query for active contacts that the user may read and the company may use."""
        usable = Domain("active", "=", True) & Domain(
            "company_id", "in", [False, self.company_id.id]
        )
        return self.env["res.partner"]._search(Domain(domain) & usable)

    def _excluded_contacts_sql(self):
        """Return SQL for id and address of everybody who carries an excluded tag.

        Of all contacts, not just those that the user may read: the wish not to
        be written to does not depend on who asks.
        """
        return SQL(
            """
            SELECT p.id, lower(p.email_normalized) AS address
              FROM res_partner_res_partner_category_rel t
              JOIN res_partner p ON p.id = t.partner_id
             WHERE t.category_id = ANY(%s)
            """,
            self.audience_ids.excluded_category_ids.ids,
        )
