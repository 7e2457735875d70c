from odoo import fields, models
from odoo.tools import SQL

from ..sender.sql_terms import SENDER_LOCK


class PartnerMailingReservation(models.Model):
    """A number of messages that one sender has reserved against a rate limit.

    One for each claim; where the server has a limit for domains, also one for each domain of a
    claim. Its messages count against the limits from the claim (``taken_at``) until the length of a
    window after the last of them was transmitted (``ended_at``, empty until then): at whatever
    moment in between the server counts a message, no window of the server has more than the limit.
    """

    _name = "partner.mailing.reservation"
    _inherit = ["partner.mailing.guard"]
    _description = "Messages Reserved by a Sender"
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
        """End the open reservations of dead senders now: they have sent nothing after that."""
        self.env.cr.execute(
            SQL(
                """
                WITH dead AS MATERIALIZED (
                    SELECT sender
                      FROM (SELECT DISTINCT sender FROM partner_mailing_reservation
                             WHERE ended_at IS NULL) open_reservations
                     WHERE pg_try_advisory_xact_lock(%s, sender))
                UPDATE partner_mailing_reservation r
                   SET ended_at = GREATEST(
                           r.taken_at, extract(epoch FROM clock_timestamp()) - l.clock_offset)
                  FROM dead, partner_mailing_rate_limit l
                 WHERE r.ended_at IS NULL AND r.sender = dead.sender
                   AND l.id = r.rate_limit_id
                """,
                SENDER_LOCK,
            )
        )
