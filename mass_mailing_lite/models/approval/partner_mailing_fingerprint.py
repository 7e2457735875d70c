import hashlib
import json
import re

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

# Addresses of pictures and files in a body: as Odoo's editor writes them, and Odoo's other ways
# to say the same, by model or by query.
LOCAL_FILE = re.compile(
    r"/web/(?:image|content)/?(?:(?:ir\.attachment/)?|\?(?:[^\s\"'<>]*[?&;])?id=)(\d+)"
)

# Everything that reaches a recipient, or decides when and through which server.
COVERED_FIELDS = frozenset(
    {
        "subject",
        "preview_text",
        "body_html",
        "email_from",
        "reply_to",
        "cc",
        "bcc",
        "copy_policy",
        "priority",
        "mail_server_id",
        "scheduled_at",
        "attachment_ids",
        "audience_ids",
        "marked_partner_ids",
        "extra_emails",
        "has_unsubscribe",
        "unsubscribe_category_ids",
        "company_id",
    }
)
# Covered by way of the list that they lead to.
LIST_SOURCES = {"audience_ids", "marked_partner_ids", "extra_emails"}


class PartnerMailing(models.Model):
    """What was validated, as one number; and the lock on what it covers."""

    _inherit = "partner.mailing"

    def _get_covered_fields(self):
        """Return the names of the fields that the fingerprint covers."""
        return COVERED_FIELDS

    def _get_fingerprint(self):
        """Return ``(fingerprint, recipient_count)`` of what would be sent now.

        The fingerprint is the SHA-256 (hex) of the covered fields, in every
        language, of the files' bytes and of the submitted list; the count is
        the length of that list.
        """
        self.ensure_one()
        mailing = self.sudo()
        mailing.flush_recordset()
        self.env["partner.mailing.recipient"].flush_model()
        translations = mailing._get_translations()
        [(list_hash, count)] = self.env.execute_query(
            self.env["partner.mailing.recipient"]._submitted_set_sql(mailing)
        )
        content = {**mailing._get_plain_content(), **translations}
        digest = hashlib.sha256()
        for value in (content, list_hash):
            digest.update(json.dumps(value, sort_keys=True, default=str).encode())
        for file in mailing._get_content_files(translations["body_html"]).sorted("id"):
            digest.update(json.dumps([file.name, file.mimetype]).encode())
            digest.update(hashlib.sha256(file.raw or b"").digest())
        return digest.hexdigest(), count

    def _get_plain_content(self):
        """Return the covered fields that are not translated: {field name: value}.

        The sources of the list are not among them: what they led to, the list,
        is. Nor are the files, which are hashed by their bytes.
        """
        names = self._get_covered_fields() - {"attachment_ids"} - LIST_SOURCES
        return {
            name: self[name].ids if self._fields[name].relational else self[name] or False
            for name in names
            if not self._fields[name].translate
        }

    def _get_translations(self):
        """Return the covered fields in every language: {field name: {language code: text}}."""
        names = sorted(name for name in self._get_covered_fields() if self._fields[name].translate)
        columns = SQL(", ").join(SQL.identifier(name) for name in names)
        [row] = self.env.execute_query(
            SQL("SELECT %s FROM partner_mailing WHERE id = %s", columns, self.id)
        )
        return dict(zip(names, (value or {} for value in row), strict=True))

    def _get_content_files(self, bodies=None):
        """Return the files that reach a recipient: attached ones, and those the body shows.

        :param dict bodies: {language code: body}, read when it is not given
        """
        self.ensure_one()
        mailing = self.sudo()
        if bodies is None:
            bodies = mailing._get_translations()["body_html"]
        shown = {int(number) for body in bodies.values() for number in LOCAL_FILE.findall(body)}
        files = mailing.attachment_ids
        return files | files.browse(shown - set(files.ids)).exists() if shown else files

    def _matches_validation(self):
        """Tell whether what would be sent is what was validated."""
        self.ensure_one()
        approval = self.sudo().approval_ids.filtered(lambda request: request.state == "validated")
        return bool(approval) and approval.fingerprint == self._get_fingerprint()[0]

    def _check_covered_unlocked(self, names):
        """Raise when covered fields are to change in a state in which they are locked.

        :raises UserError: names the first field and says what to do
        """
        for mailing in self:
            if mailing.state != "draft":
                name = sorted(names)[0]
                raise UserError(
                    self.env._(
                        '"%(field)s" of the mailing "%(mailing)s" cannot be changed: the mailing is'
                        ' in the state "%(state)s". Take it back to draft first.',
                        field=self._fields[name]._description_string(self.env),
                        mailing=mailing.name,
                        state=dict(mailing._fields["state"]._description_selection(self.env))[
                            mailing.state
                        ],
                    )
                )

    def _check_editable(self, what):
        """Raise unless the mailing is a draft; ``what`` says in words what was wanted."""
        for mailing in self:
            if mailing.state != "draft":
                raise UserError(
                    self.env._(
                        'You cannot %(what)s: the mailing "%(mailing)s" is no draft. Take it back to draft first.',
                        what=what,
                        mailing=mailing.name,
                    )
                )
