from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .unchecked_many2one import UncheckedMany2one

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
BOUNCE_TYPES = [
    ("permanent", "Permanent"),
    ("transient", "Temporary"),
    ("unconfirmed", "Unconfirmed"),
]

# What exclusion by hand, and its end, mean for a row.
EXCLUDED = SQL("state = 'skipped', skip_reason = 'by_hand'")
INCLUDED = SQL("state = 'pending', skip_reason = NULL")
IS_INCLUDED = SQL("state = 'pending'")
IS_EXCLUDED = SQL("state = 'skipped' AND skip_reason = 'by_hand'")


class PartnerMailingRecipient(models.Model):
    """One addressee of one mailing, and what became of the message to them.

    This file says what a recipient is, who is excluded by hand, and what happens to a whole list;
    ``…_queue`` has the statements of the sender, ``…_results`` what comes back.

    Recipients have no foreign keys. PostgreSQL checks them row by row, and locks the row that is
    referred to: for a million recipients that takes 12 s, more than all the rest of loading, and
    writes each contact's page. The rows come from the contacts in the same statement, so there is
    nothing to check; what remains is to follow when a mailing or a contact is deleted.
    """

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

    # Set only where the mail server has a limit for domains; see ``…_queue``.
    domain = fields.Char(help="Set only where the mail server has a limit for domains.")

    # Results
    bounced_at = fields.Datetime("Bounced On")
    bounce_type = fields.Selection(
        BOUNCE_TYPES,
        help="Permanent: the address is of no use. Temporary: it may take the next message."
        " Unconfirmed: reported without the message's identity, or for an address that the"
        " message was forwarded to; such reports never lead to the blocklist.",
    )
    opened_at = fields.Datetime("Opened On")
    clicked_at = fields.Datetime("Clicked On")
    machine_opened_at = fields.Datetime(
        "Opened by a Machine On", help="By a scanner, or within seconds of delivery."
    )
    replied_at = fields.Datetime("Replied On", help="When the first answer came.")
    unsubscribed_at = fields.Datetime("Unsubscribed On")

    # For the page of recipients to group and search by.
    partner_company_id = fields.Many2one(
        "res.partner", "Company of the Contact", related="partner_id.commercial_partner_id"
    )
    category_ids = fields.Many2many(
        "res.partner.category", string="Tags", related="partner_id.category_id"
    )

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
    _domain_idx = models.Index(
        "(mailing_id, domain, id) WHERE state = 'pending' AND domain IS NOT NULL"
    )
    # Who opened and who clicked, among a million; empty for mailings that do not track.
    _opened_idx = models.Index("(mailing_id, id) WHERE opened_at IS NOT NULL")
    _clicked_idx = models.Index("(mailing_id, id) WHERE clicked_at IS NOT NULL")
    _unsubscribed_idx = models.Index("(mailing_id) WHERE unsubscribed_at IS NOT NULL")

    def init(self):
        # Numbers for senders (column `claim`). Owned by the column, so that
        # uninstalling the addon takes it along.
        self.env.cr.execute(
            "CREATE SEQUENCE IF NOT EXISTS partner_mailing_recipient_claim_seq"
            " AS integer CYCLE OWNED BY partner_mailing_recipient.claim"
        )

    @api.model
    def _get_typed_columns(self):
        """Return the columns with addresses as typed, of all channels; at most one is set in a row.

        An addon that brings a channel adds its column to what ``super()`` returns.
        """
        return ("email",)

    @api.model
    def _get_address_columns(self):
        """Return the columns with normalised addresses, as ``_get_typed_columns``."""
        return ("email_normalized",)

    @api.model
    def _address_sql(self, alias):
        """Return SQL for the normalised address of a row, whatever its channel."""
        columns = [SQL.identifier(alias, name) for name in self._get_address_columns()]
        return SQL("COALESCE(%s)", SQL(", ").join(columns)) if columns[1:] else columns[0]

    @api.depends(lambda self: ["name", *self._get_typed_columns()])
    def _compute_display_name(self):
        for recipient in self:
            typed = (recipient[name] for name in self._get_typed_columns())
            recipient.display_name = recipient.name or next(filter(None, typed), "")

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

    @api.ondelete(at_uninstall=False)
    def _unlink_except_by_system(self):
        """Let Odoo's privacy lookup delete rows of mailings that are over, totals staying.

        It deletes with the rights of the system, which no call from outside has.
        """
        if self.env.su and all(
            mailing.state in ("done", "cancelled") for mailing in self.mailing_id
        ):
            return
        super()._unlink_except_by_system()

    # ------------------------------------------------------------
    # Exclusion by hand
    # ------------------------------------------------------------

    def action_exclude(self):
        """Exclude these recipients, whatever the audiences say later.

        Possible until the message is on its way: fewer than validated is safe.
        Where the page's filter selected more than ids come along, all that it matches.
        """
        if (selected := self._get_selected_by_filter()) is not None:
            self._update_selected(selected, EXCLUDED, IS_INCLUDED)
            return True
        self.mailing_id.check_access("write")
        self._exclude(self.filtered(lambda recipient: recipient.state == "pending"))
        return True

    def action_include(self):
        """Include recipients again that were excluded by hand.

        :raises UserError: after submission: more than validated is not safe
        """
        selected = self._get_selected_by_filter()
        mailings = self.mailing_id if selected is None else self._get_mailings(selected)
        mailings.check_access("write")
        for mailing in mailings:
            mailing._check_editable(self.env._("take back recipients"))
        if selected is not None:
            self._update_selected(selected, INCLUDED, IS_EXCLUDED)
        else:
            self._include_by_hand()
        mailings._add_editor()
        return True

    def _include_by_hand(self):
        """Let these rows, all of them excluded by hand, wait again.

        :raises UserError: names one that is excluded for another reason
        """
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

    def _exclude(self, recipients, reason="by_hand"):
        """Mark pending rows as left out; rows that a sender has taken stay as they are."""
        # The row is locked and looked at again: a sender may take it at this very moment.
        locked = recipients.sudo().try_lock_for_update()
        locked.invalidate_recordset(["state"])
        locked = locked.filtered(lambda recipient: recipient.state == "pending")
        locked._as_system().write({"state": "skipped", "skip_reason": reason})
        locked.mailing_id._recount()

    def _get_selected_by_filter(self):
        """Return the domain of the page when more was selected than ids come along, or None.

        The web client sends no more than ``web.active_ids_limit`` ids, and the
        filter of the page with them.
        """
        context = self.env.context
        limit = int(self.env["ir.config_parameter"].sudo().get_param("web.active_ids_limit", 20000))
        if len(self) < limit or context.get("active_model") != self._name:
            return None
        return Domain(context["active_domain"]) if "active_domain" in context else None

    @api.model
    def _get_mailings(self, selected):
        """Return the mailings whose recipients a domain selects."""
        groups = self._read_group(selected, ["mailing_id"])
        return self.env["partner.mailing"].union(*(mailing for [mailing] in groups))

    @api.model
    def _update_selected(self, selected, assignments, condition):
        """Run one UPDATE for each mailing over what a domain selects of its list."""
        mailings = self._get_mailings(selected)
        mailings.check_access("write")
        for mailing in mailings:
            rows = self._search(selected & Domain("mailing_id", "=", mailing.id))
            self._update_list(
                mailing, assignments, SQL("%s AND id IN %s", condition, rows.subselect())
            )
            mailing._recount()

    # ------------------------------------------------------------
    # Uncertain recipients
    # ------------------------------------------------------------

    def action_send_again(self):
        """Write to uncertain recipients again; they may get the message twice.

        :raises UserError: when a mailing is not what was validated any more
        """
        rows = self._check_uncertain()
        for mailing in rows.mailing_id:
            mailing._check_state(("done", "paused", "sending"), self.env._("send it again"))
            if not mailing._matches_validation():
                raise UserError(
                    self.env._(
                        'The mailing "%s" is not what was validated, so nothing of it is sent again.',
                        mailing.name,
                    )
                )
        rows._as_system().write({"state": "pending", "next_attempt_at": False})
        for mailing in rows.mailing_id:
            mailing._recount()
            if mailing.state == "done":
                mailing._as_system().write({"state": "sending", "finished_at": False})
                mailing._trigger_sender()
        return True

    def action_mark_sent(self):
        """Settle uncertain recipients as sent, because somebody knows that they got it."""
        rows = self._check_uncertain()
        rows._as_system().write({"state": "sent"})
        rows.mailing_id._recount()
        return True

    def _check_uncertain(self):
        """Return the uncertain rows among these, locked; raise when there are none.

        :raises UserError: when nobody among them is uncertain
        """
        self.mailing_id.check_access("read")
        for mailing in self.mailing_id:
            mailing._check_can_manage_or_validate()
        rows = self.filtered(lambda row: row.state == "uncertain")
        if not rows:
            raise UserError(self.env._("Only uncertain recipients can be settled so."))
        rows.sudo().lock_for_update()
        return rows

    # ------------------------------------------------------------
    # Steps of the mailing that touch the whole list
    # ------------------------------------------------------------

    def _freeze_list(self, mailing):
        """Freeze the list: exactly the rows that wait now are submitted."""
        self._update_list(
            mailing,
            SQL("is_submitted = (state = 'pending')"),
            SQL(
                "is_submitted IS DISTINCT FROM (state = 'pending') AND state IN ('pending', 'skipped')"
            ),
        )

    def _unfreeze_list(self, mailing):
        """Undo the freeze, and a cancellation, so that the list can be changed again."""
        self._update_list(
            mailing,
            SQL("is_submitted = FALSE"),
            SQL("is_submitted AND state IN ('pending', 'skipped')"),
        )
        self._update_list(
            mailing,
            SQL("state = 'pending', skip_reason = NULL"),
            SQL("state = 'skipped' AND skip_reason = 'cancelled'"),
        )
        mailing._recount()

    def _requeue_failed(self, mailing):
        """Let failed rows wait again, with a clean count of attempts."""
        self._update_list(
            mailing,
            SQL("state = 'pending', attempts = 0, next_attempt_at = NULL"),
            SQL("state = 'failed' AND is_submitted"),
        )
        mailing._recount()

    def _cancel_pending(self, mailing):
        """Mark rows that were not sent as left out by the cancellation."""
        self._update_list(
            mailing, SQL("state = 'skipped', skip_reason = 'cancelled'"), SQL("state = 'pending'")
        )
        mailing._recount()

    def _update_list(self, mailing, assignments, condition):
        """Run one UPDATE over a mailing's list."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing_recipient SET %s WHERE mailing_id = %s AND (%s)",
                assignments,
                mailing.id,
                condition,
            )
        )
        self._invalidate_rows()

    def _invalidate_rows(self):
        """Forget what the ORM knows of rows that SQL has changed."""
        self.invalidate_model(flush=False)
        self.env["partner.mailing.counter"].invalidate_model(flush=False)
        self.env["partner.mailing"]._invalidate_totals()

    def _list_fingerprint_sql(self, mailing):
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
                           sha256(convert_to(ROW(id, %s, name, lang)::text, 'UTF8')) AS row_hash
                      FROM partner_mailing_recipient s
                     WHERE mailing_id = %s AND is_submitted) r
            """,
            self._address_sql("s"),
            mailing.id,
        )

    # ------------------------------------------------------------
    # What recipients refer to
    # ------------------------------------------------------------

    def _delete_of_mailings(self, mailing_ids):
        """Delete the lists of mailings that are deleted."""
        self.env.cr.execute(
            SQL("DELETE FROM partner_mailing_recipient WHERE mailing_id = ANY(%s)", mailing_ids)
        )
        self.invalidate_model(flush=False)

    def _replace_contacts(self, contact_ids, successor_id=None):
        """Let rows of contacts that are gone point to a successor, or to nobody."""
        self.flush_model(["partner_id"])
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing_recipient SET partner_id = %s WHERE partner_id = ANY(%s)",
                successor_id,
                contact_ids,
            )
        )
        self.invalidate_model(["partner_id"], flush=False)

    def _exclude_deleted_contacts(self, mailing):
        """Leave out contacts that were deleted at the very moment when they were loaded."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_recipient r
                   SET partner_id = NULL, state = 'skipped', skip_reason = 'by_hand'
                 WHERE r.mailing_id = %s AND r.state = 'pending' AND r.partner_id IS NOT NULL
                   AND NOT EXISTS (SELECT FROM res_partner p WHERE p.id = r.partner_id)
                """,
                mailing.id,
            )
        )
        if self.env.cr.rowcount:
            self._invalidate_rows()
            mailing._recount()

    @api.model
    def _get_blank_values(self):
        """Return what a row becomes when personal data is removed: {column: SQL}.

        A refusal often quotes the address, so its words go, too; its type stays.
        """
        columns = (
            *self._get_typed_columns(),
            *self._get_address_columns(),
            "partner_id",
            "message_id",
            "failure_reason",
        )
        return {"name": SQL("''"), **{name: SQL("NULL") for name in columns}}
