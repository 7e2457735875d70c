from email.message import EmailMessage
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.mail import email_normalize_all

from ..mailing.partner_mailing import UNDECIDED_STATES
from .partner_mailing_message import NOBODY


class PartnerMailing(models.Model):
    """The addresses of a mailing: what is wrong with them, and what the form points out."""

    _inherit = "partner.mailing"

    sender_warning = fields.Char(compute="_compute_sender_warning")
    copies_notice = fields.Char(compute="_compute_copies_notice")

    @api.depends("state", "email_from", "mail_server_id", "company_id")
    def _compute_sender_warning(self):
        for mailing in self:
            mailing.sender_warning = (
                mailing.state in UNDECIDED_STATES and mailing._get_sender_warning()
            )

    def _get_sender_warning(self):
        """Return what is to be known about the sender that recipients will see, or False."""
        if not self.email_from or not email_normalize_all(self.email_from):
            return False
        server, terms = self._get_sender_terms()
        seen = self._get_seen_sender(terms)
        if email_normalize_all(seen) != email_normalize_all(self.email_from):
            return self.env._(
                'Recipients will see "%(seen)s" as the sender: the mail server does not send for "%(sender)s".',
                seen=seen,
                sender=self.email_from,
            )
        from_filter = terms.from_filter
        if not server._match_from_filter(self.email_from, from_filter):
            return self.env._(
                'The mail server "%(server)s" is meant for senders of %(filter)s. Recipients will see'
                ' "%(seen)s" as the sender, and their mail servers may take the message for forged.',
                server=server.name or self.env._("Default"),
                filter=from_filter,
                seen=seen,
            )
        return False

    def _get_sender_terms(self):
        """Return ``(server, terms)``: who will send, and what a session with it would know.

        :return: the ``ir.mail_server``, empty for the one of Odoo's configuration, and what
            stands for a session: ``from_filter`` (str or False) and ``smtp_from`` (str)
        """
        servers = self._get_mail_server_model()
        if self.mail_server_id:
            server, smtp_from = servers.browse(self.mail_server_id.ids), self.email_from
        else:
            # Handed over with all their fields: one query where Odoo's own search takes two.
            candidates = servers.search_fetch(
                servers._find_mail_server_allowed_domain(), order="sequence"
            )
            server, smtp_from = servers._find_mail_server(self.email_from, candidates)
        from_filter = server.from_filter if server else servers._get_default_from_filter()
        return server or servers, SimpleNamespace(from_filter=from_filter, smtp_from=smtp_from)

    def _get_seen_sender(self, terms):
        """Return what will stand in From, by Odoo's own rules."""
        message = EmailMessage()
        message["From"] = self.email_from
        message["To"] = NOBODY
        self._get_mail_server_model()._prepare_email_message__(message, terms)
        return str(message["From"])

    @api.depends("cc", "bcc", "copy_policy", "recipient_count")
    def _compute_copies_notice(self):
        for mailing in self:
            copies = set(email_normalize_all(f"{mailing.cc or ''},{mailing.bcc or ''}"))
            if mailing.copy_policy != "each" or not copies:
                mailing.copies_notice = False
            elif not mailing.recipient_count:
                mailing.copies_notice = self.env._(
                    "Each recipient's message makes %s copies: load the recipients to see how many in all.",
                    len(copies),
                )
            else:
                mailing.copies_notice = self.env._(
                    "That makes %(total)s copies: %(copies)s of each of %(recipients)s messages.",
                    total=f"{len(copies) * mailing.recipient_count:,}",
                    copies=len(copies),
                    recipients=f"{mailing.recipient_count:,}",
                )

    @api.constrains("mail_server_id")
    def _check_mail_server_owner(self):
        """Refuse the mail server that a colleague has for their own mail: it sends in their name.

        :raises ValidationError: names the server and whose it is
        """
        for mailing in self:
            server = mailing.mail_server_id.sudo()
            if server.owner_user_id and server.owner_user_id != self.env.user:
                raise ValidationError(
                    self.env._(
                        'The mail server "%(server)s" is for the own mail of %(owner)s, and nobody else'
                        " sends through it. Choose another one.",
                        server=server.name,
                        owner=server.owner_user_id.name,
                    )
                )

    def _check_addresses(self):
        """Raise when the sender, the reply address or a copy is no address.

        :raises UserError: names field and value
        """
        self.ensure_one()
        for name, many in (("email_from", False), ("reply_to", False), ("cc", True), ("bcc", True)):
            value = self[name]
            if not value:
                continue
            found = email_normalize_all(value)
            wanted = len([part for part in value.split(",") if part.strip()]) if many else 1
            if len(found) != wanted or any(ord(char) < 32 for char in value):
                raise UserError(
                    self.env._(
                        '"%(value)s" in the field "%(field)s" is not a valid e-mail address.'
                        " Write it as name@example.com or as Name <name@example.com>.",
                        value=value,
                        field=self._fields[name]._description_string(self.env),
                    )
                )
