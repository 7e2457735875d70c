from odoo import models
from odoo.tools import SQL

# Mailings that may still write to somebody. Drafts are judged when they are submitted.
OPEN_STATES = ("to_validate", "validated", "sending", "paused")


class PartnerMailingRecipient(models.Model):
    """What follows for lists and totals when an address has left."""

    _inherit = "partner.mailing.recipient"

    def _settle_unsubscription(self, standing):
        """Leave the address out of all mailings under way, and count who unsubscribed.

        Or take it back into them, when it was undone: as far as it is in the
        list that was submitted, so never more than was validated.

        A statement of its own transaction: a sender writes the totals forty
        times a second, and a conflict with it must not undo the decision. The
        count is taken anew, so one that was missed is in the next.

        Plan: the few mailings under way by state, in each the address in
        ``_address_uniq``; the count by ``_unsubscribed_idx``.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH gone AS (
                    UPDATE partner_mailing_recipient r
                       SET state = 'skipped', skip_reason = 'unsubscribed'
                      FROM partner_mailing m
                     WHERE m.state = ANY(%(open)s) AND r.mailing_id = m.id
                       AND r.email_normalized = %(address)s
                       AND r.skip_reason IS NULL AND r.state = 'pending'
                       AND (EXISTS (SELECT FROM mail_blacklist b
                                     WHERE b.email = %(address)s AND b.active) OR %(left)s)
                 RETURNING m.counter_id
                ), back AS (
                    UPDATE partner_mailing_recipient r
                       SET state = 'pending', skip_reason = NULL
                      FROM partner_mailing m
                     WHERE m.state = ANY(%(open)s) AND r.mailing_id = m.id
                       AND r.email_normalized = %(address)s
                       AND r.skip_reason = 'unsubscribed' AND r.is_submitted
                       AND NOT EXISTS (SELECT FROM mail_blacklist b
                                        WHERE b.email = %(address)s AND b.active)
                       AND NOT %(left)s
                 RETURNING m.counter_id
                ), changed AS (
                    SELECT counter_id, 1 AS gone FROM gone
                     UNION ALL
                    SELECT counter_id, -1 FROM back
                     UNION ALL
                    SELECT counter_id, 0 FROM partner_mailing WHERE id = %(mailing)s
                ), total AS (
                    SELECT counter_id, sum(gone)::integer AS gone FROM changed GROUP BY counter_id)
                UPDATE partner_mailing_counter k
                   SET recipient_count = k.recipient_count - t.gone,
                       pending_count = k.pending_count - t.gone,
                       skipped_count = k.skipped_count + t.gone,
                       unsubscribed_count = CASE
                           WHEN m.id = %(mailing)s THEN
                               (SELECT count(*) FROM partner_mailing_recipient
                                 WHERE mailing_id = %(mailing)s AND unsubscribed_at IS NOT NULL)
                           ELSE k.unsubscribed_count END
                  FROM total t JOIN partner_mailing m ON m.counter_id = t.counter_id
                 WHERE k.id = t.counter_id
                """,
                open=list(OPEN_STATES),
                address=standing.address,
                left=self.env["partner.mailing.unsubscription"]._left_sql(
                    SQL("m.id"), SQL("%s", standing.address)
                ),
                mailing=standing.mailing_id,
            )
        )
        self._forget_cached_rows()

    def _skip_blocklisted(self, mailing):
        result = super()._skip_blocklisted(mailing)
        self._skip_unsubscribed(mailing)
        return result

    def _skip_unsubscribed(self, mailing):
        """Leave out waiting rows whose address has left the groups of the mailing.

        Plan at a million rows: the addresses that left one of its groups, and
        each of these in ``_address_uniq``.
        """
        if not mailing.has_unsubscribe or not mailing.unsubscribe_category_ids:
            return
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_recipient r
                   SET state = 'skipped', skip_reason = 'unsubscribed'
                  FROM (SELECT DISTINCT u.email_normalized
                          FROM partner_mailing_unsubscription u
                          JOIN partner_mailing_unsubscription_category_rel l
                            ON l.unsubscription_id = u.id
                         WHERE l.category_id = ANY(%(groups)s) AND u.undone_at IS NULL) u
                 WHERE r.mailing_id = %(mailing)s AND r.email_normalized = u.email_normalized
                   AND r.skip_reason IS NULL AND r.state = 'pending'
                   AND NOT EXISTS (%(carried)s)
                """,
                groups=mailing.unsubscribe_category_ids.ids,
                mailing=mailing.id,
                carried=self.env["partner.mailing.unsubscription"]._carried_sql(
                    SQL("%s", mailing.id), SQL("r.email_normalized")
                ),
            )
        )
        if self.env.cr.rowcount:
            self._forget_cached_rows()
            mailing._recount()
