from base64 import b64decode

from odoo import http
from odoo.http import request

from ..tools.machine_request import is_machine

# The smallest picture that there is: one transparent pixel.
PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
HEADERS = [
    # Whoever opens the message again shall not get it from somebody's cache.
    ("Cache-Control", "no-store"),
    # The address that is led to learns nothing of the token.
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
]


class PartnerMailingTracking(http.Controller):
    """What the picture and the links of a tracked message lead to.

    Nothing of a request is kept but its moment; no cookie is set.
    """

    @http.route(
        "/partner_mailing/open/<string:token>.gif",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
        sitemap=False,
    )
    def opened(self, token, **_query):
        """Answer with the picture, also where the token is none: a gap in the message helps nobody."""
        recipient_id = request.env["partner.mailing"]._read_link_token("open", token)
        if recipient_id and recipient_id > 0:
            request.env["partner.mailing.recipient"].sudo()._note_opened(
                recipient_id, self._is_machine()
            )
        status = 200 if recipient_id else 404
        headers = [("Content-Type", "image/gif"), *HEADERS]
        return request.make_response(PIXEL, headers=headers, status=status)

    @http.route(
        "/partner_mailing/click/<string:token>/<int:link_id>",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
        sitemap=False,
    )
    def clicked(self, token, link_id, **_query):
        """Lead to one of the mailing's own links, and nowhere else."""
        number = request.env["partner.mailing"]._read_link_token("click", token)
        address = number and request.env["partner.mailing.link"].sudo()._find(number, link_id)
        if not address:
            return self._not_valid()
        if number > 0:
            request.env["partner.mailing.recipient"].sudo()._note_clicked(
                number, link_id, self._is_machine()
            )
        response = request.redirect(address, code=302, local=False)
        response.headers.extend(HEADERS)
        return response

    def _not_valid(self):
        page = request.env["ir.qweb"]._render(
            "mass_mailing_lite.link_not_valid",
            {"lang": (request.env.lang or "en").replace("_", "-")},
        )
        return request.make_response(
            f"<!DOCTYPE html>\n{page}",
            [("Content-Type", "text/html; charset=utf-8"), *HEADERS],
            status=404,
        )

    def _is_machine(self):
        asked = request.httprequest
        purpose = asked.headers.get("Sec-Purpose") or asked.headers.get("Purpose") or ""
        return is_machine(asked.user_agent.string, asked.method, purpose)
