from types import SimpleNamespace

from markupsafe import Markup
from psycopg2.errors import UniqueViolation

from odoo.http import Controller, request

from ..sender.transaction import in_transaction
from .public_page import Company, get_environment, has_logo, public_route, render, render_invalid

PATH = "/partner_mailing/unsubscribe"
MAX_DIGITS = 10  # of an integer of the database; Python refuses to read thousands


class Unsubscribe(Controller):
    """Unsubscribing by the link in a message and by its List-Unsubscribe header.

    GET and HEAD change nothing, because mail scanners follow links; their cursor is read-only.
    POST needs no session, cookie or CSRF token: mail programs have none (RFC 8058, section 3.2),
    and the token in the URL proves the right to unsubscribe. No user is looked up (``auth="none"``).
    """

    @public_route(PATH, f"{PATH}/<path:token>", auth="none", methods=["GET"], readonly=True)
    def show(self, token="", **_parameters):
        """Show the page with the groups of the recipient."""
        number = read_token(token)
        if number is None:
            return render_invalid()
        return show(f"{PATH}/{token}", number)

    @public_route(
        PATH, f"{PATH}/<path:token>", auth="none", methods=["POST"], csrf=False, readonly=False
    )
    def act(self, token="", do="", **form):
        """Carry out the choice of the page's form, or the one click of a mail program."""
        number = read_token(token)
        if number is None:
            return render_invalid()
        if form.get("List-Unsubscribe") == "One-Click":
            return self._act_on_one_click(number)
        return act(f"{PATH}/{token}", number, do, form)

    def _act_on_one_click(self, number):
        """Unsubscribe by one click; the answer to the mail program is 200 without a redirect."""
        unsubscriptions = get_environment()["partner.mailing.unsubscription"]
        if number > 0:
            subscription = decide(
                unsubscriptions, lambda: unsubscriptions._unsubscribe_by_one_click(number)
            )
        else:
            subscription = get_subscription(unsubscriptions.env, number)
        if not subscription:
            return render_invalid()
        return request.make_response("OK", headers=[("Content-Type", "text/plain; charset=utf-8")])


# The page is the same for the links of all channels, whose paths and tokens differ.


def show(action, number):
    """Return the page with the present subscription; nothing is changed.

    :param action: path of the link, to which the forms of the page are sent
    :param int number: the number in the token; see ``_read_link_token``
    """
    subscription = get_subscription(get_environment(), number)
    return render_page(action, number, subscription) if subscription else render_invalid()


def act(action, number, do, form):
    """Carry out the choice of a form of the page, and return the page after it.

    :param action: see ``show``
    :param do: the button that was pressed; for an unknown one nothing is changed
    :param form: {name of a field: text}
    """
    if number <= 0:
        return show(action, number)
    unsubscriptions = get_environment()["partner.mailing.unsubscription"]
    if do == "leave":
        chosen = request.httprequest.form.getlist("group")
        groups = [int(group) for group in chosen if is_number(group)]
        others = [key for key in chosen if not is_number(key)]
        subscription = decide(
            unsubscriptions,
            lambda: unsubscriptions._unsubscribe(number, groups=groups, others=others),
        )
        step = "left" if groups or (subscription and subscription.left_others) else "none"
    elif do == "leave_all":
        step = "left"
        subscription = decide(
            unsubscriptions, lambda: unsubscriptions._unsubscribe(number, everything=True)
        )
    elif do == "undo":
        step = "undone"
        subscription = decide(unsubscriptions, lambda: unsubscriptions._undo_unsubscription(number))
    elif do == "reason":
        step = "reason"
        subscription = unsubscriptions._record_unsubscribe_reason(
            number, form.get("reason"), form.get("comment")
        )
    else:
        return show(action, number)
    if subscription is None:
        return render_invalid()
    return render_page(action, number, subscription, step)


def render_page(action, number, subscription, step=""):
    """Return the page for a ``Subscription``, without a query."""
    env = get_environment(subscription.lang)
    names = subscription.name_tags(env.context["lang"])
    unnamed = env._("the list of this message")
    left_names = [names[tag] for tag in dict.fromkeys(subscription.left)]
    left_names += [name or unnamed for name in dict.fromkeys(subscription.left_others)]
    groups = [(tag, names[tag]) for tag in subscription.groups]
    groups += [(key, name or unnamed) for key, name in subscription.others]
    reason = env["partner.mailing.unsubscription"]._fields["reason"]
    return render(
        env,
        "public_page_unsubscribe",
        {
            "company": Company.make(
                subscription.company_id, subscription.company_name, subscription.has_logo
            ),
            "action": action,
            "step": step,
            "is_test": number <= 0,
            "unsubscribed": subscription.unsubscribed,
            "blocklisted": subscription.blocklisted,
            "groups": groups,
            "left_names": left_names,
            "sentences": get_sentences(env, subscription.address, left_names),
            "reasons": reason._description_selection(env),
        },
    )


def get_sentences(env, address, left_names):
    """Return the sentences of the page that name the address: {key: Markup}.

    Each is translated as a whole, since the address stands elsewhere in other languages.
    """
    address = Markup("<b>%s</b>") % address
    return {
        "again": env._("%(address)s gets our mailings again.", address=address),
        "none": env._("%(address)s gets no more mailings from us.", address=address),
        "left": env._(
            "%(address)s has left: %(groups)s.", address=address, groups=", ".join(left_names)
        ),
        "groups": env._(
            "%(address)s is in these groups. Which ones do you want to leave?", address=address
        ),
        "stop": env._("Stop sending mailings to %(address)s?", address=address),
    }


def is_number(text):
    """Tell whether a text is an id: digits, and no more than the largest one has."""
    return text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS


def read_token(token):
    """Return the number in a token, None when it is not valid; see ``_read_link_token``."""
    return request.env["partner.mailing"]._read_link_token("unsubscribe", token)


def get_subscription(env, number):
    """Return the ``Subscription`` of a recipient, or an example for the link of a test.

    :param int number: the number in the token; see ``_read_link_token``
    """
    if number > 0:
        return env["partner.mailing.unsubscription"]._get_subscription(number)
    mailing = env["partner.mailing"].browse(-number).exists()
    return mailing and SimpleNamespace(
        address=mailing._get_transport().example_address,
        lang=mailing.company_id.partner_id.lang,
        company_id=mailing.company_id.id,
        company_name=mailing.company_id.name,
        has_logo=has_logo(mailing.company_id),
        unsubscribed=False,
        blocklisted=False,
        groups=mailing.unsubscribe_category_ids.ids,
        left=[],
        others=env["partner.mailing.unsubscription"]._get_example_others(mailing),
        left_others=(),
        name_tags=lambda lang: {
            tag.id: tag.name for tag in mailing.unsubscribe_category_ids.with_context(lang=lang)
        },
    )


def decide(unsubscriptions, step):
    """Carry out a decision and commit it, then update lists and totals in another transaction.

    :param step: callable that returns the new ``Subscription``, None when there is no recipient
    """
    cr = unsubscriptions.env.cr
    try:
        subscription = step()
    except UniqueViolation:
        # Another transaction put the address on the blocklist at the same time. This is rare, so a
        # second try costs less than a savepoint for each request.
        cr.rollback()
        subscription = step()
    if subscription:
        unsubscriptions.env.flush_all()
        cr.commit()  # pylint: disable=invalid-commit  # a conflict over totals must not undo it
        in_transaction(cr, lambda: unsubscriptions._apply_to_open_mailings(subscription))
    return subscription
