"""Answers that no person wrote (RFC 3834): vacation notices, receipts of a ticket system."""

from . import mime
from .plain_bounce import SYSTEM_SENDERS

# Written by programs older than RFC 3834, and by Exchange beside it.
MARKS = ("X-Autoreply", "X-Autorespond", "X-Autoreply-From", "X-Auto-Reply", "X-Vacation")
PRECEDENCES = ("auto_reply", "bulk", "junk")  # "list" is a person who writes to a mailing list


def is_automatic(message):
    """Tell whether a program answered, by what the message says of itself.

    By headers alone: words such as "out of office" stand in people's answers too.
    """
    # RFC 3834, section 5: any value but "no", which may be followed by parameters.
    submitted = mime.header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no"):
        return True
    if any(mime.header(message, name) for name in MARKS):
        return True
    if mime.header(message, "Precedence").lower() in PRECEDENCES:
        return True
    # What may not be answered was not written by a person (RFC 5321, section 4.5.5).
    if "<>" in (path.replace(" ", "") for path in mime.headers(message, "Return-Path")):
        return True
    sender = mime.addresses(mime.header(message, "From"))
    return bool(sender) and sender[0].partition("@")[0] in SYSTEM_SENDERS
