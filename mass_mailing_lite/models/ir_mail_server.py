import inspect

from odoo import api, fields, models
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.exceptions import ValidationError

from ..delivery.schedule.rate_limit import Limits
from .mailing_call import only_one
from .partner_mailing import UNFINISHED_STATES

MAX_CONNECTIONS = 50
MAX_SENDERS = 3  # whose checks the form of a server shows

# The methods that an addon overrides to change each message.
MESSAGE_METHODS = ("_build_email__", "send_email")

# Key in the cursor's cache: ids of the servers that Odoo chooses from.
CANDIDATES = "partner_mailing_candidates"

# Key of a limit -> field.
LIMIT_FIELDS = {
    "minute": "partner_mailing_limit_minute",
    "hour": "partner_mailing_limit_hour",
    "day": "partner_mailing_limit_day",
    "domain_minute": "partner_mailing_limit_domain_minute",
}


class IrMailServer(models.Model):
    """An outgoing mail server with limits and a number of connections for mailings."""

    _inherit = "ir.mail_server"

    partner_mailing_connections = fields.Integer(
        "Connections for Mailings",
        default=1,
        help="How many connections mailings open to this server at the same time. More connections are"
        " faster where the server replies slowly; your e-mail provider tells you how many it allows.",
    )
    partner_mailing_limit_minute = fields.Integer(
        "Mailings: Messages per Minute",
        help="How many messages all mailings together send through this server within a minute."
        " 0: unlimited.",
    )
    partner_mailing_limit_hour = fields.Integer(
        "Mailings: Messages per Hour",
        help="How many messages within an hour. 0: unlimited.",
    )
    partner_mailing_limit_day = fields.Integer(
        "Mailings: Messages per Day",
        help="How many messages within 24 hours. 0: unlimited.",
    )
    partner_mailing_limit_domain_minute = fields.Integer(
        "Mailings: Messages per Minute to One Domain",
        help="How many messages to recipients of one domain, such as example.com, within a minute."
        " 0: unlimited.",
    )

    partner_mailing_sender_looks = fields.Json(
        compute="_compute_partner_mailing_sender_looks",
        groups="mass_mailing_lite.group_manager",  # who reads all mailings of the company
    )

    @api.constrains("partner_mailing_connections")
    def _check_partner_mailing_connections(self):
        for server in self:
            if not 1 <= server.partner_mailing_connections <= MAX_CONNECTIONS:
                raise ValidationError(
                    self.env._(
                        'The number of connections of the mail server "%(server)s" is %(number)s;'
                        " it must be from 1 to %(most)s.",
                        server=server.name,
                        number=server.partner_mailing_connections,
                        most=MAX_CONNECTIONS,
                    )
                )

    @api.constrains(*LIMIT_FIELDS.values())
    def _check_partner_mailing_limits(self):
        for server in self:
            for name in LIMIT_FIELDS.values():
                if server[name] < 0:
                    raise ValidationError(
                        self.env._(
                            '"%(field)s" of the mail server "%(server)s" is %(number)s. A limit is a'
                            " number of messages; 0 or empty means unlimited.",
                            field=self._fields[name]._description_string(self.env),
                            server=server.name,
                            number=server[name],
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        self._forget_partner_mailing_candidates()
        return super().create(vals_list)

    def unlink(self):
        self._forget_partner_mailing_candidates()
        return super().unlink()

    def write(self, vals):
        self._forget_partner_mailing_candidates()
        result = super().write(vals)
        if not set(LIMIT_FIELDS.values()).isdisjoint(vals):
            # Mailings that wait for a limit may be sent now.
            self.env.ref("mass_mailing_lite.ir_cron_send").sudo()._trigger()
        return result

    def _compute_partner_mailing_sender_looks(self):
        looks = self.env["partner.mailing.sender.look"].sudo()
        for server in self:
            found = looks.search(
                [
                    ("mail_server_id", "=", server.id),
                    ("company_id", "in", self.env.companies.ids),
                    ("checked_at", "!=", False),
                ],
                limit=MAX_SENDERS,
            )
            server.partner_mailing_sender_looks = [look._get_summary() for look in found] or False

    def action_open_partner_mailing_sender_check(self):
        """Open the dialog with what was found about this server as a sender of mailings."""
        server = only_one(self)
        server.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sender Check"),
            "res_model": "partner.mailing.sender.check",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mail_server_id": server.id},
        }

    def action_check_partner_mailing_sender(self):
        """Ask the DNS about this server as the sender of the company's mailings, and show it."""
        server = only_one(self)
        server.check_access("read")
        dialogs = self.env["partner.mailing.sender.check"]
        return dialogs.create({"mail_server_id": server.id}).action_check_now()

    @api.model
    def _get_partner_mailing_candidates(self):
        """Return the servers that Odoo chooses from for a From address, in their order.

        They are searched once a transaction: a form asks for the server of its mailing several times.
        """
        cache = self.env.cr.cache
        if CANDIDATES not in cache:
            found = self.search_fetch(
                self._find_mail_server_allowed_domain(),
                ["active", "name", "from_filter", *LIMIT_FIELDS.values()],
                order="sequence",
            )
            cache[CANDIDATES] = found._ids
        return self.browse(cache[CANDIDATES])

    def _forget_partner_mailing_candidates(self):
        self.env.cr.cache.pop(CANDIDATES, None)

    def _get_partner_mailing_limits(self):
        """Return the ``Limits`` of this server; an empty recordset has none."""
        return Limits(**{key: self[name] for key, name in LIMIT_FIELDS.items()})

    def _active_usages_compute(self):
        """Add the unfinished mailings with this server, which keep it from being archived."""
        usages = super()._active_usages_compute()
        mailings = (
            self.env["partner.mailing"]
            .sudo()
            .search(
                [
                    ("mail_server_id", "in", self.ids),
                    ("state", "in", UNFINISHED_STATES),
                ]
            )
        )
        for mailing in mailings:
            usages.setdefault(mailing.mail_server_id.id, []).append(
                self.env._("%s (mailing)", mailing._get_name_for(self.env.user))
            )
        return usages

    @api.model
    def _get_message_overrides(self):
        """Return the names of modules, other than Odoo's own, that override ``MESSAGE_METHODS``.

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
        """Build the message that is filled for each recipient; parameters of ``_build_email__``.

        Where an addon overrides ``_build_email__``, it is called later for each recipient's
        message. It is not called here, so that its changes are not made twice.
        """
        if self._get_message_overrides():
            return IrMail_Server._build_email__(self, **parts)
        return self._build_email__(**parts)
