from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..moving import COUNTS, count_sql

# Days after its sending from which the figures of a mailing are kept, and not counted for each look.
KEPT_AFTER = 1
# What was kept is counted anew when it is older than this part of the mailing's age: after an hour on
# the second day, after a day in the fourth week. Openings and clicks grow rare in the same way. For
# the mailings of a year that is 140 times.
PART_OF_AGE = 24
RECOUNT_UNTIL = 365  # days
# A million traces take about a second.
MAILINGS_A_BATCH = 20


class PartnerMailingPastCounter(models.Model):
    """The figures of one mailing of Email Marketing that was sent, as last counted.

    To count a million traces for each look at the statistics would take about a second. Figures of
    mailings without such a record are counted when they are read. Users read the figures in
    ``partner.mailing.report`` alone.
    """

    _name = "partner.mailing.past.counter"
    _inherit = ["partner.mailing.guard"]
    _description = "Figures of a Mailing of Email Marketing"
    _log_access = False

    email_marketing_id = fields.Many2one(
        "mailing.mailing", "Mailing", required=True, ondelete="cascade"
    )
    counted_at = fields.Datetime(required=True)
    recipient_count = fields.Integer("Recipients")
    sent_count = fields.Integer("Sent")
    delivered_count = fields.Integer("Delivered")
    opened_count = fields.Integer("Opened")
    clicked_count = fields.Integer("Clicked")
    replied_count = fields.Integer("Replied")
    bounced_count = fields.Integer("Bounced")
    failed_count = fields.Integer("Failed")

    _mailing_uniq = models.UniqueIndex(
        "(email_marketing_id)", "The figures of this mailing are kept already."
    )

    @api.model
    def _cron_count(self):
        """Count the mailings that were sent, and were not counted lately."""
        cron = self.env["ir.cron"]
        due = self._find_due()
        cron._commit_progress(remaining=len(due))
        for start in range(0, len(due), MAILINGS_A_BATCH):
            batch = due[start : start + MAILINGS_A_BATCH]
            self._count(batch)
            if not cron._commit_progress(len(batch)):
                break

    @api.model
    def _find_due(self):
        """Return the ids of the mailings to count, in the order of their sending."""
        self.env["mailing.mailing"].flush_model(["state", "sent_date"])
        self.flush_model()
        now = fields.Datetime.now()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT s.id
                  FROM mailing_mailing s
             LEFT JOIN partner_mailing_past_counter p ON p.email_marketing_id = s.id
                 WHERE s.state = 'done' AND s.sent_date < %(kept)s
                   AND (p.id IS NULL OR p.counted_at < s.sent_date
                        OR (s.sent_date > %(until)s
                            AND %(now)s - p.counted_at > (%(now)s - s.sent_date) / %(part)s))
              ORDER BY s.sent_date, s.id
                """,
                now=SQL("%s::timestamp", now),
                kept=now - timedelta(days=KEPT_AFTER),
                until=now - timedelta(days=RECOUNT_UNTIL),
                part=PART_OF_AGE,
            )
        )
        return [number for (number,) in rows]

    @api.model
    def _count(self, ids):
        """Count the traces of mailings, by the index on ``mass_mailing_id``."""
        self.env["mailing.trace"].flush_model()
        names = [SQL.identifier(name) for name in COUNTS]
        columns = SQL(", ").join(names)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO partner_mailing_past_counter (email_marketing_id, counted_at, %s)
                SELECT s.id, %s, k.*
                  FROM unnest(%s) s(id)
            CROSS JOIN LATERAL (%s) k
           ON CONFLICT (email_marketing_id) DO UPDATE SET counted_at = EXCLUDED.counted_at, %s
                """,
                columns,
                fields.Datetime.now(),
                list(ids),
                count_sql(SQL("s.id"), SQL("TRUE")),
                SQL(", ").join(SQL("%s = EXCLUDED.%s", name, name) for name in names),
            )
        )
        self.invalidate_model(flush=False)
