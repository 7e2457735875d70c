import contextlib

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.mail import generate_tracking_message_id

from ..delivery.smtp.pool import NoSession
from ..models.mailing_addresses import AddressField
from ..models.partner_mailing import UNDECIDED_STATES


class PartnerMailingTest(models.TransientModel):
    """A test: the message of one recipient, sent to other addresses."""

    _name = "partner.mailing.test"
    _inherit = ["partner.mailing.sample", "partner.mailing.addresses"]
    _description = "Test a Mailing"

    _address_fields = {"emails": AddressField(many=True, foreign=True)}

    emails = fields.Char(
        "Send To",
        required=True,
        default=lambda self: (
            self.env["partner.mailing.tester"]._get_last_typed("emails")
            or self._get_own_mailbox(named=False)
        ),
        help="Addresses, separated by commas: of the company's users, and those that an administrator"
        " has allowed in the settings. The last ones that you used are proposed.",
    )

    @api.onchange("emails")
    def _onchange_emails(self):
        self._show_addresses_read()

    def action_send(self):
        """Send the test now, through the same code and server as the mailing itself.

        :raises UserError: with the server's words, or naming the text that is no address
        """
        self.ensure_one()
        self._check_readable()
        mailing = self.mailing_id
        mailing._check_can_test()
        mailing._check_state(UNDECIDED_STATES, self.env._("send a test"))
        problem = mailing._get_server_problem(self.env.user) or mailing._get_sender_problem()
        if problem:
            raise UserError(problem)
        transport = mailing.sudo()._get_transport()
        transport.check_addresses()
        addresses = transport.read_test_addresses(self[transport.test_field])
        self._check_allowed(addresses)
        self._transmit(transport, addresses)
        self.env["partner.mailing.tester"]._record_test(mailing, self.lang)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Test sent to %s.", ", ".join(addresses)),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _check_allowed(self, addresses):
        """Raise for an address that a test may not go to.

        :raises UserError: names the address and who may allow it
        """
        # With the rights of the user, whose own address is always allowed.
        transport = self.mailing_id._get_transport()
        if forbidden := transport.get_forbidden_test_addresses(addresses):
            raise UserError(
                self.env._(
                    "A test may not go to %(address)s: it is not validated, so it goes to addresses of"
                    " the company's users alone. An administrator can allow other addresses and"
                    " domains in the settings of the app, under Tests.",
                    address=forbidden[0],
                )
            )

    def _transmit(self, transport, addresses):
        """Send the message to each of the addresses.

        :raises UserError: with the server's words
        """
        rows = [self._make_row(address, number) for number, address in enumerate(addresses)]
        try:
            session = transport.connect()
            with contextlib.ExitStack() as stack:
                stack.callback(session.close)
                messages = self._build_messages(session, rows, self.env._("[Test]"))
                self._count(transport, addresses)
                stack.pop_all()  # from here on the transport closes it
            transport.send_test(session, messages)
        except NoSession as error:
            raise UserError(
                self.env._(
                    "The outgoing mail server cannot be used: %s. Ask an administrator to look at it,"
                    " under Configuration, Outgoing Mail Servers. The mailing is kept as it is.",
                    transport.translate_fault(error.outcome.text),
                )
            ) from error

    def _count(self, transport, addresses):
        """Count the test and note it in the mailing's chatter; see ``partner.mailing.tester``."""
        self.env["partner.mailing.tester"]._count_test(
            self.mailing_id,
            addresses,
            {transport.test_field: self[transport.test_field]},
            self.env._(
                "A test goes to %(addresses)s, as it comes to %(contact)s.",
                addresses=", ".join(addresses),
                contact=self._get_sample_name(),
            ),
        )

    def _make_row(self, address, number):
        """Return the row of the sample with another address."""
        return {
            **self._get_row(),
            "id": number,
            "address": address,
            "message_id": generate_tracking_message_id("partner-mailing-test"),
        }
