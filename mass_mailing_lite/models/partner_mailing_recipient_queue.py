from datetime import timedelta
from operator import itemgetter

from odoo import fields, models
from odoo.tools import SQL

from ..delivery.schedule.rate_limit import MINUTE, worth_waking
from ..sender.prepared_statements import PreparedStatements
from ..sender.rate_limiter import get_domain
from ..sender.sql_terms import SENDER_LOCK, UTC_NOW
from ..transport.canonical_address import blocked_address_sql
from ..transport.compiled import get_contact_key
from .partner_mailing_recipient import MAX_ID

# Columns of the result of a row that was not sent, and their types in PostgreSQL.
RESULT_COLUMNS = ("id", "state", "failure_type", "failure_reason", "delay", "attempted")
RESULT_TYPES = "%s::integer[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::boolean[]"
# A contact has the time at which the transaction began that changed it.
LONGEST_TRANSACTION = timedelta(days=1)
# A list with so few rows is looked through for those of dead senders in any case.
FEW_ROWS = 1000
# Rows of which the domain is filled in one transaction: 0.2 s, so that a user can pause.
SORT_BATCH = 5000


class PartnerMailingRecipient(models.Model):
    """The recipients as a queue: claimed, recorded and recovered by single statements.

    A sender has a number from a sequence, and its PostgreSQL session holds the advisory lock on
    that number. When the process is killed, its host is lost or PostgreSQL restarts, the lock is
    released: a sender without its lock is dead.
    """

    _inherit = "partner.mailing.recipient"  # pylint: disable=consider-merging-classes-inherited

    # ------------------------------------------------------------
    # Senders
    # ------------------------------------------------------------

    def _new_sender(self):
        """Return the number of a new sender, whose lock this database connection takes."""
        [(number,)] = self.env.execute_query(
            SQL("SELECT nextval('partner_mailing_recipient_claim_seq')::integer")
        )
        self.env.execute_query(SQL("SELECT pg_advisory_lock(%s, %s)", SENDER_LOCK, number))
        return number

    def _end_sender(self, number):
        """Release the lock of a sender, so that rows left in ``sending`` can be recovered."""
        self.env.execute_query(SQL("SELECT pg_advisory_unlock(%s, %s)", SENDER_LOCK, number))

    def _recover(self):
        """Change the state of rows whose sender is dead; return how many there were.

        It is unknown whether their messages were sent (RFC 1047): they become uncertain, for a user
        to decide, or pending where the company has chosen to send them again.

        Plan at a million rows: 0.3 s for a mailing that a sender has left open; the lists of others
        are not read, save those with few rows. LATERAL, so that PostgreSQL reads list by list, and
        not the whole table.
        """
        counters = self.env["partner.mailing.counter"]
        left_open = counters._find_dead_claims()
        rows = self.env.execute_query(
            SQL(
                """
                WITH looked_at AS MATERIALIZED (
                    SELECT m.id FROM partner_mailing m
                      JOIN partner_mailing_counter k ON k.id = m.counter_id
                     WHERE k.id = ANY(%(left_open)s)
                        OR (k.recipient_count + k.skipped_count <= %(few)s
                            AND (k.pending_count != 0
                                 OR m.state IN ('validated', 'sending', 'paused')))
                ), dead AS MATERIALIZED (
                    SELECT mailing_id, claim
                      FROM looked_at
                     CROSS JOIN LATERAL (
                           SELECT DISTINCT r.mailing_id, r.claim
                             FROM partner_mailing_recipient r
                            WHERE r.mailing_id = looked_at.id AND r.state = 'sending') open_claims
                     WHERE claim IS NULL OR pg_try_advisory_xact_lock(%(lock)s, claim)
                ), settled AS (
                    UPDATE partner_mailing_recipient r
                       SET state = CASE WHEN c.partner_mailing_resend_uncertain
                                        THEN 'pending' ELSE 'uncertain' END,
                           claim = NULL
                      FROM dead, partner_mailing m, res_company c
                     WHERE r.mailing_id = dead.mailing_id AND r.state = 'sending'
                       AND r.claim IS NOT DISTINCT FROM dead.claim
                       AND m.id = r.mailing_id AND c.id = m.company_id
                 RETURNING r.mailing_id, 'sending' AS old_state, r.state AS new_state
                ), counted AS (%(counted)s)
                SELECT count(*) FROM settled
                """,
                left_open=list(left_open),
                few=FEW_ROWS,
                lock=SENDER_LOCK,
                # Rows that wait again may be before the place that claims have reached.
                counted=counters._update_totals_sql("settled", assignments=[SQL("claimed_to = 0")]),
            )
        )
        counters._forget_dead_claims(left_open)
        self._invalidate_rows()
        return rows[0][0]

    # ------------------------------------------------------------
    # Claim
    # ------------------------------------------------------------

    def _skip_suppressed(self, mailing):
        """Skip pending rows that would not be loaded any more; no row is ever added.

        Those are addresses on the blocklist, of contacts that have an excluded tag of the mailing or its
        audiences, or unsubscribed from the mailing's groups; people who refuse what they were chosen
        by (``Source.refusals``); and contacts that were archived since the list was loaded. All else is frozen: who is in the filter of an audience, the addresses.
        """
        transport, query = mailing._get_transport(), mailing._query_recipients()
        query.read_addresses()
        address = SQL.identifier("r", transport.address_column)
        skipped = [
            self._skip_pending(mailing, "blocklisted", transport.blocklist_sql(), address),
            self._skip_pending(mailing, "archived", self._archived_sql(mailing), "partner_id"),
        ]
        if tags := mailing._get_excluded_tags().ids:
            excluded = SQL("SELECT DISTINCT address FROM (%s) x", query.tagged(tags))
            skipped.append(self._skip_pending(mailing, "excluded_group", excluded, address))
        for refused, reason, source in query.refusals():
            excluded = SQL("SELECT DISTINCT address FROM (%s) x (address)", refused)
            skipped.append(self._skip_pending(mailing, reason, excluded, address, source))
        if any(skipped):
            self._invalidate_rows()
            mailing._recount()
        self._exclude_unsubscribed(mailing)

    def _skip_pending(self, mailing, reason, keys, column, source=0):
        """Skip pending rows with one of the keys; return how many there were.

        Plan: for each key a lookup in ``_address_uniq`` or in the index of contacts, or one scan of
        the list where there are many keys.

        :param keys: SELECT of one column
        :param column: of the row ``r``, by name or as SQL
        :param source: id of the entry behind the reason, or 0
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_recipient r
                   SET state = 'skipped', skip_reason = %s, source_id = %s
                  FROM (%s) suppressed (key)
                 WHERE r.mailing_id = %s AND r.state = 'pending' AND r.skip_reason IS NULL
                   AND %s = suppressed.key
                """,
                reason,
                source or None,
                keys,
                mailing.id,
                SQL.identifier("r", column) if isinstance(column, str) else column,
            )
        )
        return self.env.cr.rowcount

    def _archived_sql(self, mailing):
        """Return a SELECT of the contacts that were archived since the list was loaded.

        Of a list that was kept as it is, it is not known when it was loaded.
        Plan: an index of archived contacts by their last change, which is no earlier.
        """
        is_kept = mailing.recipients_decision == "kept"
        loaded_at = not is_kept and mailing.recipients_loaded_at
        return SQL(
            "SELECT id FROM res_partner WHERE active IS NOT TRUE AND write_date > %s",
            (loaded_at or mailing.create_date) - LONGEST_TRANSACTION,
        )

    def _exclude_unsubscribed(self, mailing):
        """Skip pending rows whose address has unsubscribed from the groups of the mailing.

        Plan at a million rows: the addresses that unsubscribed from one of its groups, and for each
        a lookup in ``_address_uniq``.
        """
        if not mailing.has_unsubscribe or not mailing.unsubscribe_category_ids:
            return
        self.flush_model()
        column = SQL.identifier(mailing._get_transport().address_column)
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_recipient r
                   SET state = 'skipped', skip_reason = 'unsubscribed'
                  FROM (SELECT DISTINCT u.%(column)s AS address
                          FROM partner_mailing_unsubscription u
                          JOIN partner_mailing_unsubscription_category_rel l
                            ON l.unsubscription_id = u.id
                         WHERE l.category_id = ANY(%(groups)s) AND u.undone_at IS NULL) u
                 WHERE r.mailing_id = %(mailing)s AND r.%(column)s = u.address
                   AND r.skip_reason IS NULL AND r.state = 'pending'
                   AND NOT EXISTS (%(carried)s)
                """,
                column=column,
                groups=mailing.unsubscribe_category_ids.ids,
                mailing=mailing.id,
                carried=self.env["partner.mailing.unsubscription"]._carried_sql(
                    SQL("%s", mailing.id), SQL("r.%s", column)
                ),
            )
        )
        if self.env.cr.rowcount:
            self._invalidate_rows()
            mailing._recount()

    def _claim(self, mailing_id, sender, limit, after_id=0, columns=(), prepared=None):
        """Claim up to ``limit`` rows that are due, for ``sender``, in the order of ids.

        :param after_id: begin after this row, so that a claim at the end of a million rows does not
            scan those that were sent before
        :param columns: see ``_take_picked_sql``
        :param prepared: the ``PreparedStatements`` of a sender that claims again and again
        :return: list of dicts: id, partner_id, name, address, lang,
            attempts, message_id, and the columns

        Plan at a million rows: index scan on ``_mailing_idx``, ``limit`` rows, and those that were
        claimed before where they are behind ``after_id``: 0.3 s for all. Rows are compared, because
        with "mailing_id = …" the index of ids seems as good.
        """
        return self._claim_where(
            SQL(
                """
                (r.mailing_id, r.id) > (%(mailing_id)s, $1::integer)
                AND (r.mailing_id, r.id) <= (%(mailing_id)s, %(max_id)s)
                """,
                mailing_id=mailing_id,
                max_id=MAX_ID,
            ),
            SQL("r.mailing_id, r.id"),
            ("claim", mailing_id, sender, limit, columns),
            prepared,
            after_id,
        )

    def _claim_deferred(self, mailing_id, sender, limit, columns=(), prepared=None):
        """Claim up to ``limit`` rows whose next attempt is due, as ``_claim`` does.

        Plan: index scan on ``_retry_idx`` up to this moment, which is asked for once: compared with
        a clock that goes on, each row that is not due would be read.
        """
        return self._claim_where(
            SQL("r.mailing_id = %s AND r.next_attempt_at <= (SELECT %s)", mailing_id, UTC_NOW),
            SQL("r.next_attempt_at, r.id"),
            ("claim_deferred", mailing_id, sender, limit, columns),
            prepared,
        )

    def _claim_where(self, condition, order, key, prepared, *values):
        """Claim rows; ``key`` names the statement, then its mailing, sender, limit and columns."""
        _name, mailing_id, sender, limit, columns = key
        prepared = prepared or PreparedStatements(self.env.cr)
        prepared.execute(
            # With the limit in the key: PostgreSQL would plan a parameter as a tenth of the list.
            key,
            lambda: SQL(
                """
                WITH picked AS (
                    SELECT r.ctid, r.partner_id
                      FROM partner_mailing_recipient r
                     WHERE %(condition)s AND %(claimable)s
                  ORDER BY %(order)s
                     LIMIT %(limit)s
                       FOR UPDATE OF r SKIP LOCKED)
                %(take)s
                """,
                condition=condition,
                claimable=self._claimable_sql(mailing_id),
                order=order,
                limit=limit,
                take=self._take_picked_sql(mailing_id, sender, columns),
            ),
            *values,
        )
        return sorted(self.env.cr.dictfetchall(), key=itemgetter("id"))

    def _has_due(self, mailing):
        """Tell whether a pending row of a mailing may be sent now.

        Plan at a million rows: ``_retry_idx``; then ``_mailing_idx`` from the end of the list, where
        the rows are that are claimed last. When all rows that are left wait for their next attempt,
        as the totals show, none of the list is read.
        """
        [(has_due,)] = self.env.execute_query(
            SQL(
                """
                WITH deferred AS MATERIALIZED (
                    SELECT next_attempt_at FROM partner_mailing_recipient
                     WHERE mailing_id = %(mailing_id)s AND next_attempt_at IS NOT NULL
                       AND state = 'pending'
                )
                SELECT EXISTS (SELECT FROM deferred WHERE next_attempt_at <= %(now)s)
                    OR (SELECT pending_count FROM partner_mailing_counter WHERE id = %(counter)s)
                       != (SELECT count(*) FROM deferred)
                       AND (%(last)s) IS NOT NULL
                """,
                mailing_id=mailing.id,
                now=UTC_NOW,
                counter=mailing.counter_id.id,
                last=self._last_sql(mailing, SQL("state = 'pending' AND next_attempt_at IS NULL")),
            )
        )
        return has_due

    def _has_unsettled(self, mailing):
        """Tell whether a row of a mailing has no final state yet.

        Plan at a million rows: as ``_has_due``; 0.3 s when there is none.
        """
        unsettled = SQL("state IN ('pending', 'sending')")
        [(has_unsettled,)] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (SELECT FROM partner_mailing_recipient
                                WHERE mailing_id = %s AND next_attempt_at IS NOT NULL AND %s)
                    OR (%s) IS NOT NULL
                """,
                mailing.id,
                unsettled,
                self._last_sql(mailing, unsettled),
            )
        )
        return has_unsettled

    def _last_sql(self, mailing, condition):
        """Return a SELECT of the id of the last row of a mailing's list that meets a condition.

        Not for EXISTS: PostgreSQL drops order and limit there, and reads the table from its
        beginning, 0.17 s where half a million rows of others come first.
        """
        return SQL(
            """
            SELECT id FROM partner_mailing_recipient
             WHERE (mailing_id, id) > (%(mailing_id)s, 0)
               AND (mailing_id, id) <= (%(mailing_id)s, %(max_id)s) AND %(condition)s
          ORDER BY mailing_id DESC, id DESC
             LIMIT 1
            """,
            mailing_id=mailing.id,
            max_id=MAX_ID,
            condition=condition,
        )

    def _claimable_sql(self, mailing_id):
        """Return the condition under which a row ``r`` of a mailing may be claimed.

        PostgreSQL looks once at the state of a mailing that is named by its id, and once for each
        row at ``r.mailing_id``. Unsubscriptions must be looked up row by row: they may be many.

        OFFSET 0 keeps PostgreSQL from joining the blocklist. It expects few rows of one of the newest
        mailings (rows that are compared count as those of later mailings), and would sort all that
        are left of the list for each claim: 1.4 s at a million, in place of 1 ms.

        An addon that brings a channel adds the blocklist of its addresses to what ``super()``
        returns, with OFFSET 0 as well.
        """
        return SQL(
            """
            r.state = 'pending'
            AND r.is_submitted
            AND (r.next_attempt_at IS NULL OR r.next_attempt_at <= %s)
            AND EXISTS (SELECT FROM partner_mailing m WHERE m.id = %s AND m.state = 'sending')
            AND NOT EXISTS (SELECT FROM mail_blacklist b
                             WHERE %s = r.email_normalized AND b.active OFFSET 0)
            AND NOT %s
            """,
            UTC_NOW,
            mailing_id,
            blocked_address_sql("b"),
            self.env["partner.mailing.unsubscription"]._unsubscribed_sql(
                SQL("r.mailing_id"), self._address_sql("r")
            ),
        )

    def _take_picked_sql(self, mailing_id, sender, columns=()):
        """Return the end of a statement: the rows of its CTE ``picked`` are given to ``sender``.

        :param columns: names of columns of the contacts to return with the rows, so that the
            contacts need not be read
        """
        return SQL(
            """
            , noted AS (%s)
            UPDATE partner_mailing_recipient r
               SET state = 'sending',
                   claim = %s,
                   attempts = r.attempts + 1,
                   message_id = COALESCE(r.message_id,
                       '<' || r.id || '.' || gen_random_uuid() || '@' || %s || '>')
              FROM picked
              LEFT JOIN res_partner p ON p.id = picked.partner_id
             WHERE r.ctid = picked.ctid
         RETURNING r.id, r.partner_id, r.name, %s AS address, r.lang, r.attempts,
                   r.message_id %s
            """,
            self.env["partner.mailing.counter"]._note_claims_sql(mailing_id, sender, "picked"),
            sender,
            self._message_id_host(),
            self._address_sql("r"),
            SQL().join(
                SQL(", %s AS %s", SQL.identifier("p", name), SQL.identifier(get_contact_key(name)))
                for name in columns
            ),
        )

    def _message_id_host(self):
        """Return the right side of Message-IDs: the host of the database's base URL."""
        return (
            self.get_base_url().partition("://")[2].partition("/")[0].partition(":")[0]
            or "localhost"
        )

    # ------------------------------------------------------------
    # Claim by domain
    # ------------------------------------------------------------

    # Four of five recipients may have their mailbox with one provider. A search along the list for
    # the others would read a million rows again and again. So the rows of mailings through a server
    # with a limit for domains have their domain in a column, with a partial index.

    def _sort_by_domain(self, mailing_id, after_id=0):
        """Fill the domains of the next rows; return the last id, None at the end.

        Of those that wait, and of those that may come back into the queue.

        Plan: index scan on ``_mailing_idx``, ``SORT_BATCH`` rows, and those that were sent.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH chunk AS (
                    SELECT id FROM partner_mailing_recipient
                     WHERE (mailing_id, id) > (%(mailing_id)s, %(after_id)s)
                       AND (mailing_id, id) <= (%(mailing_id)s, %(max_id)s)
                       AND state IN ('pending', 'sending', 'failed', 'uncertain')
                       AND domain IS NULL
                  ORDER BY mailing_id, id
                     LIMIT %(limit)s
                ), filled AS (
                    UPDATE partner_mailing_recipient r
                       SET domain = substring(r.email_normalized FROM '[^@]*$')
                      FROM chunk
                     WHERE r.id = chunk.id)
                SELECT max(id) FROM chunk
                """,
                mailing_id=mailing_id,
                after_id=after_id,
                max_id=MAX_ID,
                limit=SORT_BATCH,
            )
        )
        return self.env.cr.fetchone()[0]

    def _claim_by_domain(self, mailing_id, sender, limit, limiter, after_domain="", columns=()):
        """Claim up to ``limit`` rows as ``_claim`` does, within the limit of each domain.

        :param limiter: a ``RateLimiter`` that has just allowed ``limit``
        :param after_domain: begin after this domain, so that all domains are served in order
        :param columns: see ``_take_picked_sql``
        :return: as ``_claim``, in the order of domains

        Plan at a million rows: along ``_domain_idx`` from domain to domain; for each the sum of its
        reservations, no more rows than its limit, and the rows that it has room for. It ends when
        ``limit`` rows are found.
        """
        due = SQL("r.mailing_id = %s AND r.domain IS NOT NULL", mailing_id)
        picked = SQL(
            """
            SELECT r.ctid, r.partner_id
              FROM walk
              CROSS JOIN LATERAL (
                   SELECT COALESCE(sum(g.count), 0) AS used
                     FROM partner_mailing_reservation g
                    WHERE g.rate_limit_id = %(rate_limit)s AND g.domain = walk.domain
                      AND (g.ended_at IS NULL OR g.ended_at > %(since)s)) reserved
              CROSS JOIN LATERAL (
                   SELECT r.ctid, r.partner_id
                     FROM partner_mailing_recipient r
                    WHERE %(due)s AND r.domain = walk.domain AND %(claimable)s
                 ORDER BY r.id
                    LIMIT GREATEST(%(most)s - reserved.used, 0)
                      FOR UPDATE OF r SKIP LOCKED) r
             WHERE walk.domain IS NOT NULL
             LIMIT %(limit)s
            """,
            rate_limit=limiter.id,
            since=limiter.now - MINUTE,
            due=due,
            claimable=self._claimable_sql(mailing_id),
            most=limiter.limits.domain_minute,
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
                take=self._take_picked_sql(mailing_id, sender, columns),
            )
        )
        return sorted(self.env.cr.dictfetchall(), key=get_domain)

    def _seconds_until_domain(self, mailing_id, limiter):
        """Return in how many seconds a domain whose limit is reached has room again.

        None when no pending row of the mailing waits for the limit of its domain.

        Plan: the reservations of the last minute, and for each full domain a lookup in
        ``_domain_idx``.
        """
        most = limiter.limits.domain_minute
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
                                  FROM partner_mailing_reservation
                                 WHERE rate_limit_id = %(rate_limit)s AND domain IS NOT NULL
                                   AND count > 0
                                   AND (ended_at IS NULL OR ended_at > %(since)s)) g
                      GROUP BY domain
                        HAVING sum(count) >= %(most)s) full_domain
                 WHERE EXISTS (SELECT FROM partner_mailing_recipient r
                                WHERE r.mailing_id = %(mailing_id)s
                                  AND r.state = 'pending' AND r.domain = full_domain.domain
                                  AND (r.next_attempt_at IS NULL
                                       OR r.next_attempt_at <= %(utc_now)s))
                """,
                now=limiter.now,
                rate_limit=limiter.id,
                since=limiter.now - MINUTE,
                most=most,
                stay=most - worth_waking(most),
                mailing_id=mailing_id,
                utc_now=UTC_NOW,
            )
        )
        return None if free_at is None else max(free_at + MINUTE - limiter.now, 0.0)

    # ------------------------------------------------------------
    # Record
    # ------------------------------------------------------------

    def _record(self, mailing_id, sender, results, window=0, prepared=None, claimed_to=None):
        """Write the results of claimed rows, and the totals, in one statement.

        :param results: list of dicts as ``sender.worker.get_result`` returns them
        :param window: number of the last sent or failed rows to evaluate, 0 for none
        :param prepared: as for ``_claim``
        :param claimed_to: what to write to the counter under this name; None for no change
        :return: ``(settled, failed)``: how many rows the window has, and how many of them failed
        """
        # Nearly all were sent, and of these only the id is needed.
        sent = [result["id"] for result in results if result["state"] == "sent"]
        others = [result for result in results if result["state"] != "sent"]
        prepared = prepared or PreparedStatements(self.env.cr)
        prepared.execute(
            ("record", mailing_id, sender, window),
            lambda: self._record_sql(mailing_id, sender, window),
            SQL("%s::integer[]", f"{{{','.join(map(str, sent))}}}"),
            SQL(RESULT_TYPES, *([result[name] for result in others] for name in RESULT_COLUMNS)),
            claimed_to,
        )
        return self.env.cr.fetchone()

    def _record_sql(self, mailing_id, sender, window):
        """Return the statement of ``_record``.

        $1 are ids of sent rows, $2 to $7 ``RESULT_COLUMNS``, $8 is the place that claims reached.
        """
        recent = SQL(
            """
            right(concat(k.recent_results, (
                SELECT string_agg(CASE new_state WHEN 'failed' THEN '1' ELSE '0' END, '')
                  FROM recorded WHERE new_state IN ('sent', 'failed'))), %s)
            """,
            window,
        )
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
                       domain = CASE WHEN o.state = 'sent' THEN NULL ELSE r.domain END,
                       claim = NULL
                  FROM result o
                 WHERE r.id = o.id AND r.state = 'sending' AND r.claim = %(sender)s
             RETURNING 'sending' AS old_state, o.state AS new_state)
            %(update_totals)s
         RETURNING length(k.recent_results), length(replace(k.recent_results, '0', ''))
            """,
            sender=sender,
            now=UTC_NOW,
            update_totals=self.env["partner.mailing.counter"]._update_totals_sql(
                "recorded",
                mailing_id,
                totals=("pending_count", "sent_count", "failed_count", "uncertain_count"),
                assignments=[
                    SQL("recent_results = %s", recent),
                    SQL("claimed_to = COALESCE($8::integer, k.claimed_to)"),
                ],
            ),
        )

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
        # A trigger in the past would run the scheduled action at once, again and again.
        return moment and max(moment, fields.Datetime.now() + timedelta(seconds=1))
