from markupsafe import Markup, escape

from odoo import api, models

from ..tools.sms_length import measure
from .partner_mailing import SMS

# What a mailing by SMS has not.
MAIL_ONLY = (
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
    "attachment_ids",
    "extra_emails",
    "has_unsubscribe",
    "unsubscribe_category_ids",
)


class PartnerMailing(models.Model):
    """What the validator sees of a mailing by SMS."""

    _inherit = "partner.mailing"

    @api.depends("channel")
    def _compute_review_html(self):
        return super()._compute_review_html()

    def _get_review(self, request):
        values = super()._get_review(request)
        if self.channel == SMS:
            text = self._get_sms_text(values["sample"][:1])
            values["sms_length"] = self._describe_length(measure(text))
        return values

    def _render_for(self, recipient):
        if self.channel != SMS:
            return super()._render_for(recipient)
        lines = escape(self._get_sms_text(recipient)).split("\n")
        return "", Markup("<br/>").join(lines)

    def _get_sms_text(self, recipient):
        """Return the text as a recipient gets it."""
        lang = recipient.lang or self.env.lang or "en_US"
        compiled = self._compile_message(lang, None)
        row = {
            "partner_id": recipient.partner_id.id,
            "name": recipient.name,
            "email_normalized": recipient.email_normalized,
        }
        [contact] = self._get_contacts([row], compiled)
        return compiled.template.fill([read(contact, row) for read in compiled.readers])

    def _get_content_to_compare(self):
        content = super()._get_content_to_compare()
        if self.channel != SMS:
            return content
        content = {
            name: text for name, text in content.items() if name.partition("@")[0] not in MAIL_ONLY
        }
        return {
            "channel": self._get_label_of("channel"),
            "sms_body": self.sms_body or "",
            **self._get_translations_to_compare({"sms_body"}),
            "extra_numbers": self.extra_numbers or "",
            **content,
        }
