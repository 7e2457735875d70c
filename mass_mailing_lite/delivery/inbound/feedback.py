"""Feedback reports of mailbox providers (RFC 5965): a recipient called the message spam."""

from . import mime

# RFC 5965 section 7.3; the last two are of the draft before it, and still sent. Not among them:
# "not-spam", which takes a complaint back; "virus"; "auth-failure", which RFC 6591 uses to tell
# the owner of a domain about forgeries; "other".
COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})


def is_complaint(message):
    """Tell whether a feedback report says that its recipient wants no more of this."""
    part = mime.find_part(message, "message/feedback-report")
    if part is None:
        return False
    kinds = [mime.header(fields, "Feedback-Type").lower() for fields in mime.carried(part)]
    return any(kind in COMPLAINTS for kind in kinds)
