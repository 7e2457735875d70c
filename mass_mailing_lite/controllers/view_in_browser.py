import email
import email.policy

from odoo.exceptions import UserError
from odoo.http import Controller, request

from .public_page import (
    HEADERS,
    Company,
    get_environment,
    public_route,
    render,
    render_invalid,
)

PATH = "/partner_mailing/view"

# A message is HTML from outside: it may load pictures and styles from anywhere, as in a mail
# program, and run no script. The sandbox gives it another origin, without access to the session.
CONTENT_SECURITY = (
    "default-src 'none'; img-src * data:; style-src * 'unsafe-inline'; font-src * data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)


class ViewInBrowser(Controller):
    """The page with a message as its recipient got it."""

    @public_route(PATH, f"{PATH}/<path:token>", auth="public", methods=["GET"], readonly=True)
    def view(self, token="", **_parameters):
        """Show the message of a token; nothing is changed."""
        number = request.env["partner.mailing"]._read_link_token("view", token)
        if number is None:
            return render_invalid()
        env = get_environment()
        if number < 0:
            return self._show_test(env["partner.mailing"].browse(-number).exists())
        try:
            data = env["partner.mailing"]._get_message_to_view(number)
        except UserError:  # the content cannot be rendered after a change of the contact
            data = None
        if data is None:
            return render_invalid()
        message = email.message_from_bytes(data, policy=email.policy.default)
        headers = {
            **HEADERS,
            "Content-Security-Policy": CONTENT_SECURITY,
            "Content-Type": "text/html; charset=utf-8",
        }
        page = message.get_body(("html",)).get_content()
        return request.make_response(page, headers=list(headers.items()))

    def _show_test(self, mailing):
        """Return a page that says what the link is for, because the message may be a draft."""
        if not mailing:
            return render_invalid()
        env = get_environment(mailing.company_id.partner_id.lang)
        company = Company.of(env["res.company"].browse(mailing.company_id.id))
        return render(env, "public_page_test", {"company": company})
