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

    recipient_count = fields.Integer(default=0, required=True)
    pending_count = fields.Integer(default=0, required=True)
    sent_count = fields.Integer(default=0, required=True)
    failed_count = fields.Integer(default=0, required=True)
    bounced_count = fields.Integer(default=0, required=True)
    uncertain_count = fields.Integer(default=0, required=True)
    skipped_count = fields.Integer(default=0, required=True)

    def _recount(self, mailing):
        """Set the totals of ``mailing`` anew from its recipients.

        One pass over the index on (mailing_id, state): 0.2 s at a million rows,
        so for steps that touch the whole list, never for a batch.
        """
        self.ensure_one()
        self.env["partner.mailing.recipient"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_counter c
                   SET recipient_count = t.total - t.skipped,
                       pending_count = t.pending,
                       sent_count = t.sent,
                       failed_count = t.failed,
                       bounced_count = t.bounced,
                       uncertain_count = t.uncertain,
                       skipped_count = t.skipped
                  FROM (SELECT count(*) AS total,
                               count(*) FILTER (WHERE state IN ('pending', 'sending')) AS pending,
                               count(*) FILTER (WHERE state = 'sent') AS sent,
                               count(*) FILTER (WHERE state = 'failed') AS failed,
                               count(*) FILTER (WHERE state = 'bounced') AS bounced,
                               count(*) FILTER (WHERE state = 'uncertain') AS uncertain,
                               count(*) FILTER (WHERE state = 'skipped') AS skipped
                          FROM partner_mailing_recipient
                         WHERE mailing_id = %(mailing_id)s) t
                 WHERE c.id = %(counter_id)s
                """,
                mailing_id=mailing.id,
                counter_id=self.id,
            )
        )
        self.invalidate_recordset(flush=False)
        mailing._forget_cached_totals()
