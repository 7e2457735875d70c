"""The page around a body: language, direction, preview line, and what its looks need of the head."""

from markupsafe import Markup

from ..tools import design, mail_style


def wrap(mailing, body, subject, preview):
    """Return the whole page with a body.

    :param mailing: a ``partner.mailing`` record, perhaps empty, in the language of the page
    :param str body: HTML
    """
    env = mailing.env
    lang = env["res.lang"]._lang_get(env.lang) or env["res.lang"]
    is_framed = bool(mailing.layout_id)
    # Layouts name colours for light screens only.
    is_dark = mail_style.has_dark_colors(body) and not is_framed
    page = env["ir.qweb"]._render(
        "mass_mailing_lite.mail_layout",
        {
            "lang": (env.lang or "en_US").replace("_", "-"),
            "direction": lang.direction or "ltr",
            "subject": subject,
            "preview_text": preview,
            "body": Markup(body),
            **mail_style.get_parts(body, is_dark),
            **design.get_page_values(body, is_framed),
        },
        minimal_qcontext=True,
    )
    return f"<!DOCTYPE html>\n{page}"
