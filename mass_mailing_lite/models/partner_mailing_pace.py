from odoo import fields, models


class PartnerMailingPace(models.Model):
    """The clock of one limited mail server; whoever sends through it locks this row first."""

    _name = "partner.mailing.pace"
    _inherit = ["partner.mailing.guard"]
    _description = "Pace of a Mail Server"
    _rec_name = "mail_server_id"
    _log_access = False

    mail_server_id = fields.Many2one("ir.mail_server", required=True, ondelete="cascade")
    # Seconds since 1970 by PostgreSQL's clock, less what that clock was set by since: a clock that
    # is set an hour forward or back neither frees an hour's messages nor holds them for an hour.
    clock_offset = fields.Float("Clock Set By", default=0.0, required=True)
    seen_at = fields.Float("Last Look", default=0.0, required=True)

    _server_uniq = models.UniqueIndex("(mail_server_id)")
