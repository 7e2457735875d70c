from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

ROW = ("id", "partner_id", "name", "email_normalized", "lang", "attempts", "message_id")
WITHOUT_FILES = "partner_mailing_without_files"


class PartnerMailing(models.Model):
    """A message once more, for whoever holds the link in it."""

    _inherit = "partner.mailing"

    @api.model
    def _get_message_to_view(self, number):
        """Return the message of the recipient ``number`` as octets; None when there is none to show.

        Made as the sender made it, without its files, from content that is
        validated: what somebody writes into a draft stays inside, also when the
        draft was a mailing that went out to some.

        :raises UserError: when the message cannot be made
        """
        columns = SQL(", ").join(SQL.identifier("r", name) for name in ROW)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.mailing_id, %s
                  FROM partner_mailing_recipient r
                 WHERE r.id = %s AND r.email_normalized IS NOT NULL
                   AND EXISTS (SELECT FROM partner_mailing_approval a
                                WHERE a.mailing_id = r.mailing_id AND a.state = 'validated')
                """,
                columns,
                number,
            )
        )
        if not rows:
            return None
        mailing_id, *values = rows[0]
        row = dict(zip(ROW, values, strict=True))
        mailing = self.browse(mailing_id).with_context(**{WITHOUT_FILES: True})
        _server, terms = mailing._get_sender_terms()
        compiled = mailing._compile_message(mailing._get_language_of(row), terms)
        [(_row, envelope, error)] = mailing._fill_messages(compiled, [row])
        if error:
            raise UserError(error)
        return envelope.octets()

    def _get_files_to_attach(self):
        if self.env.context.get(WITHOUT_FILES):
            return self.env["ir.attachment"]
        return super()._get_files_to_attach()
