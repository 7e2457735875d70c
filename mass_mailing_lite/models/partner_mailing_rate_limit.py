from odoo import fields, models
from odoo.tools import SQL


class PartnerMailingRateLimit(models.Model):
    """The clock of one limited mail server; whoever sends through it locks this row first.

    An addon that brings another way out adds a field, with a unique index, that
    says whose clock a row is, and names it in ``get_limit_key`` of its mailings.
    """

    _name = "partner.mailing.rate.limit"
    _inherit = ["partner.mailing.guard"]
    _description = "Pace of a Mail Server"
    _rec_name = "mail_server_id"
    _log_access = False

    mail_server_id = fields.Many2one("ir.mail_server", ondelete="cascade")
    # Seconds since 1970 by PostgreSQL's clock, less what that clock was set by since: a clock that
    # is set an hour forward or back neither frees an hour's messages nor holds them for an hour.
    clock_offset = fields.Float("Clock Set By", default=0.0, required=True)
    seen_at = fields.Float("Last Look", default=0.0, required=True)

    _server_uniq = models.UniqueIndex("(mail_server_id)")

    def _get_or_create(self, key):
        """Return the id of the row that belongs to ``key``, which is made when it is not there.

        :param key: dict of one field and the id in it
        """
        [(name, number)] = key.items()
        column = SQL.identifier(name)
        self.env.cr.execute(
            SQL(
                "INSERT INTO partner_mailing_rate_limit (%s, clock_offset, seen_at)"
                " VALUES (%s, 0, 0) ON CONFLICT DO NOTHING",
                column,
                number,
            )
        )
        [(rate_limit_id,)] = self.env.execute_query(
            SQL("SELECT id FROM partner_mailing_rate_limit WHERE %s = %s", column, number)
        )
        return rate_limit_id
