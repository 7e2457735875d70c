from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...delivery.pace import Limits

LIMIT_FIELDS = {
    "minute": "partner_mailing_limit_minute",
    "hour": "partner_mailing_limit_hour",
    "day": "partner_mailing_limit_day",
    "domain_minute": "partner_mailing_limit_domain_minute",
}


class IrMailServer(models.Model):
    """How many messages of mailings an outgoing mail server takes."""

    _inherit = "ir.mail_server"

    partner_mailing_limit_minute = fields.Integer(
        "Mailings: Messages a Minute",
        help="Most messages of mailings that leave through this server in any minute,"
        " of all mailings together. 0: no limit.",
    )
    partner_mailing_limit_hour = fields.Integer(
        "Mailings: Messages an Hour",
        help="The same, in any hour. 0: no limit.",
    )
    partner_mailing_limit_day = fields.Integer(
        "Mailings: Messages a Day",
        help="The same, in any 24 hours. 0: no limit.",
    )
    partner_mailing_limit_domain_minute = fields.Integer(
        "Mailings: Messages a Minute to One Domain",
        help="Most messages to recipients whose addresses end alike, @example.com say,"
        " in any minute. 0: no limit.",
    )

    @api.constrains(*LIMIT_FIELDS.values())
    def _check_partner_mailing_limits(self):
        for server in self:
            for name in LIMIT_FIELDS.values():
                if server[name] < 0:
                    raise ValidationError(
                        self.env._(
                            '"%(field)s" of the mail server "%(server)s" is %(number)s. A limit is a'
                            " number of messages; 0 stands for no limit.",
                            field=self._fields[name]._description_string(self.env),
                            server=server.name,
                            number=server[name],
                        )
                    )

    def write(self, vals):
        result = super().write(vals)
        if not set(LIMIT_FIELDS.values()).isdisjoint(vals):
            # What a limit holds may go on at once.
            self.env.ref("mass_mailing_lite.ir_cron_send").sudo()._trigger()
        return result

    def _get_partner_mailing_limits(self):
        """Return the limits of this server, none at all without a server."""
        return Limits(**{key: self[name] for key, name in LIMIT_FIELDS.items()})
