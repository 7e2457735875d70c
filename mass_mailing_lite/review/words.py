from markupsafe import Markup

from odoo.tools import format_list
from odoo.tools.misc import formatLang

from .linked import describe_linked

MAX_NAMES = 5  # of the validators that are asked


def describe_request(mailing, request):
    """Return what a validator is asked, as HTML for the activity."""
    env = mailing.env
    lines = [
        env._("Submitted by %s.", request.requested_by_id.name),
        env._("Recipients: %s", formatLang(env, request.recipient_count, digits=0)),
        env._("Begins: %s", mailing._get_begin_in_words()),
        *describe_linked(mailing, ("to_validate",)),
    ]
    if mailing.ignores_pressure:
        lines.append(
            env._("It also goes to people who had as many mailings lately as the company allows.")
        )
    if request.comment:
        lines.append(env._("Comment: %s", request.comment))
    return to_paragraphs(lines)


def describe_decision(mailing, request):
    """Return who decided on a request, and when; False without a request."""
    if not request:
        return False
    env = mailing.env
    decision = {
        "name": request.validator_id.name,
        "time": mailing._name_moment(request.decided_at),
    }
    if request.state == "refused":
        return env._("Refused by %(name)s on %(time)s.", **decision)
    words = env._("Validated by %(name)s on %(time)s.", **decision)
    return f"{words} {env._('Taken back to draft since.')}"


def join_names(users):
    """Return the names of a few users, and the number of the others, in words."""
    names = users.mapped("name")
    if len(names) > MAX_NAMES:
        rest = len(names) - MAX_NAMES + 1
        names = [*names[: MAX_NAMES - 1], users.env._("%s others", rest)]
    return format_list(users.env, names, "or") if names else False


def to_paragraphs(texts):
    """Return plain texts as HTML, each a paragraph."""
    paragraphs = (Markup("<br/>").join(text.splitlines()) for text in texts)
    return Markup().join(Markup("<p>%s</p>") % paragraph for paragraph in paragraphs)
