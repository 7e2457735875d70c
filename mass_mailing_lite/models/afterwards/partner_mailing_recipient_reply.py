from odoo import api, fields, models
from odoo.tools import SQL

from ..sending.partner_mailing_recipient_queue import UTC_NOW


class PartnerMailingRecipient(models.Model):
    """Answers to a mailing: noted on the recipient, kept where colleagues read them.

    A recipient stands at the end of Odoo's mail gateway as a document does:
    what nobody else has a place for is handed to it, and it passes the message
    on to the contact, or to the mailing where there is none.
    """

    _inherit = "partner.mailing.recipient"

    replied_at = fields.Datetime("Replied On", help="When the first answer came.")

    def _record_reply(self):
        """Note that the recipient answered; the mailing counts each recipient once."""
        self.ensure_one()
        self._in_own_transaction(lambda rows: rows._write_reply())
        self._forget_cached_rows()

    def _write_reply(self):
        """Write the time and the total in one statement; return None when the row is not there."""
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
                ), counted AS (
                    UPDATE partner_mailing_counter k
                       SET replied_count = k.replied_count + 1
                      FROM replied JOIN partner_mailing m ON m.id = replied.mailing_id
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

    # ------------------------------------------------------------
    # The end of the gateway
    # ------------------------------------------------------------

    @api.private
    def message_update(self, msg_dict, update_vals=None):
        """Take a message from the gateway; what it says changes nothing here."""
        return True

    @api.private
    def message_post(self, **values):
        """Keep an answer in the chatter of the contact, or of the mailing, for colleagues.

        As a note: whoever follows the contact from outside does not get what
        the contact wrote, and nobody becomes a follower by writing.

        :param values: as ``mail.thread`` takes them
        :return: the ``mail.message``
        """
        self.ensure_one()
        place = self.partner_id.exists() or self.mailing_id
        place = place.with_context(mail_post_autofollow_author_skip=True)
        values["subtype_id"] = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note")
        values["partner_ids"] = self._get_reply_readers(place).ids
        return place.message_post(**values)

    def _get_reply_readers(self, place):
        """Return the colleagues who are told of an answer: the responsible, and who follows."""
        mailing = self.mailing_id.sudo()
        responsible = (mailing.user_id or mailing.create_uid).filtered("active").partner_id
        return responsible | place.sudo().message_partner_ids.filtered(
            lambda partner: not partner.partner_share
        )
