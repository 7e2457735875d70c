import re

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.mail import email_normalize, email_split_tuples

# One address of a typed list; separators inside quotes belong to the name.
EXTRA_ADDRESS = re.compile(r'(?:"[^"\n]*"|[^",;\n])+')

# What an address must look like to be written to, as PostgreSQL regular
# expressions (RFC 5321, sections 4.1.2 and 4.5.3.1: 64 octets before the @,
# 255 behind it). Domains may be international, and so may local parts.
VALID_ADDRESS = (
    r'^[^\s[:cntrl:]@<>(),;:\\"\[\]]{1,64}@([^\s[:cntrl:]@<>(),;:\\"\[\].]{1,63}\.)+'
    r'[^\s[:cntrl:]@<>(),;:\\"\[\].]{2,63}$'
)
MISPLACED_DOT = r"^\.|\.\.|\.@"
# In the field as it was typed: a line break is an attempt to add a header, and
# two @ in one address leave open which part was meant.
BROKEN_FIELD = r"[[:cntrl:]]|@[^\s,;<>]*@"


class PartnerMailing(models.Model):
    """Audiences and extra addresses become the frozen list of recipients."""

    _inherit = "partner.mailing"

    def action_load_recipients(self):
        """Fill the list of recipients anew from audiences and extra addresses.

        Rows that were left out by hand, and rows with a history (sent, failed …),
        stay as they are; everybody else is judged again.

        :raises UserError: when the mailing is no draft or a filter cannot be used
        """
        self.check_access("write")
        self._check_editable(self.env._("load recipients"))
        for mailing in self:
            mailing._load_recipients()
            self.env.user._bus_send(
                "simple_notification",
                {
                    "type": "success" if mailing.recipient_count else "warning",
                    "message": self.env._(
                        "%(recipients)s will be written to, %(skipped)s are left out.",
                        recipients=mailing.recipient_count,
                        skipped=mailing.skipped_count,
                    ),
                },
            )
        return True

    def _load_recipients(self):
        """Replace the list of one mailing, in two statements and without a Python loop."""
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM partner_mailing_recipient
                 WHERE mailing_id = %s
                   AND (state = 'pending'
                        OR state = 'skipped' AND skip_reason NOT IN ('by_hand', 'unsubscribed'))
                """,
                self.id,
            )
        )
        self.env.cr.execute(self._insert_recipients_sql())
        self.env["partner.mailing.recipient"]._forget_cached_rows()
        self._recount()
        self._as_system().write({"recipients_loaded_at": fields.Datetime.now()})

    def _recount(self):
        """Count the recipients anew; see ``partner.mailing.counter``."""
        for mailing in self.sudo():
            mailing.counter_id._recount(mailing)

    def _insert_recipients_sql(self):
        """Return the INSERT … SELECT that makes the list.

        Of several sources with one address the message goes to the one that
        comes first: a person before a company, a contact before an extra
        address, then the older contact. Exclusions, blocklist and earlier rows
        hold for the address, whoever has it.
        """
        return SQL(
            """
            WITH chosen AS (%(chosen)s),
            extra (position, name, email, email_normalized) AS (%(extra)s),
            source AS (
                SELECT p.id AS partner_id, p.name, p.email, lower(p.email_normalized) AS address, p.lang,
                       CASE WHEN p.is_company THEN 1 ELSE 0 END AS rank, p.id AS position
                  FROM res_partner p
                  JOIN chosen ON chosen.id = p.id
             UNION ALL
                SELECT p.id, COALESCE(NULLIF(e.name, ''), p.name), e.email, e.email_normalized, p.lang,
                       2, e.position
                  FROM extra e
                  LEFT JOIN LATERAL (
                       SELECT id, name, lang
                         FROM res_partner
                        WHERE email_normalized = e.email_normalized AND id IN %(readable)s
                     ORDER BY is_company NULLS FIRST, id
                        LIMIT 1) p ON TRUE
            ),
            judged AS (
                SELECT s.*,
                       CASE
                         WHEN COALESCE(btrim(s.email, E' \\t\\r\\n'), '') = '' THEN 'no_email'
                         WHEN s.address IS NULL
                           OR btrim(s.email, E' \\t\\r\\n') ~ %(broken_field)s
                           OR s.address !~ %(valid_address)s
                           OR s.address ~ %(misplaced_dot)s
                           OR length(s.address) > 254 THEN 'invalid'
                         WHEN EXISTS (SELECT FROM (%(excluded)s) x
                                       WHERE x.id = s.partner_id OR x.email_normalized = s.address)
                           THEN 'excluded_group'
                         WHEN EXISTS (SELECT FROM mail_blacklist b
                                       WHERE b.email = s.address AND b.active) THEN 'blocklisted'
                         WHEN EXISTS (SELECT FROM partner_mailing_recipient k
                                       WHERE k.mailing_id = %(mailing_id)s
                                         AND k.email_normalized = s.address) THEN 'duplicate'
                       END AS skip_reason
                  FROM source s
                 WHERE NOT EXISTS (SELECT FROM partner_mailing_recipient k
                                    WHERE k.mailing_id = %(mailing_id)s
                                      AND (k.partner_id = s.partner_id
                                           OR s.rank = 2 AND k.email_normalized = s.address))
            ),
            ranked AS (
                SELECT j.*,
                       row_number() OVER (PARTITION BY address, skip_reason IS NULL
                                              ORDER BY rank, position) AS place
                  FROM judged j
            )
            INSERT INTO partner_mailing_recipient
                   (mailing_id, partner_id, name, email, email_normalized, lang, state, skip_reason,
                    attempts, is_submitted)
            SELECT %(mailing_id)s, partner_id, COALESCE(name, ''), email, address, lang,
                   CASE WHEN skip_reason IS NULL AND place = 1 THEN 'pending' ELSE 'skipped' END,
                   CASE WHEN skip_reason IS NULL AND place > 1 THEN 'duplicate' ELSE skip_reason END,
                   0, FALSE
              FROM ranked
          ORDER BY rank, position
            """,
            chosen=self._chosen_contacts_sql(),
            extra=self._extra_addresses_sql(),
            readable=self._readable_contacts().subselect(),
            excluded=self._excluded_contacts_sql(),
            mailing_id=self.id,
            broken_field=BROKEN_FIELD,
            valid_address=VALID_ADDRESS,
            misplaced_dot=MISPLACED_DOT,
        )

    def _readable_contacts(self, domain=Domain.TRUE):
        """Return the query for active contacts that the user may read and the company may use."""
        company = Domain("company_id", "in", [False, self.company_id.id])
        Partner = self.env["res.partner"].with_context(active_test=True)
        return Partner._search(Domain(domain) & company)

    def _chosen_contacts_sql(self):
        """Return SQL for the ids of all contacts in the mailing's audiences."""
        queries = [
            self._readable_contacts(audience._get_included_domain()).select()
            for audience in self.audience_ids
        ]
        if not queries:
            return SQL("SELECT NULL::integer AS id WHERE FALSE")
        return SQL(" UNION ").join(SQL("(%s)", query) for query in queries)

    def _excluded_contacts_sql(self):
        """Return SQL for id and address of everybody who carries an excluded tag.

        Of all contacts, not just those that the user may read: the wish not to
        be written to does not depend on who asks.
        """
        return SQL(
            """
            SELECT p.id, p.email_normalized
              FROM res_partner_res_partner_category_rel t
              JOIN res_partner p ON p.id = t.partner_id
             WHERE t.category_id = ANY(%s)
            """,
            self.audience_ids.excluded_category_ids.ids,
        )

    def _extra_addresses_sql(self):
        """Return SQL for (position, name, e-mail as typed, normalized address)."""
        rows = self._parse_extra_emails()
        return SQL(
            "SELECT * FROM unnest(%s::integer[], %s::text[], %s::text[], %s::text[])",
            list(range(len(rows))),
            [name for name, _typed, _address in rows],
            [typed for _name, typed, _address in rows],
            [address for _name, _typed, address in rows],
        )

    def _parse_extra_emails(self):
        """Return ``[(name, text as typed, normalized address or None)]``, in the order typed.

        What is no address is kept, without a normalized one, and so comes into
        the list as left out: nothing that was typed is lost. Where the mailing
        is copied once, the copies are such addresses: each gets one message,
        is counted, and has its result in the list like everybody else.
        """
        texts = [self.extra_emails or ""]
        if self.copy_policy == "once":
            texts += [self.cc or "", self.bcc or ""]
        rows = []
        for match in EXTRA_ADDRESS.finditer("\n".join(texts)):
            typed = match.group().strip()
            if not typed:
                continue
            parsed = email_split_tuples(typed)
            name = parsed[0][0] if len(parsed) == 1 else ""
            address = email_normalize(typed) if len(parsed) == 1 else None
            rows.append((name or "", typed, address or None))
        return rows
