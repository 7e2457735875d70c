import time

import psycopg2.errors

from odoo import api, fields, models
from odoo.tools import SQL

from ..delivery.address import same
from ..sender.sql_terms import UTC_NOW
from ..tools.machine_request import MACHINE_SECONDS

# Of two bounces of a message the one of the higher rank is kept.
RANK = "array_position(ARRAY['unconfirmed', 'transient', 'permanent'], {}::text)"
BLOCKLIST_AFTER = 5  # bounces of an address, of any kind …
BLOCKLIST_MONTHS = 3  # … within this time
# A delivery status without Message-ID can only be about a message of the last days: mail servers
# try for five days (RFC 5321, section 4.5.4.1); three more for a server that had to be restarted.
UNNAMED_DAYS = 8
MAX_TRIES = 20  # a mailing that is being sent writes its totals forty times a second
LOCK_TIMEOUT = "5s"  # longer than any transaction of a sender


class PartnerMailingRecipient(models.Model):
    """What comes back: bounces, complaints, replies, openings and clicks, each recorded once.

    Odoo's mail gateway delivers a reply to the recipient as to a document; ``message_post`` passes
    it on to the contact, or to the mailing where there is no contact.
    """

    _inherit = "partner.mailing.recipient"  # pylint: disable=consider-merging-classes-inherited

    # ------------------------------------------------------------
    # Which recipient an inbound mail is about
    # ------------------------------------------------------------

    def _find_by_message_ids(self, message_ids):
        """Return the recipient whose message has one of the Message-IDs, the first that is found.

        Message-IDs of mailings begin with the id of the row, so that they need no index.
        """
        numbers = {}
        for message_id in message_ids:
            number = message_id[1:].partition(".")[0]
            if number.isascii() and number.isdigit() and int(number) < 2**31:
                numbers.setdefault(int(number), message_id)
        if not numbers:
            return self.browse()
        found = {row.id: row.message_id for row in self.sudo().browse(numbers).exists()}
        for number, message_id in numbers.items():
            if found.get(number) == message_id:
                return self.sudo().browse(number)
        return self.browse()

    def _find_by_address(self, addresses):
        """Return the recipient of the last message to one of the addresses within ``UNNAMED_DAYS``.

        Plan: the few mailings of these days, and for each a lookup in ``_address_uniq``.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.id
                  FROM partner_mailing_recipient r
                 WHERE r.mailing_id = ANY(ARRAY(
                           SELECT m.id
                             FROM partner_mailing m
                            WHERE m.started_at IS NOT NULL
                              AND COALESCE(m.finished_at, %(now)s)
                                  > %(now)s - make_interval(days => %(days)s)))
                   AND r.email_normalized = ANY(%(addresses)s)
                   AND r.skip_reason IS NULL
                   AND r.sent_at > %(now)s - make_interval(days => %(days)s)
              ORDER BY r.sent_at DESC
                 LIMIT 1
                """,
                addresses=list({*addresses, *map(same, addresses)}),
                now=UTC_NOW,
                days=UNNAMED_DAYS,
            )
        )
        return self.sudo().browse(number for (number,) in rows)

    def _choose_failure(self, failures):
        """Return ``(status, named)``: the failure of this recipient, or ``(None, False)``.

        Copies of a message have the same Message-ID: the bounce of a copy is no failure of the
        recipient. Any other address in a delivery status is one that the message was forwarded to;
        ``named`` is False then.

        :param failures: list of ``delivery.status.Status``
        """
        self.ensure_one()
        # Empty when personal data was removed, and for other channels.
        address = self.email_normalized
        own = address and same(address)
        for status in failures:
            if own and own in map(same, status.addresses):
                return status, True
        copies = set(self.mailing_id._get_transport().get_copy_addresses())
        for status in failures:
            if not copies.intersection(map(same, status.addresses)):
                return status, not status.addresses
        return None, False

    # ------------------------------------------------------------
    # Bounces and complaints
    # ------------------------------------------------------------

    def _receive_failure(self, status, confirmed):
        """Set the recipient to bounced, and put the address on the blocklist if it bounced often.

        Or at once after a permanent bounce, where the company has chosen that.

        :param status: a ``delivery.status.Status``
        :param confirmed: whether it names the message and this recipient
        """
        self.ensure_one()
        if not confirmed:
            bounce_type = "unconfirmed"
        elif status.is_final_for_address:
            bounce_type = "permanent"
        else:
            bounce_type = "transient"
        words = status.words
        if status.addresses and not confirmed:
            words = f"{status.addresses[0]}: {words}"
        total = self._in_own_transaction(
            lambda rows: rows._record_bounce(bounce_type, status.failure_type, words)
        )
        self._invalidate_rows()
        at_once = self.mailing_id.company_id.partner_mailing_blocklist_bounced
        if confirmed and ((bounce_type == "permanent" and at_once) or total >= BLOCKLIST_AFTER):
            self._blocklist(
                self.env._(
                    'What was sent to this address came back. The last time it was the mailing "%(mailing)s": %(reason)s',
                    mailing=self._get_name_on_blocklist(),
                    reason=words,
                ),
                unless_removed_since=self._get_bounce_time(),
            )

    def _receive_complaint(self):
        """Put the address on the blocklist: the recipient reported the message as spam."""
        self.ensure_one()
        self._blocklist(
            self.env._(
                'The recipient of the mailing "%s" reported it to their mailbox provider as spam.',
                self._get_name_on_blocklist(),
            )
        )

    def _get_name_on_blocklist(self):
        """Return the title of the mailing for the blocklist, which users of all companies read."""
        return self.mailing_id._get_name_at(self.env["mail.blacklist"])

    def _blocklist(self, message, unless_removed_since=None):
        """Put the recipient's address on Odoo's blocklist.

        :param unless_removed_since: time of the bounce; when a user has removed the address from
            the list after it, it is not added again
        """
        self.ensure_one()
        Blacklist = self.env["mail.blacklist"].sudo()
        entry = Blacklist._partner_mailing_find(self.email_normalized)[:1]
        if entry.active:
            return
        if entry and unless_removed_since and entry.write_date > unless_removed_since:
            return
        try:
            with self.env.cr.savepoint():
                Blacklist._add(self.email_normalized, message=message)
        except psycopg2.errors.UniqueViolation:
            return  # another transaction has added it

    def _in_own_transaction(self, step):
        """Run ``step(self)`` in a short transaction of its own; return its result.

        The totals of a mailing that is being sent change dozens of times a second: the transaction
        of the mail gateway, which began before, would fail on them, and Odoo's mail fetching drops
        a message that fails. A row that is not committed yet is seen by the current transaction
        alone, which then runs the step.

        :param step: callable that returns None when the row does not exist
        """
        for attempt in range(MAX_TRIES):
            try:
                with self.pool.cursor() as cr:
                    cr.execute(SQL("SET LOCAL lock_timeout = %s", LOCK_TIMEOUT))
                    result = step(self.with_env(self.env(cr=cr, su=True)))
                break
            except psycopg2.errors.SerializationFailure:
                if attempt == MAX_TRIES - 1:
                    raise
                time.sleep(0.002 * (attempt + 1))
        return step(self) if result is None else result

    def _record_bounce(self, bounce_type, failure_type, reason):
        """Write a bounce and the totals in one statement.

        A failed or skipped row cannot bounce. A row that a sender has claimed is taken from it: a
        sender records only rows that have its number.

        :return: how often the address bounced in the last months, this bounce included; None when
            the row does not exist
        """
        self.env.cr.execute(
            SQL(
                """
                WITH old AS (
                    SELECT id, mailing_id, state, bounce_type
                      FROM partner_mailing_recipient
                     WHERE id = %(id)s
                       FOR UPDATE
                ), bounced AS (
                    UPDATE partner_mailing_recipient r
                       SET state = 'bounced', failure_type = %(failure_type)s,
                           failure_reason = %(reason)s, bounce_type = %(bounce_type)s,
                           bounced_at = COALESCE(r.bounced_at, %(now)s), claim = NULL,
                           next_attempt_at = NULL
                      FROM old
                     WHERE r.id = old.id
                       AND (old.state IN ('pending', 'sending', 'sent', 'uncertain')
                            OR old.state = 'bounced' AND %(new_rank)s > %(old_rank)s)
                 RETURNING old.mailing_id, old.state AS old_state, r.state AS new_state
                ), changed AS (
                    SELECT * FROM bounced WHERE old_state <> new_state
                ), counted AS (%(update_totals)s)
                SELECT id FROM old
                """,
                id=self.id,
                failure_type=failure_type,
                reason=reason,
                bounce_type=bounce_type,
                now=UTC_NOW,
                new_rank=SQL(RANK.format("%s"), bounce_type),
                old_rank=SQL(RANK.format("old.bounce_type")),
                update_totals=self.env["partner.mailing.counter"]._update_totals_sql("changed"),
            ),
            log_exceptions=False,
        )
        return self._count_bounces() if self.env.cr.rowcount else None

    def _count_bounces(self):
        """Return how many messages to the recipient's address bounced in ``BLOCKLIST_MONTHS``.

        Unconfirmed bounces do not count.

        Plan: the mailings of three months, and for each a lookup in ``_address_uniq``.
        """
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*)
                  FROM partner_mailing_recipient own
                  JOIN partner_mailing_recipient r ON r.email_normalized = own.email_normalized
                 WHERE own.id = %(id)s
                   AND r.mailing_id = ANY(ARRAY(
                           SELECT m.id
                             FROM partner_mailing m
                            WHERE m.started_at IS NOT NULL
                              AND COALESCE(m.finished_at, %(now)s)
                                  > %(now)s - make_interval(months => %(months)s)))
                   AND r.skip_reason IS NULL
                   AND r.state = 'bounced' AND r.bounce_type IN ('permanent', 'transient')
                   AND r.bounced_at > %(now)s - make_interval(months => %(months)s)
                """,
                id=self.id,
                now=UTC_NOW,
                months=BLOCKLIST_MONTHS,
            )
        )
        return count

    def _get_bounce_time(self):
        """Return when the message bounced; now, when this transaction does not see it yet."""
        return self.bounced_at or fields.Datetime.now()

    # ------------------------------------------------------------
    # Replies
    # ------------------------------------------------------------

    def _record_reply(self):
        """Record that the recipient replied; the mailing counts each recipient once."""
        self.ensure_one()
        self._in_own_transaction(lambda rows: rows._write_reply())
        self._invalidate_rows()

    def _write_reply(self):
        """Write time and total in one statement; return None when the row does not exist."""
        self.env.cr.execute(
            SQL(
                """
                WITH old AS (
                    SELECT id, mailing_id, replied_at
                      FROM partner_mailing_recipient
                     WHERE id = %(id)s
                       FOR UPDATE
                ), replied AS (
                    UPDATE partner_mailing_recipient r
                       SET replied_at = %(now)s
                      FROM old
                     WHERE r.id = old.id AND old.replied_at IS NULL
                 RETURNING r.mailing_id
                ), counted AS (%(update_totals)s)
                SELECT id FROM old
                """,
                id=self.id,
                now=UTC_NOW,
                update_totals=self.env["partner.mailing.counter"]._update_totals_sql(
                    "replied", totals=(), further={"replied_count": SQL("count(*)")}
                ),
            ),
            log_exceptions=False,
        )
        return self.env.cr.rowcount or None

    @api.private
    def message_update(self, msg_dict, update_vals=None):
        """Accept a message from the mail gateway, which changes no field of the row."""
        return True

    @api.private
    def message_post(self, **values):
        """Post a reply in the chatter of the contact, or of the mailing.

        Of the mailing where there is no contact, and where more users see the contact than the
        mailing, which the reply quotes.

        As a note: followers from outside the company do not get it, and its author does not become
        a follower.

        :param values: as ``mail.thread`` takes them
        :return: the ``mail.message``
        """
        self.ensure_one()
        place = self.partner_id.exists()
        if not place or self.mailing_id._is_hidden_at(place):
            place = self.mailing_id
        place = place.with_context(mail_post_autofollow_author_skip=True)
        values["subtype_id"] = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note")
        values["partner_ids"] = self._get_reply_readers(place).ids
        return place.message_post(**values)

    def _get_reply_readers(self, place):
        """Return who is notified of a reply: the responsible, and followers who are users."""
        mailing = self.mailing_id.sudo()
        responsible = (mailing.user_id or mailing.create_uid).filtered("active").partner_id
        return responsible | place.sudo().message_partner_ids.filtered(
            lambda partner: not partner.partner_share
        )

    # ------------------------------------------------------------
    # Openings and clicks
    # ------------------------------------------------------------

    # Rows that another transaction has locked are skipped: it serves the same request, or it is a
    # sender, and then no recipient has read the message yet. So neither requests nor senders wait.

    @api.model
    def _record_opening(self, recipient_id, by_machine):
        """Record that the picture of a message was loaded.

        :param bool by_machine: whether the request came from a known scanner; one that comes within
            ``MACHINE_SECONDS`` of delivery counts as a scanner's, too
        """
        self._record_reaction(recipient_id, SQL("m.track_opens"), by_machine, None)

    @api.model
    def _record_click(self, recipient_id, link_id, by_machine):
        """Record that a link was followed; the message then counts as opened, too.

        :param int link_id: id of a link of the recipient's mailing
        :param bool by_machine: see ``_record_opening``
        """
        self._record_reaction(recipient_id, SQL("m.track_clicks"), by_machine, link_id)

    def _record_reaction(self, recipient_id, is_tracked, by_machine, link_id):
        """Write the reaction on the row, and as a ``partner.mailing.reaction`` to be added up.

        Plan: two lookups by primary key; a repeated reaction writes nothing.
        """
        self.env.cr.execute(
            SQL(
                """
                -- No wait for the disk: a crash may lose the openings of half a second.
                SET LOCAL synchronous_commit TO off;
                WITH seen AS (
                    SELECT r.id, r.mailing_id, r.opened_at, r.clicked_at, r.machine_opened_at,
                           %(by_machine)s OR r.sent_at IS NULL
                               OR r.sent_at > %(now)s - make_interval(secs => %(seconds)s)
                               AS by_machine
                      FROM partner_mailing_recipient r
                      JOIN partner_mailing m ON m.id = r.mailing_id AND %(is_tracked)s
                     WHERE r.id = %(id)s AND r.state NOT IN ('pending', 'skipped')
                       FOR NO KEY UPDATE OF r SKIP LOCKED
                ), fresh AS (
                    SELECT id, mailing_id,
                           by_machine AND machine_opened_at IS NULL AS machine_opened,
                           NOT by_machine AND opened_at IS NULL AS opened,
                           NOT by_machine AND clicked_at IS NULL
                               AND %(link_id)s::integer IS NOT NULL AS clicked
                      FROM seen
                ), written AS (
                    UPDATE partner_mailing_recipient r
                       SET opened_at = CASE WHEN f.opened THEN %(now)s ELSE r.opened_at END,
                           clicked_at = CASE WHEN f.clicked THEN %(now)s ELSE r.clicked_at END,
                           machine_opened_at = CASE WHEN f.machine_opened THEN %(now)s
                                                    ELSE r.machine_opened_at END
                      FROM fresh f
                     WHERE r.id = f.id AND (f.opened OR f.clicked OR f.machine_opened)
                ), linked AS (
                    INSERT INTO partner_mailing_click (link_id, recipient_id)
                    SELECT %(link_id)s::integer, id FROM seen
                     WHERE NOT by_machine AND %(link_id)s::integer IS NOT NULL
                        ON CONFLICT DO NOTHING
                )
                INSERT INTO partner_mailing_reaction (mailing_id, kind)
                SELECT f.mailing_id, k.kind
                  FROM fresh f,
                       LATERAL (VALUES ('opened', f.opened), ('clicked', f.clicked),
                                       ('machine_opened', f.machine_opened)) AS k (kind, is_new)
                 WHERE k.is_new
                """,
                id=recipient_id,
                is_tracked=is_tracked,
                by_machine=by_machine,
                link_id=link_id,
                seconds=MACHINE_SECONDS,
                now=UTC_NOW,
            )
        )
        self.invalidate_model(["opened_at", "clicked_at", "machine_opened_at"], flush=False)
