import logging
import xmlrpc.client

from odoo import api, models
from odoo.tools import email_normalize
from odoo.tools.mail import email_normalize_all

from ..delivery.address import same
from ..delivery.inbound import inbound_mail

_logger = logging.getLogger(__name__)

RECIPIENT = "partner.mailing.recipient"
READ = "partner_mailing_read"  # attribute of a message: what it was found to be
ODOO_MESSAGE_ID = "-openerp-"  # part of each Message-ID that Odoo makes


class MailThread(models.AbstractModel):
    """The mail gateway, for replies and bounces of mailings; other mail is routed as usual."""

    _inherit = "mail.thread"

    # ------------------------------------------------------------
    # Tests of the sender
    # ------------------------------------------------------------

    @api.model
    def message_process(
        self,
        model,
        message,
        custom_values=None,
        save_original=False,
        strip_attachments=False,
        thread_id=None,
    ):
        """Take a test of *Sender Check* that comes back, octet for octet; it goes no further."""
        source = message.data if isinstance(message, xmlrpc.client.Binary) else message
        octets = source.encode() if isinstance(source, str) else bytes(source)
        if self.env["partner.mailing.sender.look"]._receive(octets):
            return False
        return super().message_process(
            model,
            message,
            custom_values=custom_values,
            save_original=save_original,
            strip_attachments=strip_attachments,
            thread_id=thread_id,
        )

    # ------------------------------------------------------------
    # Bounces
    # ------------------------------------------------------------

    @api.model
    def _detect_is_bounce(self, message, message_dict):
        """Correct Odoo's result for mail about mailings.

        Odoo does not recognise all delivery statuses and feedback reports as bounces. And it takes
        all mail to the bounce address for bounces, where some mail programs send replies.
        """
        is_bounce = super()._detect_is_bounce(message, message_dict)
        found = self._partner_mailing_read(message)
        is_report = found.kind in (
            inbound_mail.FAILED,
            inbound_mail.DELAYED,
            inbound_mail.COMPLAINT,
        )
        is_answer = found.kind is inbound_mail.PERSONAL
        if not (is_answer if is_bounce else is_report):
            return is_bounce
        is_ours = bool(self.env[RECIPIENT]._find_by_message_ids(found.message_ids))
        return is_bounce != is_ours

    @api.model
    def _partner_mailing_read(self, message):
        """Return the ``InboundMail`` of a message, which is read once however often it is asked."""
        found = getattr(message, READ, None)
        if found is None:
            found = inbound_mail.read(message)
            setattr(message, READ, found)
        return found

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """Record a bounce on its recipient; then let Odoo count it as any bounce.

        Delays, complaints and automatic replies arrive the same way but are no bounces: of those
        about a mailing, Odoo counts none.
        """
        found = self._partner_mailing_read(email_message)
        recipient = self.env[RECIPIENT]._find_by_message_ids(found.message_ids)
        if not recipient:
            self._partner_mailing_receive_unnamed(found, message_dict)
            return super()._routing_handle_bounce(email_message, message_dict)
        if found.kind is inbound_mail.FAILED:
            self._partner_mailing_receive_failure(recipient, found, message_dict)
            return super()._routing_handle_bounce(email_message, message_dict)
        if found.kind is inbound_mail.COMPLAINT:
            recipient._receive_complaint()
        _logger.info(
            "Mail with Message-Id %s is about the recipient %s of a mailing: %s.",
            message_dict["message_id"],
            recipient.id,
            found.kind.value,
        )
        return None

    @api.model
    def _partner_mailing_receive_failure(self, recipient, found, message_dict):
        """Record the bounce, and tell Odoo the recipient's address, or none when it is not named.

        Any other address in a delivery status is ignored: its author can write what they like.
        """
        status, named = recipient._choose_failure(found.failures)
        if status is None:
            return
        recipient._receive_failure(status, confirmed=named)
        address = recipient.email_normalized if named else False
        message_dict["bounced_email"] = address
        contacts = self.env["res.partner"].sudo()
        message_dict["bounced_partner"] = (
            contacts._partner_mailing_find(address).filtered("active") if address else contacts
        )

    @api.model
    def _partner_mailing_receive_unnamed(self, found, message_dict):
        """Find the recipient of a failure without known Message-ID, by its address.

        Mail services that replace the Message-ID send such delivery statuses. They are easy to
        forge, so one is accepted only at the bounce address, which is known to mail servers only,
        and it never leads to the blocklist.
        """
        if found.kind is not inbound_mail.FAILED or self._partner_mailing_is_named(
            found, message_dict
        ):
            return
        addresses = email_normalize_all(message_dict["to"])
        hosts = [address.partition("@")[2] for address in addresses]
        domains = self.env["mail.alias.domain"].sudo().search([("name", "in", hosts)])
        if not set(domains.mapped("bounce_email")) & set(addresses):
            return
        for status in found.failures:
            if recipient := self.env[RECIPIENT]._find_by_address(status.addresses):
                recipient._receive_failure(status, confirmed=False)

    @api.model
    def _partner_mailing_is_named(self, found, message_dict):
        """Tell whether a delivery status names a message of this Odoo other than a mailing's."""
        host = self.env[RECIPIENT]._message_id_host()
        return bool(message_dict.get("bounced_message")) or any(
            ODOO_MESSAGE_ID in message_id or message_id.endswith(f"@{host}>")
            for message_id in found.message_ids
        )

    # ------------------------------------------------------------
    # Replies
    # ------------------------------------------------------------

    @api.model
    def _partner_mailing_get_answered(self, message):
        """Return ``(recipient, kind)``: whose message this replies to, and its ``InboundKind``."""
        found = self._partner_mailing_read(message)
        return self.env[RECIPIENT]._find_by_message_ids(found.message_ids), found.kind

    @api.model
    def _detect_write_to_catchall(self, msg_dict):
        """Accept replies to a mailing, where Odoo returns mail to its catchall address."""
        if not super()._detect_write_to_catchall(msg_dict):
            return False
        message_ids = inbound_mail.get_answered_ids(msg_dict["in_reply_to"], msg_dict["references"])
        return not self.env[RECIPIENT]._find_by_message_ids(message_ids)

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        """Route replies to a mailing to its recipient, where Odoo finds no route.

        A reply of a person is kept with the contact; an automatic reply is dropped (RFC 3834,
        section 2: it must not be replied to).
        """
        if message_dict.get("is_bounce"):
            return super().message_route(message, message_dict, model, thread_id, custom_values)
        recipient, kind = self._partner_mailing_get_answered(message)
        if not recipient:
            return super().message_route(message, message_dict, model, thread_id, custom_values)
        if not model:
            model, thread_id = RECIPIENT, recipient.id
        routes = super().message_route(message, message_dict, model, thread_id, custom_values)
        if not any(route[0] == RECIPIENT for route in routes):
            return routes
        if kind is not inbound_mail.PERSONAL:
            _logger.info(
                "Mail with Message-Id %s is an automatic answer to a mailing: not kept.",
                message_dict["message_id"],
            )
            return []
        author = email_normalize(message_dict["email_from"])
        if author and same(author) == recipient.email_normalized:
            # Of several contacts with the address, the author is the recipient.
            message_dict["author_id"] = recipient.partner_id.exists().id
        return routes

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """Record the reply on its recipient, after Odoo has delivered it."""
        result = super()._message_route_process(message, message_dict, routes)
        if routes:
            recipient, kind = self._partner_mailing_get_answered(message)
            if recipient and kind is inbound_mail.PERSONAL:
                recipient._record_reply()
        return result
