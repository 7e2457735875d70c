from odoo import api, fields, models
from odoo.addons.mass_mailing_lite.tools.placeholder import TEXT

from ..transport.text import make_card


class SmsTemplate(models.Model):
    """A template for contacts, from which mailings by SMS are created too."""

    _name = "sms.template"
    _inherit = ["sms.template", "partner.mailing.template"]
    _partner_mailing_channel = "sms"

    # The names that the gallery of templates reads, as of ``mail.template``.
    partner_mailing_subject = fields.Char(
        "Text in Words",
        compute="_compute_partner_mailing_card",
        help="The text with the names of the fields where values will stand.",
    )
    partner_mailing_miniature = fields.Html(
        "Miniature",
        compute="_compute_partner_mailing_card",
        sanitize=False,
        help="The text on a page of its own, with the names of the fields where values will stand.",
    )
    partner_mailing_can_write = fields.Boolean(
        "Can Be Changed",
        compute="_compute_partner_mailing_can_write",
        help="Whether the user may change the template, as `can_write` of `mail.template` says.",
    )
    partner_mailing_length = fields.Char(
        "Length",
        compute="_compute_partner_mailing_length",
        groups="mass_mailing_lite.group_user",
    )

    @api.depends("body")
    @api.depends_context("lang")
    def _compute_partner_mailing_card(self):
        Mailing = self.env["partner.mailing"]
        for template in self:
            text = Mailing._name_placeholders(template.body, TEXT)
            template.partner_mailing_subject = text
            template.partner_mailing_miniature = Mailing._wrap_body(make_card(text), "", "")

    @api.depends_context("uid")
    def _compute_partner_mailing_can_write(self):
        writable = self._filtered_access("write")
        for template in self:
            template.partner_mailing_can_write = not template.id or template in writable

    @api.depends("body")
    @api.depends_context("lang", "uid")
    def _compute_partner_mailing_length(self):
        """Measure the text as the user would get it."""
        for template in self:
            values = {"channel": "sms", "sms_body": template.body}
            mailing = self.env["partner.mailing"].new(values)
            is_ours = template.body and template.model == "res.partner"
            template.partner_mailing_length = is_ours and mailing.sms_length_text
