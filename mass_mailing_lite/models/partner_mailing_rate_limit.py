from odoo import fields, models
from odoo.tools import SQL


class PartnerMailingRateLimit(models.Model):
    """The clock of the rate limits of one mail server; a sender locks the row before it reserves.

    An addon that brings a channel adds a field with a unique index for what its limits are counted
    for, and names it in ``get_limit_key`` of its transport.
    """

    _name = "partner.mailing.rate.limit"
    _inherit = ["partner.mailing.guard"]
    _description = "Rate Limit of a Mail Server"
    _rec_name = "mail_server_id"
    _log_access = False

    mail_server_id = fields.Many2one("ir.mail_server", ondelete="cascade")
    # Times of reservations are seconds since 1970 by the clock of PostgreSQL, minus
    # ``clock_offset``: by how much that clock was set since. A clock that is set forward by an hour
    # does not free the messages of an hour, one that is set back does not block them for an hour.
    clock_offset = fields.Float("Clock Set By", default=0.0, required=True)
    seen_at = fields.Float("Last Look", default=0.0, required=True)

    _server_uniq = models.UniqueIndex("(mail_server_id)")

    def _get_or_create(self, key):
        """Return the id of the row for ``key``, and create the row when it is missing.

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
