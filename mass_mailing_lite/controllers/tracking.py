from base64 import b64decode

from odoo.http import Controller, request

from ..tools.machine_request import is_machine
from .public_page import HEADERS, get_environment, public_route, render_invalid

# One transparent pixel, the smallest GIF.
PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
PIXEL_HEADERS = {**HEADERS, "Content-Type": "image/gif"}


class PartnerMailingTracking(Controller):
    """The routes of the picture and the links in a tracked message.

    Only the time of a request is stored; no cookie is set.
    """

    @public_route(
        "/partner_mailing/open/<string:token>.gif", auth="public", methods=["GET"], sitemap=False
    )
    def opened(self, token, **_query):
        """Record the opening and return the picture, which also an invalid token gets."""
        recipient_id = request.env["partner.mailing"]._read_link_token("open", token)
        if recipient_id and recipient_id > 0:
            recipients = get_environment()["partner.mailing.recipient"]
            recipients._record_opening(recipient_id, self._is_machine())
        status = 200 if recipient_id else 404
        return request.make_response(PIXEL, headers=list(PIXEL_HEADERS.items()), status=status)

    @public_route(
        "/partner_mailing/click/<string:token>/<string:link>",
        auth="public",
        methods=["GET"],
        sitemap=False,
    )
    def clicked(self, token, link, **_query):
        """Record the click and redirect to the link, which must be one of the mailing's."""
        number = request.env["partner.mailing"]._read_link_token("click", token)
        if number is None:
            return render_invalid()
        env = get_environment()
        link_id = int(link) if link.isascii() and link.isdecimal() and len(link) < 10 else 0
        address = env["partner.mailing.link"]._find(number, link_id)
        if not address:
            return render_invalid()
        if number > 0:
            recipients = env["partner.mailing.recipient"]
            recipients._record_click(number, link_id, self._is_machine())
        response = request.redirect(address, code=302, local=False)
        response.headers.update(HEADERS)
        return response

    def _is_machine(self):
        """Return whether a scanner or a prefetch sent the request."""
        received = request.httprequest
        purpose = received.headers.get("Sec-Purpose") or received.headers.get("Purpose") or ""
        return is_machine(received.user_agent.string, received.method, purpose)
