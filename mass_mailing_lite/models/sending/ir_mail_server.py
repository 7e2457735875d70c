import inspect

from odoo import api, fields, models
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.exceptions import ValidationError

MOST_CONNECTIONS = 50

# What an addon overrides that has to see each message by itself.
MESSAGE_METHODS = ("_build_email__", "send_email")


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    partner_mailing_connections = fields.Integer(
        "Connections for Mailings",
        default=1,
        help="How many connections a sender of mailings opens to this server at once."
        " More help where each reply takes long; ask whoever runs the server.",
    )

    @api.constrains("partner_mailing_connections")
    def _check_partner_mailing_connections(self):
        for server in self:
            if not 1 <= server.partner_mailing_connections <= MOST_CONNECTIONS:
                raise ValidationError(
                    self.env._(
                        'The number of connections of the mail server "%(server)s" is %(number)s;'
                        " it must be from 1 to %(most)s.",
                        server=server.name,
                        number=server.partner_mailing_connections,
                        most=MOST_CONNECTIONS,
                    )
                )

    def _active_usages_compute(self):
        """Name the mailings that are about to be sent through a server: it cannot be archived."""
        usages = super()._active_usages_compute()
        mailings = (
            self.env["partner.mailing"]
            .sudo()
            .search(
                [
                    ("mail_server_id", "in", self.ids),
                    ("state", "in", ("to_validate", "validated", "sending", "paused")),
                ]
            )
        )
        for mailing in mailings:
            usages.setdefault(mailing.mail_server_id.id, []).append(
                self.env._("%s (mailing)", mailing.name)
            )
        return usages

    @api.model
    def _get_message_overrides(self):
        """Return the names of modules, other than Odoo's own, that override what makes a message.

        :rtype: tuple[str, ...]
        """
        found = {}
        for model_class in type(self).mro():
            for name in MESSAGE_METHODS:
                method = vars(model_class).get(name)
                if method and method is not vars(IrMail_Server)[name]:
                    found[inspect.unwrap(method).__module__] = True
        return tuple(sorted(found))

    @api.model
    def _build_common_message(self, **parts):
        """Build the message from which each recipient's is filled; parameters of ``_build_email__``.

        Where others override that, each recipient's message passes through it
        later, and what they add must not come twice.
        """
        if self._get_message_overrides():
            return IrMail_Server._build_email__(self, **parts)
        return self._build_email__(**parts)
