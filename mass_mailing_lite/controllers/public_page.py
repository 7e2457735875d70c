"""What the pages for recipients have in common: no login, no script, no cookie."""

from typing import NamedTuple

from odoo.api import SUPERUSER_ID
from odoo.http import request

# Nothing is loaded but the logo, nothing runs, and no other page may frame this one or learn its
# address, which holds the token.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Company(NamedTuple):
    """What a page shows of a company."""

    name: str
    logo_url: str | None

    @classmethod
    def of(cls, company):
        """Return what to show of a ``res.company``; its logo only if it has one of its own."""
        return cls.make(company.id, company.name, not company.uses_default_logo)

    @classmethod
    def make(cls, number, name, has_logo):
        """Return what to show of the company with an id."""
        return cls(name, f"/web/binary/company_logo?company={number}" if has_logo else None)


def get_environment(lang=None):
    """Return the environment of the system in a language, for what a valid token allows."""
    return request.env(
        user=SUPERUSER_ID, su=True, context={"lang": get_language(lang), "tz": "UTC"}
    )


def get_language(*wanted):
    """Return the first installed language of those wanted and the browser's, else English."""
    languages = request.env["res.lang"].sudo()
    for code in (*wanted, request.best_lang):
        if code and languages._get_data(code=code):
            return code
    return "en_US"


def render(env, template, values=None, status=200):
    """Return a page as a response."""
    lang = env.context["lang"]
    page = env["ir.qweb"]._render(
        f"mass_mailing_lite.{template}",
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
    """Return the page for a link that leads nowhere.

    The same whatever the reason is, without a look into the database: nobody
    learns from it which recipients exist.
    """
    return render(get_environment(), "public_page_invalid", status=404)
