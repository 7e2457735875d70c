"""What is looked at before a mailing leaves: one check a file, all of them in ``CHECKS``.

A check works in two steps, because a form must open at once, whatever the length of the body:

1. ``look`` reads the content in one language and returns facts as JSON. It is called when the
   content changes, and the facts are stored with the mailing.
2. ``describe`` makes findings of the facts of all languages, in the language of the user. It is
   called for each look at the form, and asks the database for nothing but what the form reads
   anyway, such as the numbers of recipients in each language.

Checks of the kind ``SENDER`` are about who sends: they also stand in the dialog *Sender Check*, which
asks ``describe_sender`` at any time, also after sending.

An addon adds a check by registering a subclass of ``Check`` when it is imported.
"""

from . import (
    base_url,
    bounce_address,
    dead_domain,
    domain_typo,
    first_names,
    from_filter,
    gmail_clip,
    literal_placeholder,
    local_link,
    odd_names,
    one_click,
    sample_content,
    sender_domain,
    stale_language,
    two_footers,
)
from .check import CHECKS, INFO, LEVELS, SENDER, STOP, WARNING, Check, Content, register

__all__ = [
    "CHECKS",
    "INFO",
    "LEVELS",
    "SENDER",
    "STOP",
    "WARNING",
    "Check",
    "Content",
    "register",
]
