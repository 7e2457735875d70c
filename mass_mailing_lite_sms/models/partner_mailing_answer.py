from uuid import uuid4

import psycopg2.errors

from odoo import api, fields, models
from odoo.addons.mass_mailing_lite.models.unchecked_many2one import UncheckedMany2one
from odoo.addons.mass_mailing_lite.sender.transaction import in_transaction
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from ..tools.answer import AnswerKind, clean_answer, is_single_word, read_answer
from ..transport.sms import E164

KINDS = [
    (AnswerKind.STOP.value, "Unsubscribe"),
    (AnswerKind.START.value, "Subscribe again"),
    (AnswerKind.REPLY.value, "Reply"),
]
MAX_REFERENCE = 100
MAX_NUMBER = 50
# An entry of the blocklist that was changed later than our decision, by so many seconds, is a user's.
TOLERANCE = 2


class PartnerMailingAnswer(models.Model):
    """One SMS that came back, and what became of it.

    An answer that belongs to no mailing is kept, too: it is here, and with the contact if one has
    the number.
    """

    _name = "partner.mailing.answer"
    _inherit = ["partner.mailing.guard"]
    _description = "Answer by SMS"
    _order = "id desc"
    _rec_name = "number"

    reference = fields.Char(required=True, help="The provider's identifier of the SMS.")
    number = fields.Char(required=True)
    text = fields.Text()
    kind = fields.Selection(KINDS, "Taken As", required=True)
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    mailing_id = fields.Many2one("partner.mailing", index="btree_not_null", ondelete="set null")
    recipient_id = UncheckedMany2one("partner.mailing.recipient")
    partner_id = fields.Many2one(
        "res.partner", "Contact", index="btree_not_null", ondelete="set null"
    )
    has_blocked = fields.Boolean(
        "Blocklisted By This", help="No mailing had been sent to the number, so no list names it."
    )

    _reference_uniq = models.UniqueIndex("(reference)")
    _number_idx = models.Index("(number)")

    # ------------------------------------------------------------
    # Receiving
    # ------------------------------------------------------------

    @api.model
    def _receive(self, number, text, reference, companies=None):
        """Take an answer; see ``_receive_answer`` of recipients."""
        answers = self._as_system()
        companies = (companies or self.env.company).sudo()
        text = clean_answer(str(text or ""))
        number = answers._read_number(number, companies)
        recipient = answers._find_recipient(number, companies)
        answer = answers._insert(number, text, reference, recipient, companies)
        if not answer:
            return answer
        decided = answer.browse().recipient_id
        if answer.kind == AnswerKind.STOP:
            decided = answer._stop()
        elif answer.kind == AnswerKind.START:
            decided = answer._start()
            if decided is None:
                answer.kind, decided = AnswerKind.REPLY, answer.browse().recipient_id
        # "End of May suits me" begins with a keyword: the sender is unsubscribed, and the responsible
        # reads the answer.
        is_reply = answer.kind == AnswerKind.REPLY or not is_single_word(text)
        if is_reply:
            answer._post_reply()
        # Last, because a sender waits for the rows that this locks.
        if is_reply and recipient:
            answer._count(lambda env: recipient.with_env(env)._write_reply())
        for recipient in decided:
            answer._apply(recipient)
        self.env["partner.mailing.recipient"]._invalidate_rows()
        return answer

    def _read_number(self, number, companies):
        """Return a number in the form E.164; as it came, bounded, when it is none."""
        text = clean_answer(str(number or ""))[:MAX_NUMBER]
        country = companies[:1].country_id
        return self.env["res.partner"]._phone_format_number(text, country) or text or "?"

    def _find_recipient(self, number, companies):
        """Return the recipient of the last SMS to a number.

        Plan: the mailings by SMS that were sent, and for each a lookup in ``_phone_uniq``.
        """
        self.env["partner.mailing.recipient"].flush_model()
        self.env["partner.mailing"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.id
                  FROM partner_mailing_recipient r
                  JOIN partner_mailing m ON m.id = r.mailing_id
                 WHERE r.mailing_id = ANY(ARRAY(
                           SELECT id FROM partner_mailing
                            WHERE channel = 'sms' AND started_at IS NOT NULL
                              AND company_id = ANY(%s)))
                   AND r.phone_sanitized = %s AND r.skip_reason IS NULL
                   AND r.state IN ('sending', 'sent', 'bounced', 'uncertain')
              ORDER BY COALESCE(r.sent_at, m.started_at) DESC, r.id DESC
                 LIMIT 1
                """,
                companies.ids,
                number,
            )
        )
        return self.env["partner.mailing.recipient"].browse(row[0] for row in rows)

    def _insert(self, number, text, reference, recipient, companies):
        """Store an answer; return nothing when one with its reference is there.

        Where two requests bring it at once, the second waits for the first, and is then run again
        by Odoo: it finds the answer.
        """
        reference = clean_answer(str(reference or ""))[:MAX_REFERENCE]
        contacts = recipient.partner_id.exists() or self._find_contacts(number)
        company = recipient.mailing_id.company_id or companies[:1]
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO partner_mailing_answer
                       (reference, number, text, kind, company_id, mailing_id, recipient_id,
                        partner_id, create_date, create_uid, write_date, write_uid)
                VALUES (%(reference)s, %(number)s, %(text)s, %(kind)s, %(company)s, %(mailing)s,
                        %(recipient)s, %(partner)s, %(now)s, %(uid)s, %(now)s, %(uid)s)
                    ON CONFLICT (reference) DO NOTHING
             RETURNING id
                """,
                reference=reference or uuid4().hex,
                number=number,
                text=text,
                kind=read_answer(text).value,
                company=company.id,
                mailing=recipient.mailing_id.id or None,
                recipient=recipient.id or None,
                partner=contacts[:1].id or None,
                now=fields.Datetime.now(),
                uid=self.env.uid,
            )
        )
        return self.browse(row[0] for row in rows)

    def _find_contacts(self, number):
        """Return the contacts with a number."""
        if not E164.fullmatch(number):
            return self.env["res.partner"]
        return self.env["res.partner"].search([("phone_sanitized", "=", number)], order="id")

    # ------------------------------------------------------------
    # STOP and START
    # ------------------------------------------------------------

    def _stop(self):
        """Put the number on the phone blocklist, as the link in a mailing does.

        :return: the recipients whose subscription changed
        """
        unsubscriptions = self.env["partner.mailing.unsubscription"]
        try:
            with self.env.cr.savepoint():
                if self.recipient_id:
                    unsubscriptions._unsubscribe(
                        self.recipient_id.id, everything=True, by_answer=True
                    )
                else:
                    self._block()
        except psycopg2.errors.UniqueViolation as error:
            # Another transaction has added the number; Odoo runs the request again.
            raise ConcurrencyError(str(error)) from error
        return self.recipient_id.exists()

    def _block(self):
        """Put a number on the blocklist to which no mailing was sent."""
        blocklist = self._in_language_of_staff().env["phone.blacklist"]
        if not E164.fullmatch(self.number) or blocklist.search([("number", "=", self.number)]):
            return
        blocklist._add(
            [self.number], message=blocklist.env._("Unsubscribed from all mailings, by an SMS.")
        )
        self.has_blocked = True

    def _start(self):
        """Take the number off the blocklist, if a link or an answer had put it there.

        :return: the recipients whose subscription changed, None when none was to change
        """
        blocklist = self._in_language_of_staff().env["phone.blacklist"]
        entry = blocklist.search([("number", "=", self.number)])
        decisions = (
            self.env["partner.mailing.unsubscription"]
            ._as_system()
            .search(
                [
                    ("phone_sanitized", "=", self.number),
                    ("is_everything", "=", True),
                    ("undone_at", "=", False),
                ]
            )
        )
        answers = self.search([("number", "=", self.number), ("has_blocked", "=", True)])
        moments = [*decisions.mapped("create_date"), *answers.mapped("create_date")]
        if not entry or not moments:
            return None
        if (entry.write_date - max(moments)).total_seconds() > TOLERANCE:
            return None
        blocklist._remove([self.number], message=blocklist.env._("Subscribed again, by an SMS."))
        decisions.write({"undone_at": fields.Datetime.now()})
        answers.has_blocked = False
        recipients = decisions.recipient_id.exists()
        recipients._as_system().write({"unsubscribed_at": False})
        return recipients or self.recipient_id.exists()

    # ------------------------------------------------------------
    # Totals
    # ------------------------------------------------------------

    def _apply(self, recipient):
        """Exclude the number from open mailings or include it again, and count who unsubscribed."""
        subscription = self.env["partner.mailing.unsubscription"]._get_subscription(recipient.id)
        if subscription:
            self._count(
                lambda env: env["partner.mailing.unsubscription"]._apply_to_open_mailings(
                    subscription
                )
            )

    def _count(self, step):
        """Run a step that writes totals, which a sender writes many times a second.

        A conflict with it must not undo the decision: then the step is run in a transaction of its
        own, as soon as this one is committed.

        :param step: callable, environment -> None
        """
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                step(self.env)
        except (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected):
            self.env.cr.postcommit.add(lambda: self._count_in_own_transaction(step))

    def _count_in_own_transaction(self, step):
        with self.pool.cursor() as cr:
            env = self.env(cr=cr, su=True)
            in_transaction(cr, lambda: step(env))

    def _in_language_of_staff(self):
        """Return the record in the language of the company, whose users read the notes."""
        return self.with_context(
            lang=self.company_id.partner_id.lang, allowed_company_ids=self.company_id.ids
        )

    # ------------------------------------------------------------
    # Replies
    # ------------------------------------------------------------

    def _post_reply(self):
        """Post the answer as a reply where the responsible reads it."""
        recipient = self.recipient_id.exists()
        author = self.partner_id
        values = {
            "body": self.text or self.env._("(an empty SMS)"),
            "author_id": author.id or False,
            "email_from": author.email_formatted or self.number,
            # As the replies by e-mail, which are removed with the other personal data.
            "message_type": "email",
        }
        if recipient:
            recipient.message_post(**values)
        elif author:
            note = author.with_context(mail_post_autofollow_author_skip=True)
            note.message_post(**values, subtype_xmlid="mail.mt_note")
