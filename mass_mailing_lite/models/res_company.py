from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    partner_mailing_mail_server_id = fields.Many2one(
        "ir.mail_server",
        "Mail Server for Mailings",
        help="Proposed in new mailings. Empty: the one that Odoo finds for the sender's address.",
    )
    partner_mailing_resend_uncertain = fields.Boolean(
        "Send Uncertain Messages Again",
        help="When a sender is stopped in the middle, the fate of the messages on the wire is unknown."
        " On: they are sent again, and a few recipients may get them twice."
        " Off: they are shown as uncertain, for a person to decide.",
    )
