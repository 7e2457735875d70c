import json
from collections import Counter

from odoo import api, fields, models
from odoo.tools import SQL

from ..selection import renew_list_statistics
from ..sender.sql_terms import SENDER_LOCK

WAIT_REASONS = [
    ("rate_limit", "Rate limit"),
    ("domain", "Rate limit for one domain"),
    ("hours", "Sending hours"),
    ("server", "Mail server fault"),
]

# Each total, and the states of recipients that it counts.
TOTAL_STATES = {
    "recipient_count": ("pending", "sending", "sent", "failed", "bounced", "uncertain"),
    "pending_count": ("pending", "sending"),
    "sent_count": ("sent",),
    "failed_count": ("failed",),
    "bounced_count": ("bounced",),
    "uncertain_count": ("uncertain",),
    "skipped_count": ("skipped",),
}


def _change_sql(states):
    """Return SQL for how many recipients of a CTE entered some states, minus those that left."""
    return SQL(
        "count(*) FILTER (WHERE new_state IN %s) - count(*) FILTER (WHERE old_state IN %s)",
        states,
        states,
    )


class PartnerMailingCounter(models.Model):
    """The totals and the sending status of one mailing.

    While a mailing is being sent, this row is written dozens of times a second. If the totals were
    columns of the mailing, each press of "Pause" would conflict with such an update.
    """

    _name = "partner.mailing.counter"
    _inherit = ["partner.mailing.guard"]
    _description = "Mailing Counter"
    _log_access = False

    mailing_ids = fields.One2many(
        "partner.mailing", "counter_id", help="The mailing that is counted."
    )
    recipient_count = fields.Integer(default=0, required=True)
    pending_count = fields.Integer(default=0, required=True)
    sent_count = fields.Integer(default=0, required=True)
    failed_count = fields.Integer(default=0, required=True)
    bounced_count = fields.Integer(default=0, required=True)
    uncertain_count = fields.Integer(default=0, required=True)
    skipped_count = fields.Integer(default=0, required=True)
    # Recipients counted above with a further property, which is no state.
    unsubscribed_count = fields.Integer(default=0, required=True)
    opened_count = fields.Integer(default=0, required=True)
    clicked_count = fields.Integer(default=0, required=True)
    machine_opened_count = fields.Integer(default=0, required=True)
    downloaded_count = fields.Integer(default=0, required=True)
    replied_count = fields.Integer(default=0, required=True)
    # Further addresses of contacts with several; they change with the whole list alone.
    further_count = fields.Integer(default=0, required=True)
    further_included_count = fields.Integer(default=0, required=True)

    # Sending status: why it waits, how long it has been sending, failures of the last recipients.
    wait_reason = fields.Selection(WAIT_REASONS, "Waits Because Of")
    wait_until = fields.Datetime("Waits Until")
    fault_words = fields.Text("Words of the Mail Server")
    fault_count = fields.Integer("Tries Without Success", default=0)
    busy_seconds = fields.Float(
        "Seconds of Sending", default=0.0, help="Without the time in which it waited."
    )
    served_at = fields.Datetime(
        "Last Sent From", help="The mailing that waits for longest has the next slice."
    )
    recent_results = fields.Char(
        help="Of the last recipients that were settled, a character each: 1 for failed, 0 for sent."
    )
    is_sorted_by_domain = fields.Boolean(
        default=False, help="See partner.mailing.recipient, field domain."
    )
    claimed_to = fields.Integer(
        "Claimed up to Recipient",
        default=0,
        help="Claims begin behind this row. Only those that were deferred, and the few that were put"
        " back, wait before it.",
    )
    claimed_by = fields.Json(
        "Senders With Claims",
        help="{number: true}, false for a sender that was found dead. Numbers go when all rows of the"
        " sender are recorded.",
    )

    def _recount(self, mailing):
        """Count the recipients of ``mailing`` by state and language, and write the totals.

        One pass over its rows, 0.4 s at a million: for steps that change the whole list, never for
        a claim.
        """
        self.ensure_one()
        self.env["partner.mailing.recipient"].flush_model()
        groups = self.env.execute_query(
            SQL(
                """
                SELECT state, lang, count(*), count(unsubscribed_at),
                       count(*) FILTER (WHERE is_further AND skip_reason = 'further_address'),
                       count(*) FILTER (WHERE is_further AND skip_reason IS NULL)
                  FROM partner_mailing_recipient
                 WHERE mailing_id = %s
              GROUP BY state, lang
                """,
                mailing.id,
            )
        )
        by_state = Counter()
        for state, _lang, count, *_others in groups:
            by_state[state] += count
        unsubscribed, further, further_included = (
            sum(group[place] for group in groups) for place in (3, 4, 5)
        )
        self._as_system().write(
            {
                **{
                    name: sum(by_state[state] for state in states)
                    for name, states in TOTAL_STATES.items()
                },
                "unsubscribed_count": unsubscribed,
                "further_count": further,
                "further_included_count": further_included,
                "claimed_to": 0,  # rows before it may wait now
            }
        )
        self.flush_recordset()
        renew_list_statistics(self.env, mailing.id, by_state.total())
        mailing._invalidate_totals()
        mailing._store_language_counts([group[:3] for group in groups])

    @api.model
    def _update_totals_sql(
        self, changes, mailing_id=None, totals=tuple(TOTAL_STATES), further=None, assignments=()
    ):
        """Return the UPDATE that changes totals of mailings by the recipients of a CTE.

        All changes of totals are made by this statement, or by ``_recount``, which counts all rows.

        :param str changes: name of a CTE with a row for each recipient, and with the columns
            mailing_id, old_state and new_state
        :param mailing_id: where all rows are of one mailing, its id: then its counter is updated
            also when the CTE is empty
        :param totals: names of those among ``TOTAL_STATES`` that can change
        :param further: {name of a total that is no state: SQL of an aggregate over the CTE}
        :param assignments: SQL of further assignments to the counter ``k`` of the mailing ``m``
        """
        sums = {name: _change_sql(TOTAL_STATES[name]) for name in totals}
        sums.update(further or {})
        moved = [SQL("%s = k.%s + t.%s", *[SQL.identifier(name)] * 3) for name in sums]
        return SQL(
            """
            UPDATE partner_mailing_counter k
               SET %(assignments)s
              FROM (SELECT %(key)s AS mailing_id, %(sums)s FROM %(changes)s %(grouping)s) t
              JOIN partner_mailing m ON m.id = t.mailing_id
             WHERE k.id = m.counter_id
            """,
            assignments=SQL(", ").join([*moved, *assignments]),
            key=SQL.identifier("mailing_id") if mailing_id is None else SQL("%s", mailing_id),
            sums=SQL(", ").join(SQL("%s AS %s", sql, SQL.identifier(n)) for n, sql in sums.items()),
            changes=SQL.identifier(changes),
            grouping=SQL("GROUP BY mailing_id") if mailing_id is None else SQL(),
        )

    @api.model
    def _note_claims_sql(self, mailing_id, sender, picked):
        """Return the UPDATE that notes that a sender has claimed rows of a mailing.

        :param str picked: name of the CTE with the rows; when it is empty, nothing is noted
        """
        return SQL(
            """
            UPDATE partner_mailing_counter k
               SET claimed_by = COALESCE(k.claimed_by, '{}') || %(note)s
              FROM partner_mailing m
             WHERE m.id = %(mailing)s AND k.id = m.counter_id
               AND NOT COALESCE(k.claimed_by @> %(note)s, FALSE)
               AND EXISTS (SELECT FROM %(picked)s)
            """,
            note=SQL("jsonb_build_object(%s, TRUE)", str(sender)),
            mailing=mailing_id,
            picked=SQL.identifier(picked),
        )

    def _forget_claims(self, counter_id, sender):
        """Note that all rows of a mailing that ``sender`` has claimed are recorded."""
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing_counter SET claimed_by = claimed_by - %s::text"
                " WHERE id = %s AND claimed_by ? %s",
                str(sender),
                counter_id,
                str(sender),
            )
        )

    @api.model
    def _has_claims(self):
        """Tell whether any sender has claims, without a look at the recipients of all mailings."""
        claimed = SQL(
            "SELECT EXISTS (SELECT FROM partner_mailing_counter WHERE claimed_by != '{}')"
        )
        [(has_claims,)] = self.env.execute_query(claimed)
        return has_claims

    @api.model
    def _find_dead_claims(self):
        """Return {counter: {sender: whether it was alive so far}} of dead senders with claims."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT k.id, jsonb_object_agg(note.key, note.value)
                  FROM partner_mailing_counter k, jsonb_each(k.claimed_by) note
                 WHERE k.claimed_by != '{}'
                   AND pg_try_advisory_xact_lock(%s, note.key::integer)
              GROUP BY k.id
                """,
                SENDER_LOCK,
            )
        )
        return dict(rows)

    @api.model
    def _forget_dead_claims(self, found):
        """Forget dead senders whose rows are settled.

        Those that were found for the first time are kept until the next look: this transaction may
        have begun before the last claim of a sender that has died since.

        :param found: what ``_find_dead_claims`` has returned
        """
        for counter_id, notes in found.items():
            gone = [sender for sender, was_alive in notes.items() if not was_alive]
            dead = {sender: False for sender, was_alive in notes.items() if was_alive}
            self.env.cr.execute(
                SQL(
                    "UPDATE partner_mailing_counter SET claimed_by = (claimed_by - %s::text[]) || %s"
                    " WHERE id = %s",
                    gone,
                    json.dumps(dead),
                    counter_id,
                )
            )

    def _write_sending_status(self, counter_id, **values):
        """Write fields of the sending status; ``busy_seconds`` is added to the stored value.

        By SQL, since another sender may have written the row after the ORM has read it.
        """
        values = {
            name: SQL("COALESCE(busy_seconds, 0) + %s", value) if name == "busy_seconds" else value
            for name, value in values.items()
        }
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing_counter SET %s WHERE id = %s",
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items()
                ),
                counter_id,
            )
        )
        self.browse(counter_id).invalidate_recordset(flush=False)
