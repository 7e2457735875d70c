from odoo import fields, models


class PartnerMailing(models.Model):
    """A mailing whose body can be built of blocks, as those of Email Marketing."""

    _inherit = "partner.mailing"

    editor = fields.Selection(
        [("plain", "Text"), ("builder", "Blocks")],
        required=True,
        default="plain",
        help="Text: write the body as in Odoo's other texts. Blocks: build it of blocks, with the"
        " themes and the builder of Email Marketing.",
    )
    body_arch = fields.Html(
        "Design",
        translate=True,
        sanitize="email_outgoing",
        sanitize_output_method="html",
        help="The blocks that the body is made of. The body holds the same with its styles inline.",
    )
    # Not stored: the builder asks which model its placeholders and conditions are about.
    mailing_model_id = fields.Many2one(
        "ir.model",
        "Model of the Recipients",
        compute="_compute_mailing_model_id",
        help="Contacts: the builder of Email Marketing asks for it.",
    )

    def _compute_mailing_model_id(self):
        self.mailing_model_id = self.env["ir.model"]._get_id("res.partner")
