from odoo.addons.mass_mailing_lite.controllers.public_page import get_environment, public_route
from odoo.http import Controller, request

from ..odoo_seams.twilio import find_companies, get_token
from ..tools.twilio_signature import ANSWER_PATH, get_answer_address, is_signed

MAX_BODY = 64 * 1024  # octets; Twilio's largest request is a tenth of it
# In TwiML: nothing is answered.
NO_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
MAX_MEDIA = 10


class PartnerMailingAnswer(Controller):
    """Answers to SMS, as Twilio hands them over.

    A request counts only if Twilio has signed it with the token of an account that a company has
    in its settings; any other is refused with 403, whatever is wrong with it.
    """

    @public_route(ANSWER_PATH, auth="none", methods=["POST"], csrf=False, readonly=False)
    def receive(self, **_fields):
        """Take one SMS; a repeated request changes nothing."""
        received = request.httprequest
        if (received.content_length or 0) > MAX_BODY:
            return request.make_response("", status=413)
        fields = {name: received.form.getlist(name) for name in received.form}
        companies = self._find_companies(fields, received)
        if not companies:
            return request.make_response("", status=403)
        first = {name: values[0] for name, values in fields.items()}
        get_environment()["partner.mailing.recipient"]._receive_answer(
            first.get("From"), get_text(first), first.get("MessageSid"), companies
        )
        return request.make_response(
            NO_ANSWER, headers=[("Content-Type", "text/xml; charset=utf-8")]
        )

    def _find_companies(self, fields, received):
        """Return the companies with the account that the request is of and has signed with."""
        companies = find_companies(
            get_environment()["res.company"], fields.get("AccountSid", [""])[0]
        )
        signature = received.headers.get("X-Twilio-Signature", "")
        query = received.query_string.decode("ascii", "replace")
        return companies.filtered(
            lambda company: is_signed(
                signature,
                get_token(company),
                get_answer_address(company.get_base_url(), query),
                fields,
            )
        )


def get_text(fields):
    """Return the text of a request, with the addresses of pictures that came with it."""
    media = [fields.get(f"MediaUrl{number}") for number in range(MAX_MEDIA)]
    return "\n".join(filter(None, [fields.get("Body"), *media]))
