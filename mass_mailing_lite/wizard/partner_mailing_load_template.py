from odoo import api, fields, models
from odoo.exceptions import UserError


class PartnerMailingLoadTemplate(models.TransientModel):
    """The dialog that loads a template into a draft and says what it replaces."""

    _name = "partner.mailing.load.template"
    _inherit = ["partner.mailing.dialog"]
    _description = "Load a Template into a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    template_id = fields.Many2one("mail.template", domain=[("model", "=", "res.partner")])
    replaced = fields.Char(compute="_compute_replaced")
    miniature = fields.Html(related="template_id.partner_mailing_miniature", sanitize=False)

    @api.depends("mailing_id", "template_id")
    def _compute_replaced(self):
        """List the labels of the fields that the template replaces."""
        for wizard in self:
            mailing, template = wizard.mailing_id, wizard.template_id
            names = [name for name in ("subject", "preview_text") if mailing[name]]
            if not mailing._is_body_empty():
                names.append("body_html")
            if mailing.attachment_ids:
                names.append("attachment_ids")
            values = mailing._get_template_values(template) if template else {}
            names += [
                name
                for name in ("email_from", "reply_to", "mail_server_id")
                if mailing[name] and name in values and values[name] != mailing[name]
            ]
            wizard.replaced = ", ".join(
                mailing._fields[name]._description_string(self.env) for name in names
            )

    def action_load(self):
        """Load the template into the draft.

        :raises UserError: when no template is chosen, or the mailing is no draft
        """
        self.ensure_one()
        if not self.template_id:
            raise UserError(self.env._('Choose a template in the field "Template".'))
        self.mailing_id.check_access("write")
        self.mailing_id._load_template(self.template_id)
        return {"type": "ir.actions.act_window_close"}
