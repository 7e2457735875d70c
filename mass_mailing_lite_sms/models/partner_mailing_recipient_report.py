from odoo import models
from odoo.addons.mass_mailing_lite.models.sending.sql_terms import UTC_NOW
from odoo.tools import SQL

# Failure types of sms.tracker that say: never again to this number.
PERMANENT = {"sms_invalid_destination": "sms_destination", "sms_not_allowed": "sms_not_allowed"}
# Those after which the next SMS may arrive.
TRANSIENT = {
    "sms_rejected": "sms_rejected",
    "sms_expired": "sms_expired",
    "sms_not_delivered": "sms_not_delivered",
}


class PartnerMailingRecipient(models.Model):
    """What a provider reports later: delivered, or not and why."""

    _inherit = "partner.mailing.recipient"

    def _receive_sms_arrival(self):
        """Settle recipients of whom it is not known yet whether their SMS went out: it did.

        Some are just being sent to: who waits in vain for the provider's answer would call them
        uncertain, though their phones have rung. A sender records only rows that are still its own.
        """
        for recipient in self:
            recipient._in_own_transaction(lambda rows: rows._write_sms_arrival())
        self._forget_cached_rows()

    def _receive_sms_failure(self, failure_type, reason):
        """Mark recipients whose SMS came to nothing after the provider had taken it."""
        kind = "permanent" if failure_type in PERMANENT else "transient"
        own_type = {**PERMANENT, **TRANSIENT}.get(failure_type, "unknown")
        for recipient in self:
            recipient._in_own_transaction(
                lambda rows: rows._record_bounce(kind, own_type, reason or None)
            )
        self._forget_cached_rows()

    def _write_sms_arrival(self):
        """Write the state and the totals in one statement; return None when the row is not there."""
        self.env.cr.execute(
            SQL(
                """
                WITH old AS (
                    SELECT id, mailing_id, state
                      FROM partner_mailing_recipient
                     WHERE id = %(id)s
                       FOR UPDATE
                ), settled AS (
                    UPDATE partner_mailing_recipient r
                       SET state = 'sent', failure_type = NULL, failure_reason = NULL,
                           sent_at = COALESCE(r.sent_at, %(now)s), claim = NULL
                      FROM old
                     WHERE r.id = old.id AND old.state IN ('sending', 'uncertain')
                 RETURNING old.mailing_id, old.state
                ), counted AS (
                    UPDATE partner_mailing_counter k
                       SET pending_count = k.pending_count - (s.state = 'sending')::int,
                           uncertain_count = k.uncertain_count - (s.state = 'uncertain')::int,
                           sent_count = k.sent_count + 1
                      FROM settled s JOIN partner_mailing m ON m.id = s.mailing_id
                     WHERE k.id = m.counter_id
                 RETURNING k.id)
                SELECT id FROM old
                """,
                id=self.id,
                now=UTC_NOW,
            ),
            log_exceptions=False,
        )
        return self.env.cr.rowcount or None
