"""The common part of the pages for recipients, which have no login, script or cookie."""

import functools
from typing import NamedTuple

from odoo.api import SUPERUSER_ID
from odoo.http import request, route

# The page loads only the logo and runs no script. No other page may frame it or learn its URL,
# which has the token.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def public_route(*paths, **options):
    """Return the decorator of a route of these pages.

    Odoo passes the fields of a request to the method by their names. Left out here are one named
    ``self``, for which there is no place, and uploaded files, which are no texts.
    """

    def decorate(method):
        routed = route(list(paths), type="http", save_session=False, **options)(method)

        @functools.wraps(routed)
        def call(*args, **fields):
            texts = {
                name: value
                for name, value in fields.items()
                if name != "self" and isinstance(value, str)
            }
            return routed(*args, **texts)

        return call

    return decorate


class Company(NamedTuple):
    """A company as a page shows it."""

    name: str
    logo_url: str | None

    @classmethod
    def of(cls, company):
        """Return the ``Company`` of a ``res.company``, with the logo unless it is the default."""
        return cls.make(company.id, company.name, has_logo(company))

    @classmethod
    def make(cls, number, name, has_logo):
        """Return the ``Company`` with the id ``number``."""
        return cls(name, f"/web/binary/company_logo?company={number}" if has_logo else None)


def has_logo(company):
    """Return whether a ``res.company`` has a logo of its own, and not the one of a new database."""
    return bool(company.logo_web) and not company.uses_default_logo


def get_environment(lang=None):
    """Return the environment of the superuser in a language, for actions that a token allows."""
    return request.env(
        user=SUPERUSER_ID, su=True, context={"lang": get_language(lang), "tz": "UTC"}
    )


def get_language(*wanted):
    """Return the first installed one of the wanted languages and the browser's, else English."""
    languages = request.env["res.lang"].sudo()
    for code in (*wanted, request.best_lang):
        if code and languages._get_data(code=code):
            return code
    return "en_US"


def render(env, template, values=None, status=200, module="mass_mailing_lite"):
    """Return a page as a response.

    :param module: the addon that has the template
    """
    lang = env.context["lang"]
    page = env["ir.qweb"]._render(
        f"{module}.{template}",
        {
            "lang": lang,
            "direction": env["res.lang"]._get_data(code=lang).direction or "ltr",
            "company": None,
            **(values or {}),
        },
        minimal_qcontext=True,
    )
    return request.make_response(page, headers=list(HEADERS.items()), status=status)


def render_invalid():
    """Return the page for an invalid link.

    It is the same for every reason and reads nothing from the database, so that it does not tell
    which recipients exist.
    """
    return render(get_environment(), "public_page_invalid", status=404)
