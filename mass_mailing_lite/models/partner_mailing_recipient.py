from collections.abc import Set

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..selection import DOMAIN_REASONS, Pressure, renew_list_statistics
from .generated_char import GeneratedChar
from .unchecked_many2one import UncheckedMany2one

STATES = [
    ("pending", "Waiting"),
    ("sending", "Being Sent"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("bounced", "Bounced"),
    ("uncertain", "Uncertain"),
    ("skipped", "Excluded"),
]
# Those that ``rare_state`` has.
RARE_STATES = ("failed", "bounced", "uncertain", "skipped")
SKIP_REASONS = [
    ("no_email", "No e-mail address"),
    ("invalid", "Invalid e-mail address"),
    ("duplicate", "Address is already in the list"),
    ("blocklisted", "On the blocklist"),
    ("unsubscribed", "Unsubscribed"),
    ("excluded_group", "In an excluded tag"),
    ("excluded_mailing", "In an excluded earlier mailing"),
    ("excluded_source", "Chosen in “But not to”"),
    ("written_to_lately", "Written to lately"),
    ("dead_domain", "Domain that gets no e-mail"),
    ("domain_typo", "Domain that is probably mistyped"),
    ("by_hand", "Excluded by hand"),
    ("further_address", "Further address of the contact"),
    ("archived", "Contact archived since"),
    ("deleted", "Contact deleted since"),
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
    ("server", "Mail server fault"),
    ("rendering", "Message could not be made"),
    ("unknown", "Other reason"),
]
BOUNCE_TYPES = [
    ("permanent", "Permanent"),
    ("transient", "Temporary"),
    ("unconfirmed", "Unconfirmed"),
]

# Percent of a page that a list fills when it is loaded.
FILL_FACTOR = 40
MAX_ID = 2**31 - 1

# Recipients that a notification names.
NAMES_SHOWN = 5

# Exclusion by hand, as SQL: assignments and conditions.
EXCLUDED = SQL("state = 'skipped', skip_reason = 'by_hand'")
INCLUDED = SQL("state = 'pending', skip_reason = NULL")
IS_INCLUDED = SQL("state = 'pending'")
IS_EXCLUDED = SQL("state = 'skipped' AND skip_reason = 'by_hand'")


class PartnerMailingRecipient(models.Model):
    """One addressee of one mailing, and the outcome of the message to that address.

    This file has the fields, exclusion by hand, uncertain recipients, and the steps that touch a
    whole list; ``…_queue`` has the statements of the sender, ``…_results`` what comes back.

    Recipients have no foreign keys. PostgreSQL checks foreign keys row by row and locks each row
    that is referred to: for a million recipients that takes 12 s, more than the rest of loading,
    and writes the page of each contact. The rows are selected from the contacts in the same
    statement, so there is nothing to check. When a mailing or a contact is deleted, the last
    section follows.
    """

    _name = "partner.mailing.recipient"
    _inherit = ["partner.mailing.guard"]
    _description = "Mailing Recipient"
    _order = "id"
    _rec_name = "name"
    _rec_names_search = ["name", "email"]
    _log_access = False  # a million rows, written by SQL: four columns saved

    # Without foreign keys: see the docstring of the class.
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
    # What an index has in place of the state: PostgreSQL writes no index for a row in which no
    # indexed column changes (HOT), and this one is empty from loading until a message is sent.
    rare_state = GeneratedChar(
        generated="CASE WHEN state NOT IN ('pending', 'sending', 'sent') THEN state END",
        help="The state of a recipient that is neither waiting nor sent.",
    )
    skip_reason = fields.Selection(SKIP_REASONS, "Exclusion Reason")
    failure_type = fields.Selection(FAILURE_TYPES)
    failure_reason = fields.Text("Reply of the Mail Server")
    attempts = fields.Integer(default=0)
    next_attempt_at = fields.Datetime("Next Attempt")
    sent_at = fields.Datetime("Sent On")
    message_id = fields.Char("Message-ID")
    is_submitted = fields.Boolean(
        "Submitted",
        default=False,
        help="Part of the submitted list; no message is sent to other rows.",
    )
    is_further = fields.Boolean(
        "Further Address",
        help="Not the first one in the e-mail field of the contact.",
    )
    source_id = UncheckedMany2one(
        "partner.mailing.source", "Excluded By", help="The entry that excludes the recipient."
    )
    contact_deleted = fields.Boolean(
        help="The contact was deleted since, so this is no extra address."
    )
    claim = fields.Integer(help="Number of the sender that has claimed the row.")
    reason = fields.Char("Result", compute="_compute_reason")

    # See "Claim by domain" in ``…_queue``.
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
    downloaded_at = fields.Datetime("Downloaded On")
    machine_opened_at = fields.Datetime(
        "Opened by a Mail Scanner On",
        help="By a mail scanner, or within seconds of delivery.",
    )
    replied_at = fields.Datetime("Replied On", help="When the first answer came.")
    unsubscribed_at = fields.Datetime("Unsubscribed On")

    # For groups and searches on the page of recipients.
    partner_company_id = fields.Many2one(
        "res.partner", "Company of the Contact", related="partner_id.commercial_partner_id"
    )
    category_ids = fields.Many2many(
        "res.partner.category", string="Tags", related="partner_id.category_id"
    )

    # One message an address. Excluded rows do not count, except those excluded by hand or
    # unsubscribed: another contact with the same address must not be loaded in their place.
    _address_uniq = models.UniqueIndex(
        "(mailing_id, email_normalized)"
        " WHERE skip_reason IS NULL OR skip_reason IN ('by_hand', 'unsubscribed')",
        "This address is already in the mailing.",
    )
    # Each index costs a second at a million rows, so there is none for lookups by address alone.
    # The unique one begins with the mailing: rows loaded in the order of addresses are added at its
    # end. ``_mailing_idx`` is for claims and pages, in the order of ids. No index has a column that
    # changes when a row is claimed or its message is sent (state, claim, attempts, message_id,
    # sent_at), nor a condition on one: claim and record would write all indexes of the row.
    _mailing_idx = models.Index("(mailing_id, id)")
    _rare_state_idx = models.Index("(mailing_id, rare_state, id) WHERE rare_state IS NOT NULL")
    # The two are empty for the rows of most mailings; a row that is sent leaves them.
    _retry_idx = models.Index("(mailing_id, next_attempt_at) WHERE next_attempt_at IS NOT NULL")
    _domain_idx = models.Index("(mailing_id, domain, id) WHERE domain IS NOT NULL")
    # The few that opened or clicked, among a million; empty for mailings without tracking.
    _opened_idx = models.Index("(mailing_id, id) WHERE opened_at IS NOT NULL")
    _clicked_idx = models.Index("(mailing_id, id) WHERE clicked_at IS NOT NULL")
    _further_idx = models.Index("(mailing_id) WHERE is_further")
    _unsubscribed_idx = models.Index("(mailing_id) WHERE unsubscribed_at IS NOT NULL")

    def init(self):
        # Numbers for senders (column `claim`). Owned by the column, so that uninstalling the addon
        # removes it.
        self.env.cr.execute(
            "CREATE SEQUENCE IF NOT EXISTS partner_mailing_recipient_claim_seq"
            " AS integer CYCLE OWNED BY partner_mailing_recipient.claim"
        )
        # Room for the submission's and the claim's version of a row in its page. And PostgreSQL would
        # vacuum when a fifth of the table has changed: with ten million rows of earlier mailings
        # after a million messages. What an administrator has set stays.
        self.env.cr.execute(
            "SELECT FROM pg_class WHERE oid = %s::regclass AND reloptions IS NULL", [self._table]
        )
        if self.env.cr.rowcount:
            self.env.cr.execute(
                SQL(
                    "ALTER TABLE partner_mailing_recipient SET (fillfactor = %s,"
                    " autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 100000,"
                    " autovacuum_analyze_scale_factor = 0.01, autovacuum_analyze_threshold = 10000)",
                    FILL_FACTOR,
                )
            )

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **options):
        """Read a page of one mailing's rows between the first and the last of them.

        They are read in the order of their ids. From the first id of the table, PostgreSQL would
        pass the rows of all earlier mailings: 1.5 s where these have five million; and where a
        filter finds few rows, those of all later mailings. The index of mailing and id alone does
        not lead it there: it takes a list that was loaded a moment ago for a small one.
        """
        domain = Domain(domain)
        if states := find_rare_states(domain):
            # PostgreSQL does not know that the index by rare states serves a search by state.
            domain &= Domain("rare_state", "in", states)
        query = super()._search(domain, offset, limit, order, **options)
        is_page = limit and order == self._order
        mailing_id = is_page and find_only_value(domain, "mailing_id")
        if mailing_id and not query.is_empty():
            query.add_where(
                SQL(
                    "%s BETWEEN (%s) AND (%s)",
                    SQL.identifier(query.table, "id"),
                    self._end_sql(mailing_id, SQL(">"), 0, SQL()),
                    self._end_sql(mailing_id, SQL("<"), MAX_ID, SQL("DESC")),
                )
            )
        return query

    def _end_sql(self, mailing_id, comparison, start, direction):
        """Return SQL for the first or last id of a mailing's rows.

        Plan: a look into ``_mailing_idx``. Rows are compared, because with "mailing_id = …" the
        index of ids seems as good.
        """
        return SQL(
            """
            SELECT r.id
              FROM (SELECT r.mailing_id, r.id
                      FROM partner_mailing_recipient r
                     WHERE (r.mailing_id, r.id) %(comparison)s (%(mailing_id)s, %(start)s)
                  ORDER BY r.mailing_id %(direction)s, r.id %(direction)s
                     LIMIT 1) r
             WHERE r.mailing_id = %(mailing_id)s
            """,
            comparison=comparison,
            mailing_id=mailing_id,
            start=start,
            direction=direction,
        )

    @api.model
    def _search_display_name(self, operator, value):
        """Find rows by words in the name or the address, as the search of the page asks.

        ILIKE makes words and text lower-case for each row: 1.0 s at a million rows, this 0.4 s.
        """
        if operator != "ilike" or not isinstance(value, str) or not value:
            return super()._search_display_name(operator, value)
        return Domain.custom(to_sql=lambda model, alias, _query: model._has_words_sql(alias, value))

    def _has_words_sql(self, alias, words):
        unaccent = self.env.registry.unaccent
        name = SQL.identifier(alias, "name")
        if words.isascii() and not self.env.registry.has_unaccent:
            # Letters of ASCII alone are made lower-case in half of the time.
            name = SQL('%s COLLATE "C"', name)
        words = SQL("lower(%s)", unaccent(SQL("%s", f"%{words}%")))
        texts = [SQL("lower(%s)", unaccent(name)), *self._get_searched_addresses(alias)]
        return SQL("(%s)", SQL(" OR ").join(SQL("%s LIKE %s", text, words) for text in texts))

    @api.model
    def _get_searched_addresses(self, alias):
        """Return SQL of the addresses, in lower case, that a search by words looks into.

        As it was typed, an address counts where it cannot be normalised, or has other letters than
        those of ASCII: the normalised form has a code for them. An addon that brings a channel adds
        its columns.
        """
        return [
            SQL(
                "CASE WHEN %(normalized)s IS NULL OR octet_length(%(typed)s) != length(%(typed)s)"
                " THEN lower(%(typed)s) ELSE %(normalized)s END",
                typed=SQL.identifier(alias, "email"),
                normalized=SQL.identifier(alias, "email_normalized"),
            )
        ]

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
        """Return SQL for the normalised address of a row of any channel; ``alias`` is its table."""
        columns = [SQL.identifier(alias, name) for name in self._get_address_columns()]
        return SQL("COALESCE(%s)", SQL(", ").join(columns)) if columns[1:] else columns[0]

    @api.depends(lambda self: ["name", *self._get_typed_columns()])
    def _compute_display_name(self):
        for recipient in self:
            typed = (recipient[name] for name in self._get_typed_columns())
            recipient.display_name = recipient.name or next(filter(None, typed), "")

    @api.depends(
        "state", "skip_reason", "source_id", "email_normalized", "failure_type", "failure_reason"
    )
    def _compute_reason(self):
        """Describe the state of the row: the skip reason with the entry behind it, or failure type
        and server reply.
        """
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
            cause = recipient.source_id.exists()._get_words()
            if recipient.skip_reason in DOMAIN_REASONS:
                cause = (recipient.email_normalized or "").rpartition("@")[2]
            skipped = ": ".join(filter(None, (skip_reasons.get(recipient.skip_reason), cause)))
            recipient.reason = skipped or failure

    @api.ondelete(at_uninstall=False)
    def _unlink_except_by_system(self):
        """Let Odoo's privacy lookup delete rows of finished mailings; totals stay.

        The lookup deletes as superuser, which no call from outside can be.
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
        """Exclude these recipients, also when the list is loaded anew.

        Possible until the row is claimed, since fewer recipients than validated are safe. When the
        page selected all rows of its filter, all of them are excluded.
        """
        if (selected := self._get_selected_by_filter()) is not None:
            self._update_selected(selected, EXCLUDED, IS_INCLUDED)
            return True
        self.mailing_id.check_access("write")
        self._exclude(self.filtered(lambda recipient: recipient.state == "pending"))
        return True

    def action_include(self):
        """Include recipients again that were excluded by hand.

        :raises UserError: after submission, since recipients may not be added to what is validated
        """
        selected = self._get_selected_by_filter()
        mailings = self.mailing_id if selected is None else self._get_mailings(selected)
        mailings.check_access("write")
        for mailing in mailings:
            mailing._check_editable(self.env._("include recipients again"))
        if selected is not None:
            self._update_selected(selected, INCLUDED, IS_EXCLUDED)
        else:
            self._include_by_hand()
        mailings._add_editor()
        return True

    def _include_by_hand(self):
        """Set these rows back to pending, all of which must be excluded by hand.

        :raises UserError: names a row that is excluded for another reason
        """
        by_hand = self.filtered(lambda recipient: recipient.skip_reason == "by_hand")
        if (
            refused := self
            - by_hand
            - self.filtered(lambda recipient: recipient.state != "skipped")
        ):
            raise UserError(
                self.env._(
                    "%(name)s cannot be included again: %(reason)s. Only recipients excluded by hand"
                    " can.",
                    name=refused[0].display_name,
                    reason=refused[0].reason,
                )
            )
        by_hand._as_system().write({"state": "pending", "skip_reason": False})
        by_hand.mailing_id._recount()

    def _exclude(self, recipients, reason="by_hand"):
        """Skip pending rows; rows that a sender has claimed stay as they are."""
        # Locked and read again, since a sender may claim the row at this moment.
        locked = recipients.sudo().try_lock_for_update()
        locked.invalidate_recordset(["state"])
        locked = locked.filtered(lambda recipient: recipient.state == "pending")
        locked._as_system().write({"state": "skipped", "skip_reason": reason})
        locked.mailing_id._recount()

    def _get_selected_by_filter(self):
        """Return the page's filter as a domain when more rows are selected than ids are sent, or
        None.

        The web client sends no more ids than ``web.active_ids_limit``, and the filter besides.
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
        """Run one UPDATE for each mailing over the rows that a domain selects."""
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
        """Send to uncertain recipients again, who may get the message twice.

        Those who had as many mailings since as the company allows stay uncertain.

        :raises UserError: when a mailing is no longer what was validated, or none is sent to
        """
        rows = self._check_uncertain()
        for mailing in rows.mailing_id:
            mailing._check_state(("done", "paused", "sending"), self.env._("send it again"))
            mailing._check_can_send_again()
        rows = rows._without_written_to_lately()
        rows._as_system().write({"state": "pending", "next_attempt_at": False})
        for mailing in rows.mailing_id:
            mailing._recount()
            if mailing.state == "done":
                mailing._as_system().write({"state": "sending", "finished_at": False})
                mailing._trigger_sender()
        return True

    def _without_written_to_lately(self):
        """Return these rows without those of people who had enough mailings lately; tell the user.

        :raises UserError: when none is left
        """
        found = [Pressure(one).find(rows) for one, rows in self.grouped("mailing_id").items()]
        often = self.browse().union(*found)
        if not often:
            return self
        names = often.mapped("display_name")
        words = self.env._(
            "Not sent again, because they had as many mailings lately as the company allows:"
            " %(names)s. They stay uncertain: try again later, or mark them as sent.",
            names=", ".join(names[:NAMES_SHOWN]) + (" …" if len(names) > NAMES_SHOWN else ""),
        )
        if not self - often:
            raise UserError(words)
        self.env.user._bus_send("simple_notification", {"type": "warning", "message": words})
        return self - often

    def action_mark_sent(self):
        """Set uncertain recipients to sent, because the user knows that they got the message."""
        rows = self._check_uncertain()
        for mailing, own in rows._as_system().grouped("mailing_id").items():
            # Not later than the mailing ended: reactions and bounces are told from it.
            own.write({"state": "sent", "sent_at": mailing.finished_at or fields.Datetime.now()})
        rows.mailing_id._recount()
        return True

    def _check_uncertain(self):
        """Return the uncertain rows among these, locked.

        :raises UserError: when none of them is uncertain
        """
        self.mailing_id.check_access("read")
        for mailing in self.mailing_id:
            mailing._check_can_manage_or_validate()
        rows = self.filtered(lambda row: row.state == "uncertain")
        if not rows:
            raise UserError(
                self.env._("Only uncertain recipients can be sent to again or marked as sent.")
            )
        rows.sudo().lock_for_update()
        return rows

    # ------------------------------------------------------------
    # Steps of the mailing that touch the whole list
    # ------------------------------------------------------------

    def _freeze_list(self, mailing):
        """Set ``is_submitted`` on exactly the rows that are pending now."""
        self._update_list(
            mailing,
            SQL("is_submitted = (state = 'pending')"),
            SQL(
                "is_submitted IS DISTINCT FROM (state = 'pending') AND state IN ('pending', 'skipped')"
            ),
        )
        count = mailing.pending_count
        renew_list_statistics(self.env, mailing.id, count, SQL("is_submitted"))

    def _unfreeze_list(self, mailing):
        """Undo ``_freeze_list`` and a cancellation, so that the list can be changed again."""
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
        """Set failed rows back to pending, with no attempts counted."""
        self._update_list(
            mailing,
            SQL("state = 'pending', attempts = 0, next_attempt_at = NULL"),
            SQL("state = 'failed' AND is_submitted"),
        )
        mailing._recount()

    def _cancel_pending(self, mailing):
        """Skip pending rows because the mailing was cancelled."""
        self._update_list(
            mailing, SQL("state = 'skipped', skip_reason = 'cancelled'"), SQL("state = 'pending'")
        )
        mailing._recount()

    def _update_list(self, mailing, assignments, condition):
        """Run one UPDATE over the rows of a mailing that meet a condition."""
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
        """Invalidate the ORM's cache of rows and totals, after SQL has changed them."""
        self.invalidate_model(flush=False)
        self.env["partner.mailing.counter"].invalidate_model(flush=False)
        self.env["partner.mailing"]._invalidate_totals()

    def _list_fingerprint_sql(self, mailing):
        """Return a SELECT of the SHA-256 (hex) and the size of a mailing's submitted list.

        PostgreSQL hashes each row, and then the hashes in the order of ids, 32 bytes a row: no row
        is transferred to Python.
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
        """Delete the whole lists of mailings."""
        self.env.cr.execute(
            SQL("DELETE FROM partner_mailing_recipient WHERE mailing_id = ANY(%s)", mailing_ids)
        )
        self._invalidate_rows()

    def _replace_contacts(self, contact_ids, successor_id=None):
        """Replace deleted or merged contacts by ``successor_id``, None for no contact."""
        self.flush_model(["partner_id"])
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing_recipient SET partner_id = %s, contact_deleted = %s"
                " WHERE partner_id = ANY(%s)",
                successor_id,
                None if successor_id else True,
                contact_ids,
            )
        )
        self.invalidate_model(["partner_id"], flush=False)

    def _exclude_deleted_contacts(self, mailing):
        """Exclude contacts that another transaction deleted while they were loaded."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_recipient r
                   SET partner_id = NULL, contact_deleted = TRUE,
                       state = 'skipped', skip_reason = 'deleted'
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
        """Return {column: SQL of the value that it gets when personal data is removed}.

        The server's reply is removed as well, since it often quotes the address.
        """
        columns = (
            *self._get_typed_columns(),
            *self._get_address_columns(),
            "partner_id",
            "source_id",
            "message_id",
            "failure_reason",
        )
        return {"name": SQL("''"), **{name: SQL("NULL") for name in columns}}


