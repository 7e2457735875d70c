from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..transport.allowed_senders import AllowedSenders


class PartnerMailingSenders(models.AbstractModel):
    """Whom a mailing is from: the From address and the mail server, and who may use which.

    What is allowed is said by ``transport.allowed_senders``. It is asked when the address is saved,
    in whatever way, and again whenever the mailing comes nearer to its recipients.
    """

    _name = "partner.mailing.senders"
    _description = "From Address and Mail Server of a Mailing"

    sender_warning = fields.Char(compute="_compute_sender_warning")
    sender_suggestions = fields.Json(
        compute="_compute_sender_suggestions",
        help="From addresses that the user may choose from.",
    )

    @api.depends("state", "channel", "email_from", "mail_server_id", "company_id", "approval_ids")
    @api.depends_context("uid")
    def _compute_sender_warning(self):
        for mailing in self:
            # A reader of a draft is not the user whose right matters.
            is_asked = mailing.state != "draft" or mailing.can_write
            mailing.sender_warning = mailing.state in ("draft", "to_validate") and (
                (is_asked and mailing._get_sender_problem())
                or mailing._get_transport().get_sender_warning()
            )

    @api.constrains("mail_server_id")
    def _check_mail_server_owner(self):
        """Refuse the personal mail server of another user.

        :raises ValidationError: names the server and its owner
        """
        for mailing in self:
            if problem := mailing._get_server_problem(self.env.user):
                raise ValidationError(problem)

    def _get_server_problem(self, user):
        """Return why what a user submits may not leave through the mail server, in words, or False.

        A personal server has the login of its owner. Odoo sends through it for the owner alone.
        """
        server = self.mail_server_id.sudo()
        owner = server.owner_user_id
        if not owner or owner == user:
            return False
        return self.env._(
            'The mail server "%(server)s" is the personal mail server of %(owner)s.'
            " Choose another one.",
            server=server.name,
            owner=owner.name,
        )

    def _get_departure_problem(self, user):
        """Return why what a user submits may not leave as it is, in words, or False."""
        return self._get_server_problem(user) or self._get_sender_problem(user)

    def _get_request_problem(self):
        """Return the same for the user whose request was validated."""
        request = self.sudo().approval_ids.filtered(lambda one: one.state == "validated")
        return self._get_departure_problem(request[:1].requested_by_id)

    @api.constrains("email_from", "company_id", "channel")
    def _check_sender_allowed(self):
        """Refuse a From address that the user may not write mailings of the company from.

        :raises ValidationError: names the field, the value and the allowed ones
        """
        for mailing in self:
            if problem := mailing._get_sender_problem(self.env.user):
                raise ValidationError(problem)

    def _get_sender_problem(self, user=None):
        """Return why the mailing may not be written from its From address, in words, or False.

        :param user: of whom the right is asked; without one it is the user who submitted the mailing
            while it waits, and else the current one
        """
        if user is None:
            request = self.state == "to_validate" and self.sudo()._get_pending_request()
            user = (request and request.requested_by_id) or self.env.user
        return self._get_transport().get_sender_problem(user)

    def _get_allowed_senders(self, user=None):
        return AllowedSenders(self.company_id or self.env.company, user or self.env.user)

    def _log_refused_sender(self, sender):
        """Say in the chatter which From address was not taken over, if it was not."""
        if sender and sender != self.email_from:
            self._message_log(body=self._describe_refused_sender(sender))

    def _describe_refused_sender(self, sender):
        return self.env._(
            "The From address %(sender)s was not taken over: you may not write from it. The mailing"
            " has %(own)s.",
            sender=sender,
            own=self.email_from or self.env._("no address"),
        )

    @api.depends("company_id", "state")
    @api.depends_context("uid")
    def _compute_sender_suggestions(self):
        for mailing in self:
            is_open = mailing.state == "draft"
            mailing.sender_suggestions = (
                is_open and mailing._get_allowed_senders().get_suggestions()
            )

    @api.model
    def _get_default_mail_server(self):
        """Return the mail server of the company, unless it is the personal one of another user."""
        server = self.env.company.partner_mailing_mail_server_id
        owner = server.sudo().owner_user_id
        return server if not owner or owner == self.env.user else server.browse()

    def _describe_sender_of(self, template):
        """Return a sentence about a template's From address that is not taken over, or False."""
        sender = "email_from" in template._fields and template.email_from
        if not sender or "{{" in sender or not self._get_allowed_senders().get_problem(sender):
            return False
        return self._describe_refused_sender(sender)
