from odoo import models
from odoo.exceptions import UserError

from ...delivery.fault import FAULTS, from_exception
from ...delivery.pool import NoSession, Pool
from .mailing_handover import Handover


class PartnerMailing(models.Model):
    """How the messages of a mailing come to its mail server."""

    _inherit = "partner.mailing"

    def _connect(self):
        """Open a session with the mailing's mail server, by Odoo's own means.

        :raises NoSession: with the server's words
        :raises UserError: when there is no server, or sending is switched off
        """
        try:
            session = self._get_mail_server_model()._connect__(
                mail_server_id=self.mail_server_id.id or None, smtp_from=self.email_from
            )
        except FAULTS as error:
            raise NoSession(from_exception(error)) from error
        if session is None:
            raise UserError(self.env._("Sending of e-mail is switched off."))
        return session

    def _get_connections(self):
        """Return how many messages may be on their way at the same time."""
        server = self._get_used_server()
        return max(server.partner_mailing_connections, 1) if server else 1

    def _make_pool(self, connect, connections):
        """Return what carries the messages: a ``delivery.pool.Pool``, or what stands for one.

        :param connect: returns the next of the sessions that ``_connect`` opens
        """
        if modules := self.env["ir.mail_server"]._get_message_overrides():
            return Handover(self, connect, modules)
        return Pool(connect, connections)
