import json
from contextlib import suppress
from typing import NamedTuple

import psycopg2.errors

from odoo import fields, models
from odoo.fields import Command
from odoo.tools import SQL

# Mailings that may still write to somebody. Drafts are judged when they are submitted.
OPEN_STATES = ("to_validate", "validated", "sending", "paused")
COMMENT_LIMIT = 1000  # characters


class Standing(NamedTuple):
    """How a recipient stands to the mailing whose link they follow."""

    id: int
    mailing_id: int
    mailing_name: str
    address: str
    lang: str
    company_id: int
    staff_lang: str
    unsubscribed: bool  # by a link of this mailing
    blocklisted: bool
    carried: list[list[int]]  # [contact, tag] of the groups that can be left
    left: list[int]  # tags left by a link of this mailing
    gone: bool  # has left the groups of this mailing, by whatever link

    @property
    def groups(self):
        """Return the ids of the tags that can be left."""
        return sorted({tag for _contact, tag in self.carried})


class PartnerMailingRecipient(models.Model):
    """What a recipient's own link can do to them, and nothing to anybody else."""

    _inherit = "partner.mailing.recipient"

    unsubscribed_at = fields.Datetime("Unsubscribed On")

    _unsubscribed_idx = models.Index("(mailing_id) WHERE unsubscribed_at IS NOT NULL")

    def _get_standing(self, number, lock=False):
        """Return the ``Standing`` of the recipient ``number``; None when there is none.

        Plan at a million rows: four rows by primary key, the address in the
        indexes of contacts, blocklist and unsubscriptions; 0.2 ms.

        :param lock: hold the row until the end of the transaction
        """
        Unsubscription = self.env["partner.mailing.unsubscription"]
        mailing, address = SQL("r.mailing_id"), SQL("r.email_normalized")
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.id, r.mailing_id, m.name, r.email_normalized, r.lang, m.company_id,
                       COALESCE(s.lang, 'en_US'), r.unsubscribed_at IS NOT NULL,
                       EXISTS (SELECT FROM mail_blacklist b
                                WHERE b.email = r.email_normalized AND b.active),
                       ARRAY(SELECT ARRAY[g.partner_id, g.category_id]
                               FROM (%(carried)s) g ORDER BY 1),
                       ARRAY(SELECT l.category_id
                               FROM partner_mailing_unsubscription u
                               JOIN partner_mailing_unsubscription_category_rel l
                                 ON l.unsubscription_id = u.id
                              WHERE u.recipient_id = r.id AND u.undone_at IS NULL),
                       %(gone)s
                  FROM partner_mailing_recipient r
                  JOIN partner_mailing m ON m.id = r.mailing_id
                  JOIN res_company c ON c.id = m.company_id
                  JOIN res_partner s ON s.id = c.partner_id
                 WHERE r.id = %(number)s AND r.email_normalized IS NOT NULL
                   %(lock)s
                """,
                carried=Unsubscription._carried_sql(mailing, address),
                gone=Unsubscription._left_sql(mailing, address),
                number=number,
                lock=SQL("FOR NO KEY UPDATE OF r") if lock else SQL(),
            )
        )
        return Standing(*rows[0]) if rows else None

    # ------------------------------------------------------------
    # What a recipient decides
    # ------------------------------------------------------------

    def _unsubscribe_by_one_click(self, number):
        """Do what the button of a mail program asks for (RFC 8058).

        Leaves the groups of the mailing that the recipient is in; who is in none
        was not reached by one, and gets no mailings any more. Mail programs ask
        more than once: a second time changes nothing.

        :return: ``Standing`` before, None when there is no such recipient
        """
        standing = self._get_standing(number, lock=True)
        if standing and not (standing.unsubscribed or standing.gone):
            self._leave(standing, standing.groups, not standing.carried, is_one_click=True)
        return standing

    def _unsubscribe(self, number, groups=(), everything=False):
        """Do what the recipient chose on the page.

        :param groups: ids of the tags to leave; those that the mailing does not
            name, or the recipient is not in, are passed over
        :param everything: get no mailings any more
        :return: ``Standing`` before, None when there is no such recipient
        """
        standing = self._get_standing(number, lock=True)
        if standing:
            groups = [] if everything else sorted(set(groups) & set(standing.groups))
            if groups or (everything and not standing.blocklisted):
                self._leave(standing, groups, everything)
        return standing

    def _leave(self, standing, groups, everything, is_one_click=False):
        """Take the tags off, or the address onto the blocklist, and remember how it was."""
        removed = [pair for pair in standing.carried if pair[1] in groups]
        for group in groups:
            ids = [contact for contact, tag in removed if tag == group]
            contacts = self.env["res.partner"].browse(ids)
            contacts.write({"category_id": [Command.unlink(group)]})
        if removed:
            self._log_on_contacts(standing, removed)
        if everything and not standing.blocklisted:
            self._add_to_blocklist(standing)
        self._remember(standing, groups, everything, is_one_click, removed)

    def _remember(self, standing, groups, everything, is_one_click, removed):
        """Keep a decision, and mark the recipient: one statement where the ORM takes seven."""
        self.env.execute_query(
            SQL(
                """
                WITH act AS (
                    INSERT INTO partner_mailing_unsubscription
                           (mailing_id, company_id, recipient_id, email_normalized, is_everything,
                            is_one_click, removed_tags, create_date, create_uid, write_date, write_uid)
                    VALUES (%(mailing)s, %(company)s, %(recipient)s, %(address)s, %(everything)s,
                            %(is_one_click)s, %(removed)s, %(now)s, %(uid)s, %(now)s, %(uid)s)
                 RETURNING id
                ), groups AS (
                    INSERT INTO partner_mailing_unsubscription_category_rel
                           (unsubscription_id, category_id)
                    SELECT act.id, category_id FROM act, unnest(%(groups)s::integer[]) category_id)
                UPDATE partner_mailing_recipient
                   SET unsubscribed_at = COALESCE(unsubscribed_at, %(now)s)
                 WHERE id = %(recipient)s
             RETURNING id
                """,
                mailing=standing.mailing_id,
                company=standing.company_id,
                recipient=standing.id,
                address=standing.address,
                everything=everything,
                is_one_click=is_one_click,
                removed=json.dumps(removed),
                groups=groups,
                now=fields.Datetime.now(),
                uid=self.env.uid,
            )
        )
        self.env["partner.mailing.unsubscription"].invalidate_model(flush=False)
        self.invalidate_model(["unsubscribed_at"], flush=False)

    def _log_on_contacts(self, standing, pairs, undone=False):
        """Write into the chatter of each contact which tags went, or came back."""
        staff = self._in_language_of_staff(standing)
        names = {tag: staff.env["res.partner.category"].browse(tag).name for _, tag in pairs}
        words = {}
        for contact, tag in pairs:
            words.setdefault(contact, []).append(names[tag])
        bodies = {
            contact: staff.env._(
                'Took back leaving %(tags)s, by the link in the mailing "%(mailing)s".',
                tags=", ".join(tags),
                mailing=standing.mailing_name,
            )
            if undone
            else staff.env._(
                'Unsubscribed from %(tags)s, by the link in the mailing "%(mailing)s".',
                tags=", ".join(tags),
                mailing=standing.mailing_name,
            )
            for contact, tags in words.items()
        }
        contacts = self.env["res.partner"].browse(bodies)
        contacts._message_log_batch(bodies, author_id=self.env.ref("base.partner_root").id)

    def _add_to_blocklist(self, standing):
        """Put the address on Odoo's blocklist, unless somebody does it at this very moment."""
        staff = self._in_language_of_staff(standing)
        message = staff.env._(
            'Unsubscribed from all mailings, by the link in the mailing "%s".',
            standing.mailing_name,
        )
        # The other one's entry says the same.
        with suppress(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            staff.env["mail.blacklist"]._add(standing.address, message=message)

    def _in_language_of_staff(self, standing):
        return self.with_context(lang=standing.staff_lang)

    def _undo_unsubscribing(self, number):
        """Take back what the links of one message have done, as far as it still stands.

        :return: ``Standing`` before, None when there is no such recipient
        """
        standing = self._get_standing(number, lock=True)
        if not standing or not standing.unsubscribed:
            return standing
        acts = self._get_acts(standing)
        alive = set(
            self.env["res.partner"]
            .browse({contact for act in acts for contact, _tag in act.removed_tags or ()})
            .exists()
            .ids
        )
        tags = set(acts.category_ids.ids)
        pairs = [
            (contact, tag)
            for act in acts
            for contact, tag in act.removed_tags or ()
            if contact in alive and tag in tags
        ]
        for contact, tag in pairs:
            self.env["res.partner"].browse(contact).write({"category_id": [Command.link(tag)]})
        if pairs:
            self._log_on_contacts(standing, pairs, undone=True)
        if any(act.is_everything for act in acts):
            staff = self._in_language_of_staff(standing)
            message = staff.env._(
                'Took back unsubscribing, by the link in the mailing "%s".', standing.mailing_name
            )
            staff.env["mail.blacklist"]._remove(standing.address, message=message)
        acts.write({"undone_at": fields.Datetime.now()})
        self.browse(standing.id)._as_system().write({"unsubscribed_at": False})
        return standing

    def _note_unsubscribe_reason(self, number, reason, comment):
        """Keep why somebody left; unknown reasons are passed over.

        :return: ``Standing``, None when there is no such recipient
        """
        standing = self._get_standing(number)
        act = standing and self._get_acts(standing)[:1]
        known = dict(act._fields["reason"].selection) if act else {}
        if act:
            act.write(
                {
                    "reason": reason if reason in known else False,
                    "comment": (comment or "").replace("\0", "").strip()[:COMMENT_LIMIT] or False,
                }
            )
        return standing

    def _get_acts(self, standing):
        """Return what this recipient has decided and not undone, the latest first."""
        return (
            self.env["partner.mailing.unsubscription"]
            ._as_system()
            .search([("recipient_id", "=", standing.id), ("undone_at", "=", False)])
        )

    # ------------------------------------------------------------
    # What follows for lists and totals
    # ------------------------------------------------------------

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