def find_only_value(domain, name):
    """Return the id that a field must have by a domain, None where it may have others.

    :param domain: a ``Domain``
    """
    for field, operator, value in find_needed(domain):
        if field == name and operator in ("=", "in"):
            values = value if isinstance(value, list | tuple | Set) else [value]
            if len(values) == 1 and type(next(iter(values))) is int:
                return next(iter(values))
    return None


def find_rare_states(domain):
    """Return the states that rows must have by a domain; None where one of them is not rare."""
    for field, operator, value in find_needed(domain):
        if field == "state" and operator in ("=", "in"):
            values = value if isinstance(value, list | tuple | Set) else [value]
            if values and all(isinstance(one, str) and one in RARE_STATES for one in values):
                return sorted(values)
    return None


def find_needed(domain):
    """Yield the conditions (field, operator, value) of a domain that all its records meet."""
    terms, wanted = iter(list(domain)), 1
    while wanted:
        term = next(terms)
        if term == "&":
            wanted += 1
            continue
        wanted -= 1
        if isinstance(term, str):
            skipped = 1 if term == "!" else 2
            while skipped:
                below = next(terms)
                is_operator = isinstance(below, str)
                skipped += {"&": 1, "|": 1, "!": 0}[below] if is_operator else -1
        elif isinstance(term, tuple):  # not one that is SQL
            yield term
