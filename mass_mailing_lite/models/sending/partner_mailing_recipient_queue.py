from datetime import timedelta
from operator import itemgetter

from odoo import fields, models
from odoo.tools import SQL

from ..content.partner_mailing_contact import get_contact_key
from .prepared_statements import PreparedStatements
from .sql_terms import SENDER_LOCK, UTC_NOW

# What is recorded of a row that was not sent, and its types in PostgreSQL.
RESULT_COLUMNS = ("id", "state", "failure_type", "failure_reason", "delay", "attempted")
RESULT_TYPES = "%s::integer[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::boolean[]"


class PartnerMailingRecipient(models.Model):
    """The recipients as a queue: claimed, recorded and recovered by single statements.

    A sender is a number from a sequence, and lives as long as the PostgreSQL
    session that holds the advisory lock on that number: a killed process, a
    lost host and a restarted server all let go of it, and nothing else does.
    """

    _inherit = "partner.mailing.recipient"

    # ------------------------------------------------------------
    # Senders
    # ------------------------------------------------------------

    def _new_sender(self):
        """Return the number of a new sender, with its lock held by this session."""
        [(number,)] = self.env.execute_query(
            SQL("SELECT nextval('partner_mailing_recipient_claim_seq')::integer")
        )
        self.env.execute_query(SQL("SELECT pg_advisory_lock(%s, %s)", SENDER_LOCK, number))
        return number

    def _end_sender(self, number):
        """Let go of the lock: rows that the sender has left open are recovered from now on."""
        self.env.execute_query(SQL("SELECT pg_advisory_unlock(%s, %s)", SENDER_LOCK, number))

    def _recover(self):
        """Settle rows whose sender is dead; return how many there were.

        Whether their messages went out is unknown (RFC 1047): they become
        uncertain, for a person to decide, or wait again where the company has
        chosen that.
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH dead AS MATERIALIZED (
                    SELECT claim
                      FROM (SELECT DISTINCT claim FROM partner_mailing_recipient
                             WHERE state = 'sending') open_claims
                     WHERE claim IS NULL OR pg_try_advisory_xact_lock(%s, claim)
                ), settled AS (
                    UPDATE partner_mailing_recipient r
                       SET state = CASE WHEN c.partner_mailing_resend_uncertain
                                        THEN 'pending' ELSE 'uncertain' END,
                           claim = NULL
                      FROM dead, partner_mailing m, res_company c
                     WHERE r.state = 'sending' AND r.claim IS NOT DISTINCT FROM dead.claim
                       AND m.id = r.mailing_id AND c.id = m.company_id
                 RETURNING r.mailing_id, r.state
                ), totals AS (
                    SELECT mailing_id, count(*) AS settled,
                           count(*) FILTER (WHERE state = 'uncertain') AS uncertain
                      FROM settled
                  GROUP BY mailing_id
                ), counted AS (
                    UPDATE partner_mailing_counter k
                       SET pending_count = k.pending_count - t.uncertain,
                           uncertain_count = k.uncertain_count + t.uncertain
                      FROM totals t JOIN partner_mailing m ON m.id = t.mailing_id
                     WHERE k.id = m.counter_id
                 RETURNING k.id)
                SELECT sum(settled)::integer FROM totals
                """,
                SENDER_LOCK,
            )
        )
        self._forget_cached_rows()
        return rows[0][0] or 0

    # ------------------------------------------------------------
    # Claim and record
    # ------------------------------------------------------------

    def _claim(self, mailing_id, sender, limit, after_id=0, columns=(), prepared=None):
        """Take up to ``limit`` rows that are due, for ``sender``, in the order of ids.

        :param after_id: go on behind this row, so that a claim at the end of a
            million does not pass by the rows that were sent before
        :param columns: see ``_take_picked_sql``
        :param prepared: the ``PreparedStatements`` of a sender that claims again and again
        :return: list of dicts: id, partner_id, name, email_normalized, lang,
            attempts, message_id, and the columns

        Plan at a million rows: index scan on ``_mailing_state_idx``, ``limit`` rows.
        """
        prepared = prepared or PreparedStatements(self.env.cr)
        prepared.execute(
            # The limit is part of it: a plan for any limit would be one for a tenth of the list.
            ("claim", mailing_id, sender, limit, columns),
            lambda: SQL(
                """
                WITH picked AS (
                    SELECT r.ctid, r.partner_id
                      FROM partner_mailing_recipient r
                     WHERE r.mailing_id = %(mailing_id)s
                       AND r.id > $1::integer
                       AND %(claimable)s
                  ORDER BY r.id
                     LIMIT %(limit)s
                       FOR UPDATE OF r SKIP LOCKED)
                %(take)s
                """,
                mailing_id=mailing_id,
                claimable=self._claimable_sql(),
                limit=limit,
                take=self._take_picked_sql(sender, columns),
            ),
            after_id,
        )
        return sorted(self.env.cr.dictfetchall(), key=itemgetter("id"))

    def _claimable_sql(self):
        """Return the condition under which a row ``r`` may be claimed, in whatever order."""
        return SQL(
            """
            r.state = 'pending'
            AND r.is_submitted
            AND (r.next_attempt_at IS NULL OR r.next_attempt_at <= %s)
            AND EXISTS (SELECT FROM partner_mailing m
                         WHERE m.id = r.mailing_id AND m.state = 'sending')
            AND NOT EXISTS (SELECT FROM mail_blacklist b
                             WHERE b.email = r.email_normalized AND b.active)
            AND NOT %s
            """,
            UTC_NOW,
            self.env["partner.mailing.unsubscription"]._left_sql(
                SQL("r.mailing_id"), SQL("r.email_normalized")
            ),
        )

    def _take_picked_sql(self, sender, columns=()):
        """Return the UPDATE that gives the rows of a CTE ``picked`` to ``sender``.

        :param columns: names of columns of the contacts that come with the rows: so nobody has
            to read the contacts for them
        """
        return SQL(
            """
            UPDATE partner_mailing_recipient r
               SET state = 'sending',
                   claim = %s,
                   attempts = r.attempts + 1,
                   message_id = COALESCE(r.message_id,
                       '<' || r.id || '.' || gen_random_uuid() || '@' || %s || '>')
              FROM picked
              LEFT JOIN res_partner p ON p.id = picked.partner_id
             WHERE r.ctid = picked.ctid
         RETURNING r.id, r.partner_id, r.name, r.email_normalized, r.lang, r.attempts, r.message_id
                   %s
            """,
            sender,
            self._message_id_host(),
            SQL().join(
                SQL(", %s AS %s", SQL.identifier("p", name), SQL.identifier(get_contact_key(name)))
                for name in columns
            ),
        )

    def _message_id_host(self):
        """Return the right side of Message-IDs: the host of the database's web address."""
        return (
            self.get_base_url().partition("://")[2].partition("/")[0].partition(":")[0]
            or "localhost"
        )

    def _record(self, mailing_id, sender, results, window=0, prepared=None):
        """Write what became of claimed rows, and the totals, in one statement.

        :param results: list of dicts as ``_get_result`` makes them
        :param window: how many of the last settled rows to keep in mind, 0 for none
        :param prepared: as for ``_claim``
        :return: ``(settled, failed)`` of those rows
        """
        # Nearly all were sent, and of these there is nothing more to say than which.
        sent = [result["id"] for result in results if result["state"] == "sent"]
        others = [result for result in results if result["state"] != "sent"]
        prepared = prepared or PreparedStatements(self.env.cr)
        prepared.execute(
            ("record", mailing_id, sender, window),
            lambda: self._record_sql(mailing_id, sender, window),
            SQL("%s::integer[]", f"{{{','.join(map(str, sent))}}}"),
            SQL(RESULT_TYPES, *([result[name] for result in others] for name in RESULT_COLUMNS)),
        )
        return self.env.cr.fetchone()

    def _record_sql(self, mailing_id, sender, window):
        """Return the statement of ``_record``: $1 are ids of sent ones, then ``RESULT_COLUMNS``."""
        return SQL(
            """
            WITH result (id, state, failure_type, failure_reason, delay, attempted) AS (
                SELECT unnest($1::integer[]), 'sent', NULL, NULL, NULL, TRUE
                 UNION ALL
                SELECT * FROM unnest($2::integer[], $3::text[], $4::text[], $5::text[],
                                     $6::integer[], $7::boolean[])
            ), recorded AS (
                UPDATE partner_mailing_recipient r
                   SET state = o.state,
                       failure_type = o.failure_type,
                       failure_reason = o.failure_reason,
                       sent_at = CASE WHEN o.state = 'sent' THEN %(now)s ELSE r.sent_at END,
                       next_attempt_at = %(now)s + make_interval(secs => o.delay),
                       attempts = CASE WHEN o.attempted THEN r.attempts ELSE r.attempts - 1 END,
                       claim = NULL
                  FROM result o
                 WHERE r.id = o.id AND r.state = 'sending' AND r.claim = %(sender)s
             RETURNING o.state
            ), total AS (
                SELECT count(*) FILTER (WHERE state = 'sent') AS sent,
                       count(*) FILTER (WHERE state = 'failed') AS failed,
                       count(*) FILTER (WHERE state = 'uncertain') AS uncertain,
                       string_agg(CASE state WHEN 'failed' THEN '1' ELSE '0' END, '')
                           FILTER (WHERE state IN ('sent', 'failed')) AS results
                  FROM recorded)
            UPDATE partner_mailing_counter k
               SET pending_count = k.pending_count - t.sent - t.failed - t.uncertain,
                   sent_count = k.sent_count + t.sent,
                   failed_count = k.failed_count + t.failed,
                   uncertain_count = k.uncertain_count + t.uncertain,
                   recent_results = right(concat(k.recent_results, t.results), %(window)s)
              FROM total t, partner_mailing m
             WHERE m.id = %(mailing_id)s AND k.id = m.counter_id
         RETURNING length(k.recent_results), length(replace(k.recent_results, '0', ''))
            """,
            mailing_id=mailing_id,
            sender=sender,
            now=UTC_NOW,
            window=window,
        )

    def _skip_blocklisted(self, mailing):
        """Leave out waiting rows whose address came onto the blocklist since they were loaded."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_recipient r
                   SET state = 'skipped', skip_reason = 'blocklisted'
                  FROM mail_blacklist b
                 WHERE r.mailing_id = %s AND r.state = 'pending'
                   AND b.email = r.email_normalized AND b.active
                """,
                mailing.id,
            )
        )
        if self.env.cr.rowcount:
            self._forget_cached_rows()
            mailing._recount()

    # ------------------------------------------------------------
    # Steps of the mailing that touch the whole list
    # ------------------------------------------------------------

    def _mark_submitted(self, mailing):
        """Freeze the list: exactly the rows that wait now are submitted."""
        self._update_list(
            mailing,
            SQL("is_submitted = (state = 'pending')"),
            SQL(
                "is_submitted IS DISTINCT FROM (state = 'pending') AND state IN ('pending', 'skipped')"
            ),
        )

    def _reopen(self, mailing):
        """Undo the freeze, and a cancellation, so that the list can be changed again."""
        self._update_list(
            mailing,
            SQL("is_submitted = FALSE"),
            SQL("is_submitted AND state IN ('pending', 'skipped')"),
        )
        self._update_list(
            mailing,
            SQL("state = 'pending', skip_reason = NULL"),
            SQL("state = 'skipped' AND skip_reason = 'cancelled'"),
        )
        mailing._recount()

    def _reopen_failed(self, mailing):
        """Let failed rows wait again, with a clean count of attempts."""
        self._update_list(
            mailing,
            SQL("state = 'pending', attempts = 0, next_attempt_at = NULL"),
            SQL("state = 'failed' AND is_submitted"),
        )
        mailing._recount()

    def _cancel_pending(self, mailing):
        """Mark rows that were not sent as left out by the cancellation."""
        self._update_list(
            mailing, SQL("state = 'skipped', skip_reason = 'cancelled'"), SQL("state = 'pending'")
        )
        mailing._recount()

    def _update_list(self, mailing, assignments, condition):
        """Run one UPDATE over a mailing's list."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing_recipient SET %s WHERE mailing_id = %s AND (%s)",
                assignments,
                mailing.id,
                condition,
            )
        )
        self._forget_cached_rows()

    def _forget_cached_rows(self):
        """Forget what the ORM knows of rows that SQL has changed."""
        self.invalidate_model(flush=False)
        self.env["partner.mailing.counter"].invalidate_model(flush=False)
        self.env["partner.mailing"]._forget_cached_totals()

    def _next_attempt_at(self, mailing):
        """Return when the next deferred row of a mailing is due, or None."""
        [(moment,)] = self.env.execute_query(
            SQL(
                """
                SELECT min(next_attempt_at) FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND state = 'pending' AND next_attempt_at IS NOT NULL
                """,
                mailing.id,
            )
        )
        # A trigger in the past would fire at once, and again and again.
        return moment and max(moment, fields.Datetime.now() + timedelta(seconds=1))
