"""Feedback reports of mailbox providers (RFC 5965): a recipient reported the message as spam."""

from . import mime

# RFC 5965 section 7.3; the last two are from a draft of it and still in use. No complaints are
# "not-spam", which withdraws one, "virus", "other", and "auth-failure", which tells the owner of a
# domain about forged messages (RFC 6591).
COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})


def is_complaint(message):
    """Tell whether a message is a feedback report of a complaint."""
    part = mime.find_part(message, "message/feedback-report")
    if part is None:
        return False
    kinds = [mime.header(fields, "Feedback-Type").lower() for fields in mime.carried(part)]
    return any(kind in COMPLAINTS for kind in kinds)
