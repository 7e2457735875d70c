from markupsafe import Markup

from odoo import api, fields, models

from ..delivery.template import HTML, UnsupportedTemplate, substitute_marks


class MailTemplate(models.Model):
    """A template for contacts also starts mailings."""

    _inherit = "mail.template"

    partner_mailing_preview_text = fields.Char(
        "Preview Text",
        translate=True,
        help="For mailings: the line that mail programs show behind the subject.",
    )
    partner_mailing_miniature = fields.Html(
        "Miniature",
        compute="_compute_partner_mailing_miniature",
        sanitize=False,
        help="The body as a page of its own, with the names of the fields where values will stand.",
    )

    @api.depends("body_html")
    @api.depends_context("lang")
    def _compute_partner_mailing_miniature(self):
        Mailing = self.env["partner.mailing"]
        labels = {
            placeholder["expression"]: placeholder["label"]
            for placeholder in Mailing.get_placeholders()
        }
        for template in self:
            source = str(template.body_html or "")
            try:
                body = substitute_marks(
                    source, HTML, frozenset(labels), lambda hole: f"[{labels[hole.path]}]"
                )
            except UnsupportedTemplate:
                body = source  # logic is shown as it is, and never run for a picture
            template.partner_mailing_miniature = Markup(
                Mailing._wrap_body(body, template.subject or "", "")
            )

    def _get_dynamic_field_names(self):
        return super()._get_dynamic_field_names() | {"partner_mailing_preview_text"}

    def action_start_partner_mailing(self):
        """Create a draft with the content of the template, and open it."""
        self.ensure_one()
        mailing = self.env["partner.mailing"].create({"name": self.name})
        mailing._load_template(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": "partner.mailing",
            "res_id": mailing.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
