from odoo import fields, models
from odoo.addons.mass_mailing_lite.delivery import outcome as outcomes
from odoo.addons.mass_mailing_lite.wizard.partner_mailing_test import MAX_ADDRESSES
from odoo.exceptions import UserError

from ..models.partner_mailing import SMS
from ..models.sms_pool import SmsPool
from ..tools import number_list


class PartnerMailingTest(models.TransientModel):
    """A test by SMS: the text as one recipient will get it, sent to other numbers."""

    _inherit = "partner.mailing.test"

    # Who tests an SMS may have no e-mail address; the form asks for it where it is needed.
    emails = fields.Char(required=False)
    numbers = fields.Char(
        "Send To Numbers",
        default=lambda self: self.env.user.partner_id.phone_sanitized,
        help="Phone numbers, separated by commas.",
    )

    def _get_addresses(self):
        if self.mailing_id.channel != SMS:
            return super()._get_addresses()
        texts = [entry.text for entry in number_list.parse(self.numbers)]
        numbers = {text: self.mailing_id._format_number(text) for text in texts}
        wrong = [text for text, number in numbers.items() if not number]
        if wrong or not texts:
            raise UserError(
                self.env._(
                    '"%s" in the field "Send To Numbers" is no valid phone number. Write it with the'
                    " country, as +34 600 123 456, and separate several with commas.",
                    wrong[0] if wrong else "",
                )
            )
        if len(numbers) > MAX_ADDRESSES:
            raise UserError(
                self.env._(
                    'The field "Send To Numbers" has %(number)s numbers; a test goes to %(most)s at'
                    " most. Whoever else is to get the SMS is a recipient of the mailing.",
                    number=len(numbers),
                    most=MAX_ADDRESSES,
                )
            )
        return list(dict.fromkeys(numbers.values()))

    def _transmit(self, mailing, addresses):
        if mailing.channel != SMS:
            return super()._transmit(mailing, addresses)
        rows = [self._make_row(number, place) for place, number in enumerate(addresses)]
        pool = SmsPool(mailing, len(rows), is_test=True)
        pool.put(self._build_envelopes(None, rows, self.env._("[Test]")))
        results = []
        while pool.open_count:
            results += pool.collect(1, 0)
        types = dict(
            self.env["partner.mailing.recipient"]
            ._fields["failure_type"]
            ._description_selection(self.env)
        )
        for message, outcome in results:
            if outcome.kind is not outcomes.SENT:
                raise UserError(
                    self.env._(
                        "The SMS to %(number)s was not accepted. %(kind)s: %(words)s",
                        number=message.number,
                        kind=types.get(outcome.failure_type, outcome.failure_type),
                        words=outcome.text,
                    )
                )
        return None
