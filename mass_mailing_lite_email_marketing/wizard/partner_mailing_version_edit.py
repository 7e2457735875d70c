from odoo import api, fields, models

from ..content.designs import make_design


class PartnerMailingVersionEdit(models.TransientModel):
    """A language version that may be built of blocks."""

    _inherit = "partner.mailing.version.edit"

    body_arch = fields.Html("Design", sanitize="email_outgoing", sanitize_output_method="html")
    editor = fields.Selection(
        [("plain", "Text"), ("builder", "Blocks")],
        compute="_compute_editor",
        store=True,
        readonly=False,
        help="Of this language version: a version without a design is written as text.",
    )
    mailing_model_id = fields.Many2one(related="version_id.mailing_id.mailing_model_id")
    mailing_model_real = fields.Char(related="version_id.mailing_id.mailing_model_real")

    @api.depends("version_id")
    def _compute_editor(self):
        for dialog in self:
            is_built = dialog.version_id.mailing_id.editor == "builder" and dialog.body_arch
            dialog.editor = "builder" if is_built else "plain"

    @api.onchange("editor")
    def _onchange_editor(self):
        if self.editor == "builder" and self.body_html and not self.body_arch:
            self.body_arch = make_design(self.body_html)

    def _get_text_names(self):
        return (*super()._get_text_names(), "body_arch")
