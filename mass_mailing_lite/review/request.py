from markupsafe import Markup

from odoo.tools.misc import formatLang

from .linked import describe_linked


def describe_request(mailing, request):
    """Return what a validator is asked, as HTML for the activity."""
    env = mailing.env
    lines = [
        env._("Submitted by %s.", request.requested_by_id.name),
        env._("Recipients: %s", formatLang(env, request.recipient_count, digits=0)),
        env._("Begins: %s", mailing._get_begin_in_words()),
        *describe_linked(mailing, ("to_validate",)),
    ]
    if request.comment:
        lines.append(env._("Comment: %s", request.comment))
    return to_paragraphs(lines)


def to_paragraphs(texts):
    """Return plain texts as HTML, each a paragraph."""
    paragraphs = (Markup("<br/>").join(text.splitlines()) for text in texts)
    return Markup().join(Markup("<p>%s</p>") % paragraph for paragraph in paragraphs)
