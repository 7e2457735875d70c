from ..preflight import INFO, LEVELS, STOP, WARNING, Preflight, is_good_to_know

# In mail, which has no style sheets: background and border of a level.
MAIL_STYLES = {
    STOP: "background: #f8d7da; border-left: 4px solid #b02a37;",
    WARNING: "background: #fff3cd; border-left: 4px solid #997404;",
    INFO: "background: #e7f1f6; border-left: 4px solid #055160;",
}


def render_preflight(mailing, findings=None, for_mail=False, with_buttons=False):
    """Return what the checks found as HTML, grouped by weight, in the language of ``mailing``.

    The review has it at its top. In a mail it has no buttons and nothing that is folded up, and each
    element has its style, because mail programs read no style sheet::

        html = review.render_preflight(mailing.with_context(lang=user.lang), for_mail=True)

    :param mailing: a ``partner.mailing`` record with the rights of the system or of a reader
    :param findings: of another moment, as kept with an approval; those of now by default
    :param with_buttons: with those that show recipients, in a form of ``mailing``
    :rtype: markupsafe.Markup
    """
    if findings is None:
        findings = Preflight(mailing).get_findings()
    template = "mass_mailing_lite.mailing_preflight"
    values = {
        **get_preflight(mailing.env, findings),
        "for_mail": for_mail,
        "with_buttons": with_buttons,
        "styles": MAIL_STYLES,
    }
    return mailing.env["ir.qweb"]._render(template, values)


def get_preflight(env, findings):
    """Return the values of the template ``mailing_preflight``.

    :return: ``groups``, a list of (level, heading, findings), and ``people``, what is only good to
        know about the recipients
    """
    headings = {
        STOP: env._("Stops the submission"),
        WARNING: env._("Warnings"),
        INFO: env._("Good to know"),
    }
    people = [finding for finding in findings if is_good_to_know(finding)]
    shown = [finding for finding in findings if not is_good_to_know(finding)]
    groups = [
        (level, headings[level], found)
        for level in LEVELS
        if (found := [finding for finding in shown if finding["level"] == level])
    ]
    return {"groups": groups, "people": people, "is_clear": not groups or groups[0][0] == INFO}
