from odoo import fields, models

from ..models.body_field import BodyField
from ..models.partner_mailing_content import CONTENT


class PartnerMailingVersionEdit(models.TransientModel):
    """The dialog in which the texts of one language version are written.

    An addon that brings a channel adds its text and names it in ``_get_text_names``.
    """

    _name = "partner.mailing.version.edit"
    _inherit = ["partner.mailing.dialog"]
    _description = "Edit a Language Version"

    version_id = fields.Many2one("partner.mailing.version", required=True, ondelete="cascade")
    channel = fields.Selection(related="version_id.mailing_id.channel")
    # What the widgets of placeholders ask for.
    render_model = fields.Char(default="res.partner", readonly=True)
    subject = fields.Char()
    preview_text = fields.Char()
    body_html = BodyField("Body", sanitize="email_outgoing")

    def _get_text_names(self):
        """Return the names of the texts, in the dialog and in the mailing."""
        return CONTENT

    def action_save(self):
        """Write the texts that were changed into the mailing, in the language of the version.

        :raises UserError: when the mailing is no draft
        """
        self.ensure_one()
        version = self.version_id
        version._check_can_decide(self.env._("change a version"))
        mailing = version.mailing_id.with_context(lang=version.lang)
        changed = {
            name: self[name]
            for name in self._get_text_names()
            if (self[name] or "") != (mailing[name] or "")
        }
        if changed:
            mailing.write(changed)
            # Pictures that were chosen in the dialog belong to the mailing: they outlive the dialog.
            files = self.env["ir.attachment"].sudo()
            owned = [("res_model", "=", self._name), ("res_id", "=", self.id)]
            files.search(owned).write({"res_model": mailing._name, "res_id": mailing.id})
        return {"type": "ir.actions.act_window_close"}
