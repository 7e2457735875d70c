from odoo import fields, models


class PartnerMailingLoadTemplate(models.TransientModel):
    """The same for a mailing by SMS, with a template of its channel."""

    _inherit = "partner.mailing.load.template"

    channel = fields.Selection(related="mailing_id.channel")
    # The name of the mailing's field.
    sms_template_id = fields.Many2one(
        "sms.template", "SMS Template", domain=[("model", "=", "res.partner")]
    )
