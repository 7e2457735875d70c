from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .partner_mailing import EDITABLE_STATES

# The fields that change what recipients get of a file, and those that also change its owner.
SEEN_FIELDS = frozenset(
    {
        *("raw", "datas", "db_datas", "store_fname", "name", "mimetype", "type", "url"),
        "partner_mailing_as_link",
    }
)
# Those that stand in the headers of an attachment.
HEADER_FIELDS = frozenset({"name", "mimetype"})
# Those that decide how large a message is, and whether a link can lead to the file.
LINK_FIELDS = frozenset({"partner_mailing_as_link", "type"})
CONTENT_FIELDS = SEEN_FIELDS | {"res_model", "res_id"}
# Those that never change once the file was validated: links in messages hold the token.
FROZEN_FIELDS = CONTENT_FIELDS | {"res_field", "access_token"}


class IrAttachment(models.Model):
    """A file of a mailing: a change of it is a change of the mailing, and only a draft allows it.

    A file that was validated never changes again, whatever becomes of the mailing: messages that
    have left show it. A draft that is to show something else gets another file.
    """

    _inherit = "ir.attachment"

    # Set when the mailing is validated; no user reads or writes it.
    partner_mailing_is_frozen = fields.Boolean(
        "Part of a Validated Mailing", copy=False, groups="."
    )
    partner_mailing_as_link = fields.Boolean(
        "Sent as a Link",
        help="Recipients of a mailing get a link to download the file, in place of the file itself.",
    )

    def write(self, vals):
        drafts = self.env["partner.mailing"]
        if FROZEN_FIELDS & set(vals):
            self._check_not_frozen(vals)
        if CONTENT_FIELDS & set(vals):
            drafts = self._check_not_of_submitted_mailing()
            if SEEN_FIELDS & set(vals):
                drafts._add_editor()
            if drafts and "name" in vals:
                drafts._check_file_name(vals["name"] or "")
        result = super().write(vals)
        if (HEADER_FIELDS | LINK_FIELDS) & set(vals):
            drafts._check_files()
        if LINK_FIELDS & set(vals):
            drafts._check_message_size()
        return result

    def unlink(self):
        self._check_not_frozen({})
        self._check_not_of_submitted_mailing()._add_editor()
        return super().unlink()

    def _check_not_of_submitted_mailing(self):
        """Raise when a file is an attachment, or in the body, of a mailing that is no draft.

        :return: the drafts with the files
        :raises UserError: names the file and the mailing
        """
        drafts = self.env["partner.mailing"]
        if not self.ids:
            return drafts
        for mailing_id, file_id in self._find_mailings_with_files():
            mailing = self.env["partner.mailing"].sudo().browse(mailing_id)
            file = self.browse(file_id)
            if file not in mailing._get_content_files():
                continue
            if mailing.state not in EDITABLE_STATES:
                raise UserError(
                    self.env._(
                        'The file "%(file)s" is part of the mailing "%(mailing)s", which is no draft.'
                        " Take the mailing back to draft before you change the file.",
                        file=file.sudo().name,
                        mailing=mailing.name,
                    )
                )
            drafts |= mailing
        return drafts

    def _check_not_frozen(self, vals):
        """Raise when a file is part of what was validated, and its mailing is still there.

        :param vals: to be written; empty when the files are to be deleted
        :raises UserError: names the file and the mailing
        """
        if not self.ids:
            return
        self.flush_model(["partner_mailing_is_frozen", "res_model", "res_id", "access_token"])
        for file_id, mailing_id, has_token in self.env.execute_query(
            SQL(
                """
                SELECT a.id, m.id, a.access_token IS NOT NULL
                  FROM ir_attachment a
                  JOIN partner_mailing m ON m.id = a.res_id
                 WHERE a.id = ANY(%s) AND a.res_model = 'partner.mailing'
                   AND a.partner_mailing_is_frozen
                """,
                list(self.ids),
            )
        ):
            if set(vals) == {"access_token"} and not has_token:
                continue  # the first one: no message has another
            raise UserError(
                self.env._(
                    'The file "%(file)s" was validated with the mailing "%(mailing)s", and messages'
                    " that have left may show it, so it is never changed or deleted. Put another file"
                    " in its place in the draft.",
                    file=self.browse(file_id).sudo().name,
                    mailing=self.env["partner.mailing"].sudo().browse(mailing_id).name,
                )
            )

    def _find_mailings_with_files(self):
        """Return (mailing id, file id) for files that are linked to a mailing in any way."""
        self.env["partner.mailing"].flush_model(["state", "attachment_ids"])
        self.flush_model(["res_model", "res_id"])
        return self.env.execute_query(
            SQL(
                """
                SELECT r.mailing_id, r.attachment_id
                  FROM partner_mailing_attachment_rel r
                 WHERE r.attachment_id = ANY(%(ids)s)
             UNION
                SELECT m.id, a.id
                  FROM ir_attachment a
                  JOIN partner_mailing m ON m.id = a.res_id
                 WHERE a.id = ANY(%(ids)s) AND a.res_model = 'partner.mailing' AND a.res_field IS NULL
                """,
                ids=list(self.ids),
            )
        )
