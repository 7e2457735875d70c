"""What is looked at before a mailing leaves: one check a file, all of them in ``CHECKS``.

A check works in two steps, because a form must open at once, whatever the length of the body and of
the list:

1. Facts are taken as JSON and stored with the mailing. They come from three sources, each a method
   of the check that it overrides where it needs it:

   - ``look`` reads the content in one language, when the content changes;
   - ``look_at_list`` reads the list of recipients by SQL, when the list changes, or when what
     ``ask_list`` returns changes, such as the placeholders in use. Up to ``MAX_LIVE`` recipients at
     once, a longer list in the background, where ``is_list_due`` says that it waits;
   - ``look_in_background`` asks others, such as web and name servers, when what ``ask_background``
     returns changes or is too old. The scheduled action *Look at Drafts* calls it.

   What the background work found is stored in ``background_facts`` of the mailing under the key of
   the check: ``asked`` (the question that it answers), ``facts`` and ``checked_at``. A check reads
   its own through ``self.background``, which is empty while the answer is to an older question.
   ``Preflight.look_in_background`` looks at once, for a button such as *Check Now*, and
   ``Preflight.store_background`` stores facts that came another way.

2. ``describe`` makes findings of the facts of all languages, in the language of the user. It is
   called for each look at the form, and asks the database for nothing but what the form reads
   anyway, such as the numbers of recipients in each language.

A company chooses which warnings stop a submission (``partner_mailing_stopping_checks``, keys of
checks); ``Preflight`` gives their findings the level ``stop``. The submission and the validation keep
the findings of their moment with the approval.

Checks of the kind ``SENDER`` are about who sends: they also stand in the dialog *Sender Check*, which
asks ``describe_sender`` at any time, also after sending.

An addon adds a check by registering a subclass of ``Check`` when it is imported.
"""

from . import (
    alt_text,
    base_url,
    bounce_address,
    dead_domain,
    dead_link,
    dkim,
    dmarc,
    domain_typo,
    faint_text,
    file_names,
    first_names,
    fixed_width,
    from_filter,
    gmail_clip,
    insecure_link,
    large_domains,
    last_mailing,
    literal_placeholder,
    little_text,
    local_link,
    long_subject,
    loud_subject,
    mail_hosts,
    missing_language,
    mostly_pictures,
    never_tested,
    no_language,
    odd_names,
    one_click,
    past_schedule,
    placeholder_fallback,
    preview_text,
    reverse_name,
    sample_content,
    sender_domain,
    spam_score,
    spf,
    stale_language,
    two_footers,
)
from .check import (
    CHECKS,
    CONTENT,
    INFO,
    LEVELS,
    PEOPLE,
    SENDER,
    STOP,
    WARNING,
    Check,
    Content,
    register,
)
from .preflight import (
    MAX_LIVE,
    Preflight,
    get_choices,
    get_stopping_keys,
    is_good_to_know,
    look_at_due,
    without_names,
)

__all__ = [
    "CHECKS",
    "CONTENT",
    "INFO",
    "LEVELS",
    "MAX_LIVE",
    "PEOPLE",
    "SENDER",
    "STOP",
    "WARNING",
    "Check",
    "Content",
    "Preflight",
    "get_choices",
    "get_stopping_keys",
    "is_good_to_know",
    "look_at_due",
    "register",
    "without_names",
]
