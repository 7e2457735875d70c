"""Automatic answers (RFC 3834): vacation notices, confirmations of a ticket system."""

from . import mime
from .plain_bounce import SYSTEM_SENDERS

# Headers of programs older than RFC 3834; Exchange sets some of them too.
HEADERS = ("X-Autoreply", "X-Autorespond", "X-Autoreply-From", "X-Auto-Reply", "X-Vacation")
PRECEDENCES = (
    "auto_reply",
    "bulk",
    "junk",
)  # not "list", which mailing lists set on messages of persons


def is_automatic(message):
    """Tell whether a message is an automatic answer.

    Only headers decide: words such as "out of office" are also in answers of persons.
    """
    # RFC 3834, section 5: any value except "no"; parameters may follow.
    submitted = mime.header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no"):
        return True
    if any(mime.header(message, name) for name in HEADERS):
        return True
    if mime.header(message, "Precedence").lower() in PRECEDENCES:
        return True
    # The null reverse-path is for messages of programs (RFC 5321, section 4.5.5).
    if "<>" in (path.replace(" ", "") for path in mime.headers(message, "Return-Path")):
        return True
    sender = mime.addresses(mime.header(message, "From"))
    return bool(sender) and sender[0].partition("@")[0] in SYSTEM_SENDERS
