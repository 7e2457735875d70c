import hashlib
import json

from odoo import models
from odoo.exceptions import UserError

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
        language, of the attachments' bytes and of the submitted list; the
        count is the length of that list.
        """
        self.ensure_one()
        mailing = self.sudo()
        mailing.flush_recordset()
        self.env["partner.mailing.recipient"].flush_model()
        [(list_hash, count)] = self.env.execute_query(
            self.env["partner.mailing.recipient"]._submitted_set_sql(mailing)
        )
        digest = hashlib.sha256()
        for value in (self._get_content_to_fingerprint(), list_hash):
            digest.update(json.dumps(value, sort_keys=True, default=str).encode())
        for file in mailing.attachment_ids.sorted("id"):
            digest.update(json.dumps([file.name, file.mimetype]).encode())
            digest.update(hashlib.sha256(file.raw or b"").digest())
        return digest.hexdigest(), count

    def _get_content_to_fingerprint(self):
        """Return the covered fields as plain values: {field name: value}.

        The sources of the list are not among them: what they led to, the list, is.
        """
        mailing = self.sudo()
        content = {}
        for name in sorted(self._get_covered_fields() - {"attachment_ids"} - LIST_SOURCES):
            field = self._fields[name]
            if field.translate:
                content[name] = mailing.with_context(prefetch_langs=True)._get_translations_of(name)
            elif field.relational:
                content[name] = mailing[name].ids
            else:
                content[name] = mailing[name] or False
        return content

    def _get_translations_of(self, name):
        """Return {language code: value} of a translated field, as stored."""
        translations = self._fields[name]._get_stored_translations(self) or {}
        return {lang: str(value) for lang, value in translations.items()}

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
