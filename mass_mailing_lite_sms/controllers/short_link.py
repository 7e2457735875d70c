from odoo.addons.mass_mailing_lite.controllers.public_page import (
    HEADERS,
    Company,
    get_environment,
    public_route,
    render,
    render_invalid,
)
from odoo.addons.mass_mailing_lite.controllers.unsubscribe import act, show
from odoo.addons.mass_mailing_lite.delivery.compose.link_token import DIGITS
from odoo.addons.mass_mailing_lite.tools.machine_request import is_machine
from odoo.http import Controller, request

from ..transport.sms import SHORT, SHORT_PATH, UNSUBSCRIBE


def is_page(_controller, _rule, values):
    """Tell whether the link leads to the page: looking at it changes nothing."""
    return values.get("token", "")[:1] == DIGITS[UNSUBSCRIBE]


class ShortLink(Controller):
    """The links in SMS: to unsubscribe, and to the addresses whose clicks are counted.

    One path serves both, and nothing in it says more than it must, because each character costs
    money. Else they are as the links in e-mails: see ``Unsubscribe`` and ``PartnerMailingTracking``.
    """

    @public_route(f"{SHORT_PATH}<string:token>", auth="none", methods=["GET"], readonly=is_page)
    def follow(self, token, **_query):
        """Show the page to unsubscribe, or record a click and redirect."""
        number, position = read_token(token)
        if number is None:
            return render_invalid()
        if position == UNSUBSCRIBE:
            return show(f"{SHORT_PATH}{token}", number)
        env = get_environment()
        if number <= 0:
            return show_test(env, -number, position)
        link = env["partner.mailing.link"]._find_at(number, position)
        if not link:
            return render_invalid()
        link_id, address = link
        received = request.httprequest
        purpose = received.headers.get("Sec-Purpose") or received.headers.get("Purpose") or ""
        env["partner.mailing.recipient"]._record_click(
            number, link_id, is_machine(received.user_agent.string, received.method, purpose)
        )
        response = request.redirect(address, code=302, local=False)
        response.headers.update(HEADERS)
        return response

    @public_route(
        f"{SHORT_PATH}<string:token>", auth="none", methods=["POST"], csrf=False, readonly=False
    )
    def act(self, token, do="", **form):
        """Carry out the choice of a form of the page."""
        number, position = read_token(token)
        if number is None or position != UNSUBSCRIBE:
            return render_invalid()
        return act(f"{SHORT_PATH}{token}", number, do, form)


def read_token(token):
    """Return the number and the position in a token, ``(None, None)`` when it is not valid."""
    return request.env["partner.mailing"]._read_link_token(SHORT, token) or (None, None)


def show_test(env, mailing_id, position):
    """Return a page that says where a link of a test will lead; no click is recorded."""
    mailing = env["partner.mailing"].browse(mailing_id).exists()
    address = mailing and mailing._get_transport().get_link_at(position)
    if not address:
        return render_invalid()
    env = get_environment(mailing.company_id.partner_id.lang)
    company = Company.of(env["res.company"].browse(mailing.company_id.id))
    values = {"company": company, "address": address}
    return render(env, "public_page_test_link", values, module="mass_mailing_lite_sms")
