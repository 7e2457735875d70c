from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.mail import email_normalize_all, generate_tracking_message_id

from ..delivery import outcome as outcomes
from ..delivery.pool import NoSession, Pool


class PartnerMailingTest(models.TransientModel):
    """A test: the message as one recipient will get it, sent to other addresses."""

    _name = "partner.mailing.test"
    _description = "Test a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    emails = fields.Char(
        "Send To",
        required=True,
        default=lambda self: self.env.user.email_normalized,
        help="Addresses, separated by commas.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        "As It Comes To",
        required=True,
        default=lambda self: self.env.user.partner_id,
        help="The contact whose name and other fields are filled in.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        wizards.mailing_id.check_access("read")
        return wizards

    def action_send(self):
        """Send the test now, through the same code and server as the mailing itself.

        :raises UserError: with the server's words, or naming the address that is none
        """
        self.ensure_one()
        mailing = self.mailing_id
        mailing.check_access("read")
        mailing._check_addresses()
        addresses = email_normalize_all(self.emails or "")
        if not addresses or len(addresses) != len(list(filter(str.strip, self.emails.split(",")))):
            raise UserError(
                self.env._(
                    '"%s" in the field "Send To" is not a list of e-mail addresses.'
                    " Separate several with commas.",
                    self.emails,
                )
            )
        self._transmit(mailing.sudo(), addresses)
        mailing.sudo().message_post(
            body=self.env._(
                "Test sent to %(addresses)s, as it comes to %(contact)s.",
                addresses=", ".join(addresses),
                contact=self.partner_id.display_name,
            ),
            author_id=self.env.user.partner_id.id,
            subtype_xmlid="mail.mt_note",
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Test sent to %s.", ", ".join(addresses)),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _transmit(self, mailing, addresses):
        try:
            session = mailing._connect()
            compiled = mailing._compile_message(
                self.partner_id.lang or self.env.lang, session, subject_prefix=self.env._("[Test]")
            )
            rows = [self._make_row(address, number) for number, address in enumerate(addresses)]
            envelopes = []
            for _row, envelope, error in mailing._fill_messages(compiled, rows):
                if error:
                    raise UserError(self.env._("The message cannot be made: %s", error))
                envelopes.append(envelope)
            with Pool(lambda: session, 1) as pool:
                results = pool.transmit(envelopes)
        except NoSession as error:
            raise UserError(
                self.env._("The outgoing mail server cannot be used: %s", error.outcome.text)
            ) from error
        for address, result in zip(addresses, results, strict=True):
            if result.kind is not outcomes.SENT:
                raise UserError(
                    self.env._(
                        "%(address)s was not accepted: %(reply)s",
                        address=address,
                        reply=result.text,
                    )
                )

    def _make_row(self, address, number):
        """Return what a claimed row looks like, for a message that is counted nowhere."""
        return {
            "id": number,
            "partner_id": self.partner_id.id,
            "name": self.partner_id.name,
            "email_normalized": address,
            "lang": self.partner_id.lang,
            "attempts": 1,
            "message_id": generate_tracking_message_id("partner-mailing-test"),
        }
