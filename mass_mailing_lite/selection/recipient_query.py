from odoo.fields import Domain
from odoo.tools import SQL

from .list_domains import ListDomains
from .source import IN, OUT, get_source

# Rows that stay when the list is loaded again: excluded by a person, unsubscribed, or sent before.
KEPT = SQL(
    "(k.state NOT IN ('pending', 'skipped') OR k.skip_reason IN ('by_hand', 'unsubscribed'))"
)
# Why an address is refused, the first of several reasons that apply. The last is an address in a row
# that is kept.
REASONS = [
    "excluded_group",
    "excluded_mailing",
    "excluded_source",
    "blocklisted",
    "written_to_lately",
    "duplicate",
]
# How many changes of each kind the dialog of a refresh shows.
CHANGES_SHOWN = 40


def add_reason(reason):
    """Add a skip reason of another addon's kind of entries; it comes after the blocklist."""
    if reason not in REASONS:
        REASONS.insert(REASONS.index("written_to_lately"), reason)


class RecipientQuery:
    """The statements that make the list of a mailing of its sources.

    Methods return an ``odoo.tools.SQL``; the ``Transport`` has what differs between channels.

    :param mailing: a ``partner.mailing`` record; its environment decides which contacts are read
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env
        self.transport = mailing._get_transport()

    def sources(self, side):
        """Return the entries of one side as ``Source``; of *But not to*, those of audiences, too."""
        mailing = self.mailing
        entries = (
            mailing._get_excluding_entries()
            if side == OUT
            else mailing.source_ids.filtered(lambda entry: entry.side == side)
        )
        return [get_source(entry, mailing) for entry in entries]

    def read_addresses(self):
        """Read addresses that were written past the ORM, before recipients are loaded."""
        self.transport.read_addresses()
        for one in (*self.sources(IN), *self.sources(OUT)):
            one.read_addresses()

    # ------------------------------------------------------------
    # Write to
    # ------------------------------------------------------------

    def contacts(self, without=()):
        """Return the query of all contacts that are chosen, each once.

        Plan: one scan of the contacts, with a hash of each source.
        """
        mailing = self.mailing
        domains = self.get_domains(without) if without else mailing._get_chosen_domains()
        return self.mailing._readable_contacts(Domain.OR(domains) if domains else Domain.FALSE)

    def get_domains(self, without=()):
        """Return the ``Domain`` of the contacts of each source.

        :param without: ids of entries that are left out
        """
        mailing = self.mailing
        domains = [audience._get_included_domain() for audience in mailing.audience_ids]
        # The audiences among the entries of a saved mailing are those of ``audience_ids``.
        domains += [
            one.get_contacts()
            for one in self.sources(IN)
            if one.entry.id not in without
            and (one.key != "audience" or one.value not in mailing.audience_ids)
        ]
        if mailing.marked_count:
            domains.append(Domain("id", "in", mailing._marked_contacts_sql()))
        return domains

    def chosen(self, without=()):
        """Return a SELECT of the contacts that are chosen: ``Transport.contact_columns_sql``."""
        return self.transport.contact_columns_sql(self.contacts(without))

    def extra(self, without=()):
        """Return a SELECT of people who are no contacts: (position, name, typed, address)."""
        typed = self.transport.extra_addresses_sql()
        sources = [one for one in self.sources(IN) if one.entry.id not in without]
        people = [sql for n, one in enumerate(sources) if (sql := one.new_people_sql(sources[:n]))]
        if not people:
            return typed
        return SQL(
            """
            SELECT row_number() OVER (), name, typed, address
              FROM (SELECT name, typed, address
                      FROM (%s) e (position, name, typed, address) UNION ALL %s) x
            """,
            typed,
            SQL(" UNION ALL ").join(
                SQL("SELECT name, typed, address FROM (%s) p", sql) for sql in people
            ),
        )

    # ------------------------------------------------------------
    # But not to
    # ------------------------------------------------------------

    def tagged(self, tag_ids=None):
        """Return a SELECT of the addresses of all contacts with an excluded tag: (address).

        Further addresses are among them, and contacts that the user may not read: an exclusion does
        not depend on the rights of the user.

        :param tag_ids: ids of the tags, else those of the mailing and its audiences
        """
        return SQL(
            """
            SELECT lower(%(address)s) AS address
              FROM res_partner_res_partner_category_rel t
              JOIN res_partner p ON p.id = t.partner_id
             WHERE t.category_id = ANY(%(tags)s)
         UNION ALL
            SELECT f.address
              FROM res_partner_res_partner_category_rel t
              JOIN res_partner p ON p.id = t.partner_id
             CROSS JOIN LATERAL jsonb_to_recordset(%(further)s) AS f (address text)
             WHERE t.category_id = ANY(%(tags)s) AND %(further)s IS NOT NULL
            """,
            address=self.transport.contact_address_sql("p"),
            further=self.transport.further_addresses_sql("p"),
            tags=self.mailing._get_excluded_tags().ids if tag_ids is None else tag_ids,
        )

    def refusals(self):
        """Return [(SELECT of addresses, reason, id of an entry)]; see ``Source.refusals``."""
        return [
            (sql, reason, one.entry._origin.id or 0)
            for one in self.sources(IN)
            for sql, reason in one.refusals()
        ]

    def refused(self, quickly=False):
        """Return a SELECT of the addresses that are left out: (address, reason, source).

        ``reason`` is a place in ``REASONS``, from 1; ``source`` the id of an entry, or 0.

        :param quickly: for a number in the form, without those written to lately where they are many
        """
        parts = [(self.transport.blocklist_sql(), "blocklisted", 0)]
        sources = self.sources(OUT)
        named = {one.value.id for one in sources if one.key == "tag"}
        if tags := [tag for tag in self.mailing._get_excluded_tags().ids if tag not in named]:
            parts.append((self.tagged(tags), "excluded_group", 0))
        for one in sources:
            if sql := one.excluded_sql():
                parts.append((sql, one.skip_reason, one.entry._origin.id or 0))
        parts += self.refusals()
        if sql := self.mailing._written_to_lately_sql(quickly):
            parts.append((sql, "written_to_lately", 0))
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT address, %s::bigint, %s::bigint FROM (%s) x (address)",
                REASONS.index(reason) + 1,
                source,
                sql,
            )
            for sql, reason, source in parts
        )

    # ------------------------------------------------------------
    # Before a list is loaded
    # ------------------------------------------------------------

    def count(self):
        """Return about how many people would be written to.

        Duplicates are counted, and further addresses are not: finding them takes the sort of all
        addresses. Nor are those written to lately considered where they are many. Plan at a million contacts: one scan, and one hash join with what is refused.
        """
        at_once = {
            one.entry.id: sql for one in self.sources(IN) if (sql := one.people_at_once_sql())
        }
        return SQL(
            """
            WITH refused AS (SELECT DISTINCT address FROM (%(refused)s) r (address, reason, source))
            SELECT count(*)
              FROM (SELECT address FROM (%(chosen)s) c
                 UNION ALL
                    SELECT address FROM (%(extra)s) e (position, name, typed, address)
                    %(at_once)s) p
             WHERE p.address IS NOT NULL
               AND NOT EXISTS (SELECT FROM refused r WHERE r.address = p.address)
            """,
            refused=self.refused(quickly=True),
            chosen=self.chosen(tuple(at_once)),
            extra=self.extra(tuple(at_once)),  # noqa: S610  # not of Django
            at_once=SQL(" ").join(SQL("UNION ALL %s", sql) for sql in at_once.values()),
        )

    # ------------------------------------------------------------
    # The list
    # ------------------------------------------------------------

    def eligible(self, chosen=None, extra=None, kept=KEPT):
        """Return a SELECT: partner_id, name, typed, address, lang, rank, position, skip_reason,
        source.

        Of several sources with one address the message goes to the first: a person before a
        company, a contact before an extra address, then the older contact; last come the further
        addresses of contacts, whose rank is 3. Exclusions, blocklist and kept rows apply to the
        address, whichever source has it. Addresses are in their canonical form.

        Plan at a million contacts: one scan of res_partner, two hash joins with the (usually
        small) sides, and one sort by address, 2 s in all; no row is looked up by itself. The address
        comes first in the sort: a key that most rows have in common is compared a million times for
        nothing. Addresses are canonical, so that only capital ASCII letters can be left, of a column that
        was written past the ORM; with "C" ``lower`` takes a tenth of the time. Contacts with further
        addresses have an index. OFFSET 0 keeps the planner from evaluating
        ``problem`` a second time where the column is used. The rows come in the order of that
        sort, in which they are sent.

        :param chosen: SQL of contacts with the columns of ``Transport.contact_columns_sql``, else
            those of the mailing
        :param extra: SQL of (position, name, address as typed, normalized address), else those of
            the mailing
        :param kept: SQL condition on rows ``k`` of the list: they stay, and
            their contacts and addresses are not added a second time
        """
        transport = self.transport
        return SQL(
            """
            WITH extra (position, name, typed, address) AS (%(extra)s),
            kept AS MATERIALIZED (
                SELECT k.partner_id, %(address_column)s AS address,
                       CASE WHEN k.is_further
                            THEN COALESCE(%(address_column)s, %(typed_column)s) END AS further
                  FROM partner_mailing_recipient k
                 WHERE k.mailing_id = %(mailing_id)s AND %(kept)s
            ),
            -- The reason that comes first, and the entry behind it, in one number.
            refused AS (
                SELECT address, min((reason << 32) + source) AS code
                  FROM (SELECT address, reason, source
                          FROM (%(refused)s) refused (address, reason, source)
                     UNION ALL
                        SELECT address, %(kept_reason)s, 0 FROM kept) refused
              GROUP BY address
            ),
            source AS (
                SELECT id AS partner_id, name, typed,
                       lower(address COLLATE "C") COLLATE "default" AS address, lang,
                       CASE WHEN is_company THEN 1 ELSE 0 END AS rank, id::bigint AS position
                  FROM (%(chosen)s) p
             UNION ALL (
                SELECT DISTINCT ON (e.position)
                       p.id, COALESCE(NULLIF(e.name, ''), p.name), e.typed,
                       lower(e.address), p.lang, 2, e.position
                  FROM extra e
                  LEFT JOIN (%(readable)s) p ON p.address = e.address
              ORDER BY e.position, p.is_company NULLS FIRST, p.id)
             UNION ALL
                SELECT p.id, p.name, f.typed, f.address, p.lang, 3, p.id
                  FROM (%(chosen)s) p
                 CROSS JOIN LATERAL jsonb_to_recordset(p.further) AS f (typed text, address text)
                 WHERE p.further IS NOT NULL
            ),
            checked AS (
                SELECT s.*, f.code,
                       CASE
                         WHEN (%(is_plain)s) IS NOT TRUE
                          AND %(problem)s IS NOT NULL THEN %(problem)s
                         ELSE COALESCE((%(reasons)s::text[])[f.code >> 32], %(domain_reason)s)
                       END AS reason
                  FROM source s
                  LEFT JOIN refused f ON f.address = s.address
                  LEFT JOIN (SELECT DISTINCT partner_id, further FROM kept) k
                    ON k.partner_id = s.partner_id
                   AND k.further IS NOT DISTINCT FROM
                       CASE WHEN s.rank = 3 THEN COALESCE(s.address, s.typed) END
                 WHERE k.partner_id IS NULL
                   AND NOT (s.rank = 2 AND f.code >> 32 IS NOT DISTINCT FROM %(kept_reason)s)
                OFFSET 0
            ),
            ranked AS (
                SELECT *,
                       row_number() OVER (PARTITION BY address COLLATE "C"
                                              ORDER BY reason IS NOT NULL, rank, position) AS place
                  FROM checked
            )
            SELECT partner_id, name, typed, address, lang, rank, position,
                   CASE WHEN reason IS NOT NULL THEN reason
                        WHEN place > 1 THEN 'duplicate'
                        WHEN rank = 3 AND NOT %(with_further)s THEN 'further_address'
                   END AS skip_reason,
                   CASE WHEN reason IS NOT NULL
                        THEN NULLIF((code & 4294967295)::integer, 0) END AS source
              FROM ranked
            """,
            chosen=self.chosen() if chosen is None else chosen,
            extra=self.extra() if extra is None else extra,
            mailing_id=self.mailing.id,
            kept=kept,
            refused=self.refused(),
            reasons=REASONS,
            domain_reason=ListDomains(self.mailing).reason_sql(SQL("s.address")),
            kept_reason=len(REASONS),
            readable=transport.contact_columns_sql(self.mailing._readable_contacts()),
            is_plain=transport.plain_address_sql(SQL("s.typed"), SQL("s.address")),
            problem=transport.address_problem_sql(SQL("s.typed"), SQL("s.address")),
            address_column=SQL.identifier("k", transport.address_column),
            typed_column=SQL.identifier("k", transport.typed_column),
            with_further=bool(self.mailing.with_further_addresses),
        )

    def insert(self, eligible):
        """Return the INSERT … SELECT that adds recipients to the list.

        :param eligible: SQL that ``eligible`` returned
        """
        return SQL(
            """
            INSERT INTO partner_mailing_recipient
                   (mailing_id, partner_id, name, %s, %s, lang, state, skip_reason, source_id,
                    attempts, is_submitted, is_further)
            SELECT %s, partner_id, COALESCE(name, ''), typed, address, lang,
                   CASE WHEN skip_reason IS NULL THEN 'pending' ELSE 'skipped' END, skip_reason,
                   source, 0, FALSE, NULLIF(rank = 3, FALSE)
              FROM (%s) eligible
            """,
            SQL.identifier(self.transport.typed_column),
            SQL.identifier(self.transport.address_column),
            self.mailing.id,
            eligible,
        )

    def changes(self):
        """Return a SELECT of the differences between the list and the one that loading would make.

        Rows of contacts are compared by the id of the contact, those of extra addresses by the
        address, those of further addresses by both. Plan at a million rows: the sources as in
        loading, one scan of the present list and one hash join of both.
        """
        transport = self.transport
        return SQL(
            """
            WITH eligible AS MATERIALIZED (
                SELECT s.*, COALESCE(s.partner_id || CASE WHEN s.rank = 3 THEN '/' || s.address
                                                          ELSE '' END, s.address) AS key
                  FROM (%(sources)s) s
            ),
            present AS MATERIALIZED (
                SELECT r.id, r.name, %(typed)s AS typed, %(address)s AS address,
                       COALESCE(r.partner_id || CASE WHEN r.is_further THEN '/' || %(address)s
                                                     ELSE '' END, %(address)s) AS key
                  FROM partner_mailing_recipient r
                 WHERE r.mailing_id = %(mailing_id)s AND r.state = 'pending'
            ),
            compared AS (
                SELECT CASE WHEN p.key IS NULL THEN 'in'
                            WHEN e.key IS NULL THEN 'out'
                            ELSE 'address' END AS kind,
                       COALESCE(e.name, p.name) AS name,
                       COALESCE(e.typed, p.typed) AS email,
                       p.typed AS old_email, COALESCE(p.key, e.key) AS key,
                       COALESCE(p.id, e.position) AS position
                  FROM (SELECT * FROM eligible WHERE skip_reason IS NULL) e
                  FULL JOIN present p ON p.key = e.key
                 WHERE p.address IS DISTINCT FROM e.address
            ),
            numbered AS (
                SELECT *, count(*) OVER (PARTITION BY kind) AS total,
                       row_number() OVER (PARTITION BY kind ORDER BY position) AS number
                  FROM compared
            )
            SELECT n.kind, n.total, n.name, n.email, n.old_email,
                   (SELECT e.skip_reason FROM eligible e
                     WHERE n.kind = 'out' AND e.key = n.key LIMIT 1) AS reason,
                   (SELECT e.source FROM eligible e
                     WHERE n.kind = 'out' AND e.key = n.key LIMIT 1) AS source
              FROM numbered n
             WHERE n.number <= %(shown)s
         UNION ALL
            SELECT CASE WHEN skip_reason IS NULL THEN 'recipients' ELSE 'skipped' END, count(*),
                   NULL, NULL, NULL, NULL, NULL
              FROM eligible
          GROUP BY 1
            """,
            sources=self.eligible(),
            typed=SQL.identifier("r", transport.typed_column),
            address=SQL.identifier("r", transport.address_column),
            mailing_id=self.mailing.id,
            shown=CHANGES_SHOWN,
        )
