from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    partner_mailing_mail_server_id = fields.Many2one(
        related="company_id.partner_mailing_mail_server_id", readonly=False
    )
    partner_mailing_self_validation = fields.Boolean(
        related="company_id.partner_mailing_self_validation", readonly=False
    )
    partner_mailing_two_validators_from = fields.Integer(
        related="company_id.partner_mailing_two_validators_from", readonly=False
    )
    partner_mailing_late_hours = fields.Integer(
        related="company_id.partner_mailing_late_hours", readonly=False
    )
    partner_mailing_resend_uncertain = fields.Boolean(
        related="company_id.partner_mailing_resend_uncertain", readonly=False
    )
    partner_mailing_blocklist_bounced = fields.Boolean(
        related="company_id.partner_mailing_blocklist_bounced", readonly=False
    )
    partner_mailing_bounce_address = fields.Char(
        "Bounce Address", related="company_id.bounce_email"
    )
    partner_mailing_feedback_name = fields.Char(
        related="company_id.partner_mailing_feedback_name", readonly=False
    )
