from collections import Counter

from odoo import fields, models
from odoo.tools import SQL


class PartnerMailingCounter(models.Model):
    """The running totals of one mailing, in a row of their own.

    While a mailing is being sent this row is written dozens of times a second.
    Were the totals columns of the mailing, each press of "Pause" would meet a
    concurrent update of the same row.
    """

    _name = "partner.mailing.counter"
    _inherit = ["partner.mailing.guard"]
    _description = "Mailing Counter"
    _log_access = False

    mailing_ids = fields.One2many("partner.mailing", "counter_id", help="The one that it counts.")
    recipient_count = fields.Integer(default=0, required=True)
    pending_count = fields.Integer(default=0, required=True)
    sent_count = fields.Integer(default=0, required=True)
    failed_count = fields.Integer(default=0, required=True)
    bounced_count = fields.Integer(default=0, required=True)
    uncertain_count = fields.Integer(default=0, required=True)
    skipped_count = fields.Integer(default=0, required=True)
    # Not a state: of those above.
    replied_count = fields.Integer(default=0, required=True)

    def _recount(self, mailing):
        """Set the totals of ``mailing`` anew from its recipients, and its languages.

        One pass over its rows: 0.4 s at a million, so for steps that touch the
        whole list, never for a batch.
        """
        self.ensure_one()
        self.env["partner.mailing.recipient"].flush_model()
        groups = self.env.execute_query(
            SQL(
                """
                SELECT state, lang, count(*), count(unsubscribed_at)
                  FROM partner_mailing_recipient
                 WHERE mailing_id = %s
              GROUP BY state, lang
                """,
                mailing.id,
            )
        )
        by_state, unsubscribed = Counter(), 0
        for state, _lang, count, left in groups:
            by_state[state] += count
            unsubscribed += left
        skipped = by_state.pop("skipped", 0)
        self._as_system().write(
            {
                "recipient_count": by_state.total(),
                "pending_count": by_state["pending"] + by_state["sending"],
                "sent_count": by_state["sent"],
                "failed_count": by_state["failed"],
                "bounced_count": by_state["bounced"],
                "uncertain_count": by_state["uncertain"],
                "skipped_count": skipped,
                "unsubscribed_count": unsubscribed,
            }
        )
        self.flush_recordset()
        mailing._forget_cached_totals()
        mailing._note_languages([group[:3] for group in groups])
