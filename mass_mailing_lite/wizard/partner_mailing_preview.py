import email
import email.policy
from types import SimpleNamespace

from odoo import api, fields, models


class PartnerMailingPreview(models.TransientModel):
    """A look at the message as one recipient gets it: built, filled and read back."""

    _name = "partner.mailing.preview"
    _description = "Preview a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    partner_id = fields.Many2one(
        "res.partner", "As It Comes To", default=lambda self: self.env.user.partner_id
    )
    subject = fields.Char(compute="_compute_message")
    sender = fields.Char("From", compute="_compute_message")
    reply_to = fields.Char(compute="_compute_message")
    body_html = fields.Html("Formatted", compute="_compute_message", sanitize="email_outgoing")
    body_text = fields.Text("Plain Text", compute="_compute_message")
    size = fields.Integer("Size (bytes)", compute="_compute_message")

    @api.depends("mailing_id", "partner_id")
    def _compute_message(self):
        for wizard in self:
            wizard.mailing_id.check_access("read")
            data = wizard._build_message()
            message = email.message_from_bytes(data, policy=email.policy.default)
            html, text = message.get_body(("html",)), message.get_body(("plain",))
            wizard.subject = message["Subject"]
            wizard.sender = message["From"]
            wizard.reply_to = message["Reply-To"]
            wizard.body_html = html and html.get_content()
            wizard.body_text = text and text.get_content()
            wizard.size = len(data)

    def _build_message(self):
        """Return the message as bytes, without a connection to the mail server."""
        mailing = self.mailing_id.sudo()
        partner = self.partner_id or self.env.user.partner_id
        server = mailing.mail_server_id
        session = SimpleNamespace(from_filter=server.from_filter, smtp_from=mailing.email_from)
        compiled = mailing._compile_message(partner.lang or self.env.lang, session)
        row = {
            "id": 0,
            "partner_id": partner.id,
            "name": partner.name,
            "email_normalized": partner.email_normalized or "recipient@example.com",
            "message_id": "<preview@example.com>",
        }
        values = [
            mailing._get_value(hole, partner.sudo().with_context(lang=compiled.lang), row, compiled)
            for hole in compiled.holes
        ]
        return mailing._make_envelope(compiled, row, values, "Thu, 01 Jan 1970 00:00:00 -0000").data
