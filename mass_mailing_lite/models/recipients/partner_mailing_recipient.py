from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..mailing.unchecked_many2one import UncheckedMany2one

STATES = [
    ("pending", "Waiting"),
    ("sending", "Being Sent"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("bounced", "Bounced"),
    ("uncertain", "Uncertain"),
    ("skipped", "Left Out"),
]
SKIP_REASONS = [
    ("no_email", "No e-mail address"),
    ("invalid", "Invalid e-mail address"),
    ("duplicate", "Address is already in the list"),
    ("blocklisted", "On the blocklist"),
    ("unsubscribed", "Unsubscribed"),
    ("excluded_group", "In an excluded tag"),
    ("by_hand", "Left out by hand"),
    ("cancelled", "Mailing cancelled"),
]
FAILURE_TYPES = [
    ("address_unknown", "Address unknown"),
    ("mailbox_full", "Mailbox full"),
    ("mailbox_unavailable", "Mailbox unavailable"),
    ("relay_denied", "Relaying denied"),
    ("policy", "Refused by policy"),
    ("content", "Content refused"),
    ("too_large", "Message too large"),
    ("smtputf8", "International address not supported"),
    ("greylisted", "Greylisted, tried again later"),
    ("rate_limited", "Too many messages, tried again later"),
    ("network", "Connection lost"),
    ("sender_refused", "Sender refused"),
    ("login", "Login refused"),
    ("tls", "Encryption failed"),
    ("server", "Mail server trouble"),
    ("rendering", "Message could not be made"),
    ("unknown", "Other reason"),
]


class PartnerMailingRecipient(models.Model):
    """One addressee of one mailing, and what became of the message to them."""

    _name = "partner.mailing.recipient"
    _inherit = ["partner.mailing.guard"]
    _description = "Mailing Recipient"
    _order = "id"
    _rec_name = "name"
    _rec_names_search = ["name", "email"]
    _log_access = False  # a million rows, written by SQL: four columns saved

    # Without foreign keys: see partner_mailing_recipient_reference.
    mailing_id = UncheckedMany2one("partner.mailing", required=True, ondelete="cascade")
    partner_id = UncheckedMany2one(
        "res.partner",
        "Contact",
        index="btree_not_null",
        ondelete="set null",
        help="Empty for an extra address that belongs to no contact.",
    )
    name = fields.Char()
    email = fields.Char("E-mail", help="The address as it stood in the contact or was typed.")
    email_normalized = fields.Char("Normalized E-mail")
    lang = fields.Selection(lambda self: self.env["res.lang"].get_installed(), "Language")
    state = fields.Selection(STATES, required=True, default="pending")
    skip_reason = fields.Selection(SKIP_REASONS, "Reason Left Out")
    failure_type = fields.Selection(FAILURE_TYPES)
    failure_reason = fields.Text("Reply of the Mail Server")
    attempts = fields.Integer(default=0)
    next_attempt_at = fields.Datetime("Next Attempt")
    sent_at = fields.Datetime("Sent On")
    message_id = fields.Char("Message-ID")
    is_submitted = fields.Boolean(
        "Submitted",
        default=False,
        help="Part of the list that was submitted for validation; nobody else is ever written to.",
    )
    claim = fields.Integer(help="Number of the sender that took the row; see partner.mailing.")
    reason = fields.Char("Result", compute="_compute_reason")

    # One message an address. Left-out rows do not hold their address, except
    # those left out by hand: the next contact with that address must not slip
    # into the place that somebody has just emptied.
    _address_uniq = models.UniqueIndex(
        "(mailing_id, email_normalized)"
        " WHERE skip_reason IS NULL OR skip_reason IN ('by_hand', 'unsubscribed')",
        "This address is already in the mailing.",
    )
    # Each index costs a second at a million rows, so there is none for lookups
    # by address alone. The unique one begins with the mailing: a list that is
    # loaded in the order of addresses is then added at its end.
    # What the sender walks along, by id and never by OFFSET.
    _mailing_state_idx = models.Index("(mailing_id, state, id)")
    _retry_idx = models.Index(
        "(next_attempt_at) WHERE state = 'pending' AND next_attempt_at IS NOT NULL"
    )
    _claim_idx = models.Index("(claim) WHERE state = 'sending'")

    def init(self):
        # Numbers for senders (column `claim`). Owned by the column, so that
        # uninstalling the addon takes it along.
        self.env.cr.execute(
            "CREATE SEQUENCE IF NOT EXISTS partner_mailing_recipient_claim_seq"
            " AS integer CYCLE OWNED BY partner_mailing_recipient.claim"
        )

    @api.depends("name", "email")
    def _compute_display_name(self):
        for recipient in self:
            recipient.display_name = recipient.name or recipient.email or ""

    @api.depends("state", "skip_reason", "failure_type", "failure_reason")
    def _compute_reason(self):
        """Say in words what became of the row: the skip reason or the server's reply."""
        skip_reasons = dict(self._fields["skip_reason"]._description_selection(self.env))
        failure_types = dict(self._fields["failure_type"]._description_selection(self.env))
        for recipient in self:
            failure = ": ".join(
                part
                for part in (
                    failure_types.get(recipient.failure_type),
                    recipient.failure_reason,
                )
                if part
            )
            recipient.reason = skip_reasons.get(recipient.skip_reason) or failure

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_leave_out(self):
        """Do not write to these recipients, whatever the audiences say later.

        Possible until the message is on its way: fewer than validated is safe.
        """
        self._check_can_review()
        self._set_left_out(self.filtered(lambda recipient: recipient.state == "pending"))
        return True

    def action_take_back(self):
        """Write again to recipients that were left out by hand.

        :raises UserError: after submission: more than validated is not safe
        """
        self._check_can_review()
        for mailing in self.mailing_id:
            mailing._check_editable(self.env._("take back recipients"))
        by_hand = self.filtered(lambda recipient: recipient.skip_reason == "by_hand")
        if (
            refused := self
            - by_hand
            - self.filtered(lambda recipient: recipient.state != "skipped")
        ):
            raise UserError(
                self.env._(
                    "%(name)s cannot be taken back: %(reason)s. Only who was left out by hand can.",
                    name=refused[0].display_name,
                    reason=refused[0].reason,
                )
            )
        by_hand._as_system().write({"state": "pending", "skip_reason": False})
        by_hand.mailing_id._recount()
        by_hand.mailing_id._note_editor()
        return True

    def _check_can_review(self):
        self.mailing_id.check_access("write")

    def _set_left_out(self, recipients, reason="by_hand"):
        """Mark pending rows as left out; rows that a sender has taken stay as they are."""
        # The row is locked and looked at again: a sender may take it at this very moment.
        locked = recipients.sudo().try_lock_for_update()
        locked.invalidate_recordset(["state"])
        locked = locked.filtered(lambda recipient: recipient.state == "pending")
        locked._as_system().write({"state": "skipped", "skip_reason": reason})
        locked.mailing_id._recount()

    # ------------------------------------------------------------
    # Fingerprint
    # ------------------------------------------------------------

    def _submitted_set_sql(self, mailing):
        """Return SQL for the SHA-256 (hex) and the size of a mailing's submitted list.

        Each row is hashed by itself and the hashes are joined in the order of
        ids, 32 bytes a row, inside PostgreSQL: nothing of a million rows comes
        to Python.
        """
        return SQL(
            """
            SELECT encode(sha256(coalesce(string_agg(row_hash, ''::bytea ORDER BY id), '')), 'hex'),
                   count(*)
              FROM (SELECT id,
                           sha256(convert_to(
                               ROW(id, email_normalized, name, lang)::text, 'UTF8'
                           )) AS row_hash
                      FROM partner_mailing_recipient
                     WHERE mailing_id = %s AND is_submitted) r
            """,
            mailing.id,
        )
