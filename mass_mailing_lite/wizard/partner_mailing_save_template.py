from odoo import api, fields, models


class PartnerMailingSaveTemplate(models.TransientModel):
    """The dialog that saves the content of a mailing as a template."""

    _name = "partner.mailing.save.template"
    _inherit = ["partner.mailing.dialog"]
    _description = "Save a Mailing as a Template"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    name = fields.Char(
        "Template Name",
        required=True,
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
    )

    @api.depends("mailing_id")
    def _compute_name(self):
        for wizard in self:
            wizard.name = wizard.name or wizard.mailing_id.name

    def action_save(self):
        """Create the template and open it."""
        self.ensure_one()
        template = self.mailing_id._save_as_template(self.name)
        return {
            "type": "ir.actions.act_window",
            "res_model": template._name,
            "res_id": template.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
