from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.mail import email_normalize_all, generate_tracking_message_id

from ..delivery import outcome as outcomes
from ..delivery.pool import NoSession, Pool

TESTED_STATES = ("draft", "to_validate")
# A test is no way around the validation.
MOST_ADDRESSES = 10


class PartnerMailingTest(models.TransientModel):
    """A test: the message as one recipient will get it, sent to other addresses."""

    _name = "partner.mailing.test"
    _inherit = "partner.mailing.sample"
    _description = "Test a Mailing"

    emails = fields.Char(
        "Send To",
        required=True,
        default=lambda self: self.env.user.email_normalized,
        help="Addresses, separated by commas.",
    )

    def action_send(self):
        """Send the test now, through the same code and server as the mailing itself.

        :raises UserError: with the server's words, or naming the address that is none
        """
        self.ensure_one()
        self._check_readable()
        mailing = self.mailing_id
        mailing._check_state(TESTED_STATES, self.env._("send a test"))
        mailing._check_addresses()
        addresses = self._get_addresses()
        self._transmit(mailing.sudo(), addresses)
        mailing._remember_test()
        mailing.sudo().message_post(
            body=self.env._(
                "Test sent to %(addresses)s, as it comes to %(contact)s.",
                addresses=", ".join(addresses),
                contact=self._get_sample_name(),
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

    def _get_addresses(self):
        """Return the addresses to test with.

        :raises UserError: for what is no address, and for more than a test needs
        """
        addresses = email_normalize_all(self.emails or "")
        if not addresses or len(addresses) != len(list(filter(str.strip, self.emails.split(",")))):
            raise UserError(
                self.env._(
                    '"%s" in the field "Send To" is not a list of e-mail addresses.'
                    " Separate several with commas.",
                    self.emails,
                )
            )
        if len(addresses) > MOST_ADDRESSES:
            raise UserError(
                self.env._(
                    'The field "Send To" has %(number)s addresses; a test goes to %(most)s at most.'
                    " Whoever else is to get the message is a recipient of the mailing.",
                    number=len(addresses),
                    most=MOST_ADDRESSES,
                )
            )
        return addresses

    def _transmit(self, mailing, addresses):
        try:
            session = mailing._connect()
            rows = [self._make_row(address, number) for number, address in enumerate(addresses)]
            envelopes = self._build_envelopes(session, rows, self.env._("[Test]"))
            # Who gets a copy of each message gets none of a test.
            envelopes = [
                envelope._replace(recipients=envelope.recipients[:1]) for envelope in envelopes
            ]
            with Pool(lambda: session, 1) as pool:
                results = pool.transmit(envelopes)
        except NoSession as error:
            raise UserError(
                self.env._(
                    "The outgoing mail server cannot be used: %s. Ask an administrator to look at it,"
                    " under Configuration, Outgoing Mail Servers. The mailing is kept as it is.",
                    mailing._say_fault(error.outcome.text),
                )
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
        """Return the sample's row, on its way to another address."""
        return {
            **self._get_row(),
            "id": number,
            "email_normalized": address,
            "message_id": generate_tracking_message_id("partner-mailing-test"),
        }
