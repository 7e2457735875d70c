from odoo import fields, models


class PartnerMailing(models.Model):
    """A mailing whose body is built of blocks, as those of Email Marketing."""

    _inherit = "partner.mailing"

    body_arch = fields.Html(
        "Design",
        translate=True,
        sanitize="email_outgoing",
        sanitize_output_method="html",
        help="The blocks that the body is made of. The body holds the same with its styles inline.",
    )
