from odoo import models
from odoo.tools import SQL

# How many of each kind of change the dialog shows.
CHANGES_SHOWN = 40


class PartnerMailing(models.Model):
    """What a refresh of the list would change, before it is done."""

    _inherit = "partner.mailing"

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
        by itself. At a million rows: the judged list as in loading, one scan of
        the present list and one hash join of both.
        """
        sources = self._judged_sources_sql(self._chosen_contacts_sql(), self._extra_addresses_sql())
        return SQL(
            """
            WITH judged AS MATERIALIZED (
                SELECT s.*, COALESCE(s.partner_id::text, s.address) AS key FROM (%(sources)s) s
            ),
            present AS MATERIALIZED (
                SELECT r.id, r.name, r.email, r.email_normalized AS address,
                       COALESCE(r.partner_id::text, r.email_normalized) AS key
                  FROM partner_mailing_recipient r
                 WHERE r.mailing_id = %(mailing_id)s AND r.state = 'pending'
            ),
            compared AS (
                SELECT CASE WHEN p.key IS NULL THEN 'in'
                            WHEN j.key IS NULL THEN 'out'
                            ELSE 'address' END AS kind,
                       COALESCE(j.name, p.name) AS name,
                       COALESCE(j.email, p.email) AS email,
                       p.email AS old_email, COALESCE(p.key, j.key) AS key,
                       COALESCE(p.id, j.position) AS position
                  FROM (SELECT * FROM judged WHERE skip_reason IS NULL) j
                  FULL JOIN present p ON p.key = j.key
                 WHERE p.address IS DISTINCT FROM j.address
            ),
            numbered AS (
                SELECT *, count(*) OVER (PARTITION BY kind) AS total,
                       row_number() OVER (PARTITION BY kind ORDER BY position) AS number
                  FROM compared
            )
            SELECT n.kind, n.total, n.name, n.email, n.old_email,
                   (SELECT j.skip_reason FROM judged j
                     WHERE n.kind = 'out' AND j.key = n.key LIMIT 1) AS reason
              FROM numbered n
             WHERE n.number <= %(shown)s
         UNION ALL
            SELECT CASE WHEN skip_reason IS NULL THEN 'recipients' ELSE 'skipped' END, count(*),
                   NULL, NULL, NULL, NULL
              FROM judged
          GROUP BY 1
            """,
            sources=sources,
            mailing_id=self.id,
            shown=CHANGES_SHOWN,
        )
