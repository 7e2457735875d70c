from odoo.tools.misc import formatLang


def describe_linked(mailing, states):
    """Return a sentence for each mailing in one of ``states`` that is linked with a mailing.

    Only for those that the user may read.
    """
    others = (mailing._get_linked() - mailing._origin)._filtered_access("read")
    return [describe(other) for other in others if other.active and other.state in states]


def describe(mailing):
    """Return a sentence about a linked mailing, for a dialog or a request."""
    channel = mailing._get_channel_label()
    if mailing.state == "draft" and not mailing.pending_count:
        return mailing.env._(
            "The linked mailing “%(mailing)s” (%(channel)s) has no recipients, and stays a draft.",
            mailing=mailing.name,
            channel=channel,
        )
    return mailing.env._(
        "Together with “%(mailing)s” (%(channel)s), recipients: %(count)s.",
        mailing=mailing.name,
        channel=channel,
        count=formatLang(mailing.env, mailing.pending_count, digits=0),
    )
