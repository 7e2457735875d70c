from odoo import fields, models
from odoo.tools import SQL

from ..sender.sql_terms import SENDER_LOCK


class PartnerMailingReservation(models.Model):
    """Messages that one sender was allowed to hand to a server, and until when it did.

    One for each claim; and where the server has a limit for domains, one for
    each domain of a claim beside it. They count against the limits from the
    claim on (``taken_at``) until a window's length after the last of them had
    left (``ended_at``, empty while they are on the wire): whatever moment in
    between a server noted, no window of its own holds more.
    """

    _name = "partner.mailing.reservation"
    _inherit = ["partner.mailing.guard"]
    _description = "Messages Granted to a Sender"
    _log_access = False

    rate_limit_id = fields.Many2one(
        "partner.mailing.rate.limit", required=True, ondelete="cascade", index=False
    )
    sender = fields.Integer(help="As in partner.mailing.recipient, field claim.")
    domain = fields.Char(help="Empty for the messages of a claim together.")
    count = fields.Integer("Messages", required=True)
    taken_at = fields.Float(required=True, help="Seconds, see partner.mailing.rate.limit.")
    ended_at = fields.Float()

    _total_idx = models.Index("(rate_limit_id, ended_at) WHERE domain IS NULL")
    _domain_idx = models.Index("(rate_limit_id, domain) WHERE domain IS NOT NULL")
    _domain_end_idx = models.Index("(rate_limit_id, ended_at) WHERE domain IS NOT NULL")
    _open_idx = models.Index("(sender) WHERE ended_at IS NULL")

    def _end_reservations_of_dead_senders(self):
        """End what dead senders have left open, now: they sent nothing later than that."""
        self.env.cr.execute(
            SQL(
                """
                WITH dead AS MATERIALIZED (
                    SELECT sender
                      FROM (SELECT DISTINCT sender FROM partner_mailing_reservation
                             WHERE ended_at IS NULL) open_grants
                     WHERE pg_try_advisory_xact_lock(%s, sender))
                UPDATE partner_mailing_reservation g
                   SET ended_at = GREATEST(
                           g.taken_at, extract(epoch FROM clock_timestamp()) - p.clock_offset)
                  FROM dead, partner_mailing_rate_limit p
                 WHERE g.ended_at IS NULL AND g.sender = dead.sender
                   AND p.id = g.rate_limit_id
                """,
                SENDER_LOCK,
            )
        )
