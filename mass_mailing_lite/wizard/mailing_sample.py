from odoo import api, fields, models
from odoo.exceptions import UserError

from ..transport.smtp import SAMPLE_ADDRESS


class PartnerMailingSample(models.AbstractModel):
    """The choice of one recipient, whose message is shown in the preview or sent as a test."""

    _name = "partner.mailing.sample"
    _inherit = ["partner.mailing.dialog"]
    _description = "Sample of a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    has_recipients = fields.Boolean(compute="_compute_has_recipients")
    recipient_id = fields.Many2one(
        "partner.mailing.recipient",
        "Preview for",
        domain="[('mailing_id', '=', mailing_id), ('state', '!=', 'skipped')]",
        ondelete="cascade",
        help="The recipient whose name and other fields are filled in.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Contact",
        default=lambda self: self.env.user.partner_id,
        help="The contact whose name and other fields are filled in.",
    )
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        "Language",
        compute="_compute_lang",
        store=True,
        readonly=False,
        precompute=True,
        help="The recipient's own, unless you choose another one.",
    )

    @api.depends("mailing_id")
    def _compute_has_recipients(self):
        for sample in self:
            sample.has_recipients = bool(sample.mailing_id.recipient_count)

    @api.depends("mailing_id", "recipient_id", "partner_id")
    def _compute_lang(self):
        for sample in self:
            reader = sample.recipient_id or sample.partner_id
            mailing = sample.mailing_id or self.env["partner.mailing"]
            sample.lang = mailing._get_recipient_language({"lang": reader.lang})

    @api.model_create_multi
    def create(self, vals_list):
        samples = super().create(vals_list)
        samples._check_readable()
        return samples

    def _check_readable(self):
        """Raise unless the user may see the mailing and the contact.

        :raises AccessError: for what the user may not read
        :raises UserError: without a mailing, or when the recipient belongs to another one
        """
        for sample in self:
            if not sample.mailing_id:
                raise UserError(
                    self.env._("This dialog is about a mailing: open it from the mailing's form.")
                )
            sample.mailing_id.check_access("read")
            sample.partner_id.check_access("read")
            if sample.recipient_id and sample.recipient_id.mailing_id != sample.mailing_id:
                raise UserError(
                    self.env._(
                        '"%(recipient)s" is no recipient of the mailing "%(mailing)s".',
                        recipient=sample.recipient_id.sudo().display_name,
                        mailing=sample.mailing_id.name,
                    )
                )

    def _get_row(self):
        """Return a dict like a claimed row, for a message that no total counts."""
        self.ensure_one()
        transport = self.mailing_id._get_transport()
        if self.recipient_id:
            recipient = self.recipient_id.sudo()
            partner, name = recipient.partner_id, recipient.name
            address = recipient[transport.address_column]
        else:
            partner = self.partner_id or self.env.user.partner_id
            name, address = partner.name, False
        return {
            "id": 0,
            "is_sample": True,
            "partner_id": partner.id,
            "name": name,
            "address": address or transport.get_contact_address(partner.sudo()),
            "lang": self.lang,
            "attempts": 1,
            "message_id": f"<preview.{SAMPLE_ADDRESS}>",
        }

    def _get_sample_name(self):
        self.ensure_one()
        return (self.recipient_id or self.partner_id or self.env.user.partner_id).display_name

    def _build_messages(self, session, rows, subject_prefix=""):
        """Return the messages for ``rows``, built and filled as by the sender.

        :raises UserError: when the message cannot be built, with the reason
        """
        transport = self.mailing_id.sudo()._get_transport()
        compiled = transport.compile(
            self.lang or self.env.lang, session, subject_prefix=subject_prefix
        )
        messages = []
        for _row, message, error in transport.fill(compiled, rows):
            if error:
                raise UserError(self.env._("The message cannot be made: %s", error))
            messages.append(message)
        return messages

    def _get_offline_session(self):
        """Return an object with what a message needs of a session, without a connection."""
        return self.mailing_id.sudo()._get_transport().get_offline_session()
