import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .. import review
from ..review.proof_run import FAILED, RETRY_MINUTES, SENT, VOID, WAITING
from ..sender.transaction import in_transaction

_logger = logging.getLogger(__name__)

STATES = [
    (WAITING, "Waiting"),
    (SENT, "Sent"),
    (FAILED, "Not Sent"),
    (VOID, "Not Needed"),
]
# A proof that waits longer for a rate limit gets a message in its place.
PATIENCE = timedelta(minutes=15)
# Rows say who had how many proofs on the last day; older ones are removed.
KEPT = timedelta(days=30)


class PartnerMailingProof(models.Model):
    """The proof of one request to one validator: the message in her mailbox, and whether it left.

    A proof is sent after the submission, by a scheduled action, and never as to a recipient: it has
    no row in the list, and its links act for no recipient.
    """

    _name = "partner.mailing.proof"
    _inherit = ["partner.mailing.guard"]
    _description = "Proof of a Mailing"
    _order = "id"
    _rec_name = "user_id"

    mailing_id = fields.Many2one("partner.mailing", required=True, index=True, ondelete="cascade")
    approval_id = fields.Many2one(
        "partner.mailing.approval", "Request", required=True, ondelete="cascade"
    )
    user_id = fields.Many2one("res.users", "Validator", required=True, ondelete="cascade")
    state = fields.Selection(STATES, required=True, default=WAITING)
    next_at = fields.Datetime("Next Try", required=True)
    attempts = fields.Integer(default=0, required=True)
    sent_at = fields.Datetime("Sent On")
    reason = fields.Char(help="Why it was not sent.")

    _approval_user_uniq = models.UniqueIndex("(approval_id, user_id)")
    _waiting_idx = models.Index("(next_at) WHERE state = 'waiting'")

    @api.model
    def _cron_send(self):
        """Send the proofs that are due, mailing by mailing; no error of one stops the others."""
        cron = self.env["ir.cron"]
        due = self._as_system().search(
            [("state", "=", WAITING), ("next_at", "<=", fields.Datetime.now())]
        )
        for proofs in due.grouped("mailing_id").values():
            claimed = proofs._claim()
            cron._commit_progress(0)
            try:
                if claimed:
                    claimed._send(cron)
            except Exception:
                # They were claimed, so that they are tried again later, and not for ever.
                self.env.cr.rollback()
                _logger.exception(
                    "The proofs of the mailing %s were not sent.", proofs.mailing_id.id
                )
            cron._commit_progress(len(claimed))
        self._wake_up()

    def _claim(self):
        """Return those of the proofs that still wait; a process that ends leaves them for later."""
        claimed = self.try_lock_for_update()
        claimed.invalidate_recordset()
        now = fields.Datetime.now()
        claimed = claimed.filtered(lambda one: one.state == WAITING and one.next_at <= now)
        for proof in claimed:
            minutes = RETRY_MINUTES[min(proof.attempts, len(RETRY_MINUTES) - 1)]
            next_at = now + timedelta(minutes=minutes)
            proof.write({"attempts": proof.attempts + 1, "next_at": next_at})
        return claimed

    def _wake_up(self):
        """Let the scheduled action run when the next proof is due."""
        waiting = self._as_system().search([("state", "=", WAITING)], order="next_at", limit=1)
        if waiting:
            cron = self.env.ref("mass_mailing_lite.ir_cron_proofs").sudo()
            cron._trigger(at=max(waiting.next_at, fields.Datetime.now()))

    def _send(self, cron):
        """Send the proofs of one mailing, record what became of each, and say so in its chatter."""
        requester = self.approval_id.requested_by_id[:1]
        mailing = self.env["partner.mailing"].sudo().browse(self.mailing_id.id)
        mailing = mailing.with_context(lang=requester.lang)
        results = review.ProofRun(mailing, self).transmit()
        for proof, (state, reason, wait) in results.items():
            values = {"state": state, "reason": reason}
            if state == SENT:
                values["sent_at"] = fields.Datetime.now()
            elif wait:
                # It waits for room, and this was no try.
                values["next_at"] = fields.Datetime.now() + wait
                values["attempts"] = proof.attempts - 1
            proof.write(values)
        cron._commit_progress(0)
        # Others write the mailing at the same time, and what has left stays recorded.
        in_transaction(self.env.cr, lambda: self._tell(mailing, results))

    def _tell(self, mailing, results):
        """Write into the chatter what became of proofs, and let the other e-mail to who got none go.

        :param results: see ``review.ProofRun.transmit``
        """
        sentences = review.describe_proofs(mailing, results)
        if sentences:
            mailing.message_post(body=review.to_paragraphs(sentences), subtype_xmlid="mail.mt_note")
        for proof, (state, _reason, wait) in results.items():
            if state == SENT or proof.approval_id.state != "pending":
                proof._find_queued().unlink()
            elif not wait or wait > PATIENCE:
                proof._find_queued().send()

    def _find_queued(self):
        """Return the e-mail about the activity that waits in Odoo's queue; see ``ask_for_proofs``.

        The proof says the same, so one of both leaves. Where the scheduled action of proofs does
        not run, Odoo's own sends it.
        """
        self.ensure_one()
        return self.env["mail.mail"].search(
            [
                ("state", "=", "outgoing"),
                ("message_type", "=", "user_notification"),
                ("model", "=", "partner.mailing"),
                ("res_id", "=", self.mailing_id.id),
                ("recipient_ids", "in", self.user_id.partner_id.ids),
                ("create_date", ">=", self.create_date),
            ]
        )

    def _count_lately(self):
        """Return how many proofs of the same requester the validator had within a day."""
        self.ensure_one()
        [(number,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*)
                  FROM partner_mailing_proof p
                  JOIN partner_mailing_approval a ON a.id = p.approval_id
                 WHERE p.user_id = %s AND a.requested_by_id = %s AND p.state = 'sent'
                   AND p.sent_at > %s
                """,
                self.user_id.id,
                self.approval_id.requested_by_id.id,
                fields.Datetime.now() - timedelta(days=1),
            )
        )
        return number

    @api.autovacuum
    def _remove_old(self):
        limit = fields.Datetime.now() - KEPT
        self._as_system().search(
            [("create_date", "<", limit), ("approval_id.state", "!=", "pending")]
        ).unlink()
