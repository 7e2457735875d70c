from odoo import api, fields, models

from ..tools.placeholder import TEXT
from .body_field import BodyField


class MailTemplate(models.Model):
    """A template for contacts, from which mailings by e-mail are created too."""

    _name = "mail.template"
    _inherit = ["mail.template", "partner.mailing.template"]

    # Declared anew for its class alone: parameters are those of Odoo.
    body_html = BodyField()
    partner_mailing_preview_text = fields.Char(
        "Preview Text",
        translate=True,
        help="For mailings: the line that mail programs show behind the subject.",
    )
    # Odoo's own field, email_layout_xmlid, names a view that Odoo puts around a single message.
    partner_mailing_layout_id = fields.Many2one(
        "partner.mailing.layout",
        "Layout",
        ondelete="restrict",
        index="btree_not_null",
        help="For mailings: header and footer around the text.",
    )
    partner_mailing_subject = fields.Char(
        "Subject in Words",
        compute="_compute_partner_mailing_card",
        help="The subject with the names of the fields where values will stand.",
    )
    partner_mailing_miniature = fields.Html(
        "Miniature",
        compute="_compute_partner_mailing_card",
        sanitize=False,
        help="The body as a page of its own, with the names of the fields where values will stand.",
    )

    @api.depends("subject", "body_html")
    @api.depends_context("lang")
    def _compute_partner_mailing_card(self):
        Mailing = self.env["partner.mailing"]
        for template in self:
            template.partner_mailing_subject = Mailing._name_placeholders(template.subject, TEXT)
            template.partner_mailing_miniature = Mailing._get_miniature(
                template.body_html, template.subject
            )

    # ------------------------------------------------------------
    # Editor
    # ------------------------------------------------------------

    def _get_dynamic_field_names(self):
        return super()._get_dynamic_field_names() | {"partner_mailing_preview_text"}
