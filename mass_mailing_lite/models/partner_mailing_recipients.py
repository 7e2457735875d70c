from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import address_list
from .partner_mailing_recipient import EXCLUDED, INCLUDED, IS_EXCLUDED, IS_INCLUDED

# How many texts that are no address the form tells of; the list of recipients has all.
PROBLEMS_SHOWN = 20
# The sort by address fits into memory at a million rows; for this transaction only.
SORT_MEMORY = "256MB"
# How many of each kind of change the dialog shows.
CHANGES_SHOWN = 40
# How many recipients the tab of a mailing shows: a screenful. The page of
# their own shows all; a plain one2many would read every id of the list.
RECIPIENT_WINDOW = 20
WINDOW_FIELDS = (
    "mailing_id",
    "name",
    "email",
    "state",
    "skip_reason",
    "failure_type",
    "failure_reason",
)
# What leads to recipients beside the marked contacts.
OTHER_SOURCES = ("audience_ids", "extra_emails", "cc", "bcc")
# Rows that stay through a refresh: a person's decision, or a history.
KEPT = SQL(
    "(k.state NOT IN ('pending', 'skipped') OR k.skip_reason IN ('by_hand', 'unsubscribed'))"
)


class PartnerMailing(models.Model):
    """Who gets a mailing: what is chosen becomes the frozen list of recipients.

    In the order of this file: what is chosen (extra addresses, marked contacts), loading, the
    eligibility of each address, the look before a refresh, exclusion, the window of the form.
    What differs between channels (e-mail addresses, phone numbers) says the ``Transport``.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    extra_emails_problems = fields.Text(
        "Cannot Be Read",
        compute="_compute_extra_emails_problems",
        help="What in the extra addresses is no address, line by line, and why.",
    )
    recipient_window_ids = fields.Many2many(
        "partner.mailing.recipient",
        string="First Recipients",
        compute="_compute_recipient_window_ids",
    )
    skipped_window_ids = fields.Many2many(
        "partner.mailing.recipient",
        string="First Left Out",
        compute="_compute_recipient_window_ids",
    )

    # ------------------------------------------------------------
    # Extra addresses
    # ------------------------------------------------------------

    @api.depends("extra_emails")
    def _compute_extra_emails_problems(self):
        for mailing in self:
            entries = address_list.parse(mailing.extra_emails)
            mailing.extra_emails_problems = self._describe_address_problems(entries)

    def action_import_addresses(self):
        """Open the dialog that takes extra addresses out of a file."""
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("import addresses"))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Addresses"),
            "res_model": "partner.mailing.import",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mailing_id": self.id},
        }

    def _parse_extra_emails(self):
        """Return the entries of the extra addresses, in the order typed.

        What is no address is kept, without a normalized one, and so comes into
        the list as left out: nothing that was typed is lost. Where the mailing
        is copied once, the copies are such addresses: each gets one message,
        is counted, and has its result in the list like everybody else.

        :return: list of ``address_list.Entry``
        """
        texts = [self.extra_emails or ""]
        if self.copy_policy == "once":
            texts += [self.cc or "", self.bcc or ""]
        return address_list.parse("\n".join(texts))

    @api.model
    def _describe_address_problems(self, entries, shown=PROBLEMS_SHOWN):
        """Return a line for each entry that is no address, or False when all are."""
        reasons = self._get_address_problems()
        problems = [entry for entry in entries if entry.problem]
        lines = [
            self.env._(
                "Line %(line)s: %(text)s – %(reason)s",
                line=entry.line,
                text=entry.text,
                reason=reasons[entry.problem],
            )
            for entry in problems[:shown]
        ]
        if len(problems) > shown:
            lines.append(self.env._("… and %s more.", len(problems) - shown))
        return "\n".join(lines) or False

    @api.model
    def _get_address_problems(self):
        """Return {problem of the parser: what it is in words}."""
        return {
            address_list.NO_AT: self.env._("it has no @."),
            address_list.TWO_AT: self.env._("it has more than one @."),
            address_list.NO_LOCAL_PART: self.env._("nothing stands before the @."),
            address_list.NO_DOMAIN: self.env._("nothing stands behind the @."),
            address_list.INCOMPLETE_DOMAIN: self.env._("the domain has no ending, such as .com."),
            address_list.MISPLACED_DOT: self.env._("a dot is doubled, or at the edge of a part."),
            address_list.CHARACTER: self.env._("it has a blank or a sign that no address has."),
            address_list.CONTROL_CHARACTER: self.env._("it has a line break or control character."),
            address_list.TOO_LONG: self.env._("it is longer than an address may be."),
        }

    # ------------------------------------------------------------
    # Marked contacts
    # ------------------------------------------------------------

    @api.depends("marked_partner_ids")
    def _compute_marked_count(self):
        """Count in the relation: a list of a hundred thousand is counted in 10 ms."""
        self.flush_model(["marked_partner_ids"])
        counts = dict(
            self.env.execute_query(
                SQL(
                    "SELECT mailing_id, count(*) FROM partner_mailing_marked_partner_rel"
                    " WHERE mailing_id = ANY(%s) GROUP BY mailing_id",
                    [id_ for id_ in self._origin.ids if id_],
                )
            )
        )
        for mailing in self:
            mailing.marked_count = counts.get(mailing._origin.id, 0)

    def action_open_marked(self):
        """Show the marked contacts in Odoo's own list."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Marked for %s", self.name),
            "res_model": "res.partner",
            "view_mode": "list,kanban,form",
            "domain": [("partner_mailing_marked_ids", "in", self.ids)],
        }

    def action_unmark_all(self):
        """Take the marks away; the list follows when recipients are loaded next."""
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("remove marked contacts"))
        self.env.cr.execute(
            SQL("DELETE FROM partner_mailing_marked_partner_rel WHERE mailing_id = %s", self.id)
        )
        self._invalidate_marks()
        self._as_system().write(self._get_change_values({"marked_partner_ids"}))
        return True

    def _marked_contacts_sql(self):
        """Return SQL for the ids of the marked contacts."""
        return SQL(
            "(SELECT partner_id FROM partner_mailing_marked_partner_rel WHERE mailing_id = %s)",
            self.id,
        )

    def _add_marked(self, contacts):
        """Mark contacts, given as SQL of their ids."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO partner_mailing_marked_partner_rel (mailing_id, partner_id)
                SELECT %s, chosen.id FROM (%s) chosen (id)
                    ON CONFLICT DO NOTHING
                """,
                self.id,
                contacts,
            )
        )
        self._invalidate_marks()

    def _invalidate_marks(self):
        self.invalidate_recordset(["marked_partner_ids"], flush=False)
        self.env.add_to_compute(self._fields["marked_count"], self)
        self.env["res.partner"].invalidate_model(["partner_mailing_marked_ids"], flush=False)

    def _mark_contacts(self, domain, selected):
        """Mark the contacts of ``domain`` and add them to the list, in five statements.

        The list is added to, not made anew: what else would change in it is
        looked at in a refresh. It counts as up to date afterwards if it was so
        before, or if nothing but marks leads to it.

        :param domain: on res.partner; archived contacts, contacts of other
            companies and unreadable ones do not come in
        :param selected: how many contacts were meant
        :return: dict: ``added``, ``present`` (were in the list), ``unusable``
            (archived or of another company) and one count for each reason left out
        """
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("add contacts"))
        self._lock_list()
        up_to_date = self.recipients_loaded_at or not any(self[name] for name in OTHER_SOURCES)
        contacts = self._readable_contacts(domain)
        present = self._count_present(contacts)
        result = self._insert_marked_recipients(contacts)
        seen = present + sum(result.values())
        self._add_marked(contacts.select())
        self.env["partner.mailing.recipient"]._invalidate_rows()
        self._recount()
        trace = self._get_change_values({"marked_partner_ids"})
        if up_to_date:
            trace["recipients_loaded_at"] = fields.Datetime.now()
        self._as_system().write(trace)
        return {**result, "present": present, "unusable": max(selected - seen, 0)}

    def _count_present(self, contacts):
        """Return how many of the contacts of a query are in the list, written to or not."""
        [(present,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(DISTINCT partner_id)
                  FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND partner_id IN %s
                """,
                self.id,
                contacts.subselect(),
            )
        )
        return present

    def _insert_marked_recipients(self, contacts):
        """Add the contacts of a query to the list; return {"added" or reason left out: count}."""
        transport = self._get_transport()
        sources = self._eligibility_sql(
            transport.contact_columns_sql(contacts),
            SQL("SELECT 0, '', '', '' WHERE FALSE"),
            kept=SQL("TRUE"),
        )
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    WITH inserted AS (%s RETURNING skip_reason)
                    SELECT COALESCE(skip_reason, 'added'), count(*) FROM inserted GROUP BY 1
                    """,
                    self._insert_recipients_sql(sources),
                )
            )
        )

    # ------------------------------------------------------------
    # Loading
    # ------------------------------------------------------------

    def action_load_recipients(self):
        """Fill the list of recipients anew from audiences, marked contacts and extra addresses.

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
                    "message": mailing._get_loaded_in_words(),
                },
            )
        return True

    def _get_loaded_in_words(self):
        """Say what loading came to, or what to do before it can come to anything."""
        if not (self.recipient_count or self.skipped_count or self._has_sources()):
            return self.env._("Nobody is chosen yet: choose an audience, or add who gets it.")
        return self.env._(
            "%(recipients)s will be written to, %(skipped)s are left out.",
            recipients=self.recipient_count,
            skipped=self.skipped_count,
        )

    def _has_sources(self):
        """Tell whether something was chosen that recipients could come from."""
        extra = self[self._get_transport().extra_field]
        return bool(self.audience_ids or extra or self.marked_count)

    def _load_recipients(self):
        """Replace the list of one mailing, in two statements and without a Python loop."""
        self.ensure_one()
        self._lock_list()
        sources = self._eligibility_sql(
            self._chosen_contacts_sql(), self._get_transport().extra_addresses_sql()
        )
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
        self.env.cr.execute(self._insert_recipients_sql(sources))
        self.env["partner.mailing.recipient"]._invalidate_rows()
        self._recount()
        self._as_system().write({"recipients_loaded_at": fields.Datetime.now()})

    def _lock_list(self):
        """Let nobody else change the list until the end of the transaction.

        :raises UserError: when somebody is at it this very moment
        """
        self.ensure_one()
        self.env.flush_all()
        try:
            self.lock_for_update(allow_referencing=True)
        except LockError as error:
            raise UserError(
                self.env._(
                    'The recipients of the mailing "%s" are being changed by somebody else just now.'
                    " Try again in a moment.",
                    self.name,
                )
            ) from error
        self.env.cr.execute(SQL("SELECT set_config('work_mem', %s, TRUE)", SORT_MEMORY))

    def _recount(self):
        """Count the recipients anew; see ``partner.mailing.counter``."""
        for mailing in self.sudo():
            mailing.counter_id._recount(mailing)

    def _chosen_contacts_sql(self):
        """Return SQL for all contacts in the mailing's audiences, and those marked, each once."""
        transport = self._get_transport()
        domains = [audience._get_included_domain() for audience in self.audience_ids]
        if self.marked_count:
            domains.append([("id", "in", self._marked_contacts_sql())])
        queries = [
            transport.contact_columns_sql(self._readable_contacts(domain)) for domain in domains
        ]
        if not queries:
            return transport.contact_columns_sql(self._readable_contacts(Domain.FALSE))
        return SQL(" UNION ").join(SQL("(%s)", query) for query in queries)

    # ------------------------------------------------------------
    # Eligibility
    # ------------------------------------------------------------

    def _insert_recipients_sql(self, sources):
        """Return the INSERT … SELECT that puts judged sources into the list.

        :param sources: what ``_eligibility_sql`` returns
        """
        transport = self._get_transport()
        return SQL(
            """
            INSERT INTO partner_mailing_recipient
                   (mailing_id, partner_id, name, %s, %s, lang, state, skip_reason,
                    attempts, is_submitted)
            SELECT %s, partner_id, COALESCE(name, ''), typed, address, lang,
                   CASE WHEN skip_reason IS NULL THEN 'pending' ELSE 'skipped' END, skip_reason,
                   0, FALSE
              FROM (%s) eligible
            """,
            SQL.identifier(transport.typed_column),
            SQL.identifier(transport.address_column),
            self.id,
            sources,
        )

    def _eligibility_sql(self, chosen, extra, kept=KEPT):
        """Return a SELECT: partner_id, name, typed, address, lang, rank, position, skip_reason.

        Of several sources with one address the message goes to the one that
        comes first: a person before a company, a contact before an extra
        address, then the older contact. Exclusions, blocklist and kept rows
        hold for the address, whoever has it.

        Everything is joined by hash, never looked up row by row: at a million
        contacts the plan is one scan of res_partner, two hash joins with the
        (usually small) sides, and one sort by address, 3 s in all. OFFSET 0
        keeps the planner from checking each row once more wherever it is used.
        The list comes in the order of that sort: who is written to first.

        :param chosen: SQL of contacts with the columns of ``Transport.contact_columns_sql``
        :param extra: SQL of (position, name, address as typed, normalised address)
        :param kept: SQL condition on rows ``k`` of the list: they stay, and
            their contacts and addresses are not taken a second time
        """
        transport = self._get_transport()
        return SQL(
            """
            WITH extra (position, name, typed, address) AS (%(extra)s),
            kept AS MATERIALIZED (
                SELECT k.partner_id, %(address_column)s AS address
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
                SELECT id AS partner_id, name, typed, lower(address) AS address, lang,
                       CASE WHEN is_company THEN 1 ELSE 0 END AS rank, id AS position
                  FROM (%(chosen)s) p
             UNION ALL (
                SELECT DISTINCT ON (e.position)
                       p.id, COALESCE(NULLIF(e.name, ''), p.name), e.typed,
                       lower(e.address), p.lang, 2, e.position
                  FROM extra e
                  LEFT JOIN (%(readable)s) p ON p.address = e.address
              ORDER BY e.position, p.is_company NULLS FIRST, p.id)
            ),
            checked AS (
                SELECT s.*,
                       CASE
                         WHEN (%(is_plain)s) IS NOT TRUE
                          AND %(problem)s IS NOT NULL THEN %(problem)s
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
                  FROM checked
            )
            SELECT partner_id, name, typed, address, lang, rank, position,
                   CASE WHEN reason IS NULL AND place > 1 THEN 'duplicate' ELSE reason END AS skip_reason
              FROM ranked
            """,
            chosen=chosen,
            extra=extra,
            mailing_id=self.id,
            kept=kept,
            excluded=self._excluded_contacts_sql(),
            readable=transport.contact_columns_sql(self._readable_contacts()),
            blocklist=transport.blocklist_sql(),
            is_plain=transport.plain_address_sql(SQL("s.typed"), SQL("s.address")),
            problem=transport.address_problem_sql(SQL("s.typed"), SQL("s.address")),
            address_column=SQL.identifier("k", transport.address_column),
        )

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
            SELECT p.id, lower(%s) AS address
              FROM res_partner_res_partner_category_rel t
              JOIN res_partner p ON p.id = t.partner_id
             WHERE t.category_id = ANY(%s)
            """,
            self._get_transport().contact_address_sql("p"),
            self.audience_ids.excluded_category_ids.ids,
        )

    # ------------------------------------------------------------
    # Refresh
    # ------------------------------------------------------------

    def action_refresh_recipients(self):
        """Load recipients; where there is a list already, show first what would change.

        :raises UserError: when the mailing is no draft or a filter cannot be used
        """
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("load recipients"))
        if not (self.recipient_count or self.skipped_count):
            return self.action_load_recipients()
        return self.env["partner.mailing.refresh"]._open(self)

    def _get_refresh_changes(self):
        """Compare the list with what loading would make of it, in one statement.

        :return: ``(totals, changes)``: totals is a dict of how many would come
            in (``in``), go out (``out``), have another address (``address``),
            and be written to (``recipients``) and left out (``skipped``)
            afterwards; changes is a list of dicts with kind, name, email,
            old_email and reason, the first ``CHANGES_SHOWN`` of each kind
        """
        self.ensure_one()
        self._lock_list()
        self.env.cr.execute(self._refresh_changes_sql())
        rows = self.env.cr.dictfetchall()
        totals = {row["kind"]: row["total"] for row in rows}
        changes = [row for row in rows if row["kind"] in ("in", "out", "address")]
        return totals, changes

    def _refresh_changes_sql(self):
        """Return the SELECT behind ``_get_refresh_changes``.

        A contact is the same one before and after by its id, an extra address
        by itself. At a million rows: the sources as in loading, one scan of the
        present list and one hash join of both.
        """
        transport = self._get_transport()
        sources = self._eligibility_sql(
            self._chosen_contacts_sql(), self._get_transport().extra_addresses_sql()
        )
        return SQL(
            """
            WITH eligible AS MATERIALIZED (
                SELECT s.*, COALESCE(s.partner_id::text, s.address) AS key FROM (%(sources)s) s
            ),
            present AS MATERIALIZED (
                SELECT r.id, r.name, %(typed)s AS typed, %(address)s AS address,
                       COALESCE(r.partner_id::text, %(address)s) AS key
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
                     WHERE n.kind = 'out' AND e.key = n.key LIMIT 1) AS reason
              FROM numbered n
             WHERE n.number <= %(shown)s
         UNION ALL
            SELECT CASE WHEN skip_reason IS NULL THEN 'recipients' ELSE 'skipped' END, count(*),
                   NULL, NULL, NULL, NULL
              FROM eligible
          GROUP BY 1
            """,
            sources=sources,
            typed=SQL.identifier("r", transport.typed_column),
            address=SQL.identifier("r", transport.address_column),
            mailing_id=self.id,
            shown=CHANGES_SHOWN,
        )

    # ------------------------------------------------------------
    # Exclusion by hand
    # ------------------------------------------------------------

    def action_exclude_all(self):
        """Leave out everybody, to take back the few who are meant."""
        self._update_all(EXCLUDED, IS_INCLUDED)
        return True

    def action_include_all(self):
        """Write again to everybody who was left out by hand."""
        self._update_all(INCLUDED, IS_EXCLUDED)
        self._add_editor()
        return True

    def _update_all(self, assignments, condition):
        self.check_access("write")
        self._check_editable(self.env._("leave out or take back everybody"))
        for mailing in self:
            mailing._lock_list()
            self.env["partner.mailing.recipient"]._update_list(mailing, assignments, condition)
            mailing._recount()

    # ------------------------------------------------------------
    # The window of the form
    # ------------------------------------------------------------

    @api.depends("recipient_count", "skipped_count")
    def _compute_recipient_window_ids(self):
        Recipient = self.env["partner.mailing.recipient"]
        for mailing in self:
            domain = Domain("mailing_id", "=", mailing._origin.id)
            skipped = Domain("state", "=", "skipped")
            mailing.recipient_window_ids = Recipient.search_fetch(
                domain & ~skipped, WINDOW_FIELDS, limit=RECIPIENT_WINDOW
            )
            mailing.skipped_window_ids = Recipient.search_fetch(
                domain & skipped, WINDOW_FIELDS, limit=RECIPIENT_WINDOW
            )
