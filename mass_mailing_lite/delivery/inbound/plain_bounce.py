"""Failure and delay notifications that do not follow RFC 3464.

qmail writes QSBMF (D. J. Bernstein, "The qmail-send Bounce Message Format"): a paragraph that
begins with "Hi. This is the", one for each recipient that begins with the address and a colon, one
that begins with a dash, then the message. Others write free text, with the mail system as the
author; Exim and Gmail give the recipients in ``X-Failed-Recipients``.
"""

import re

from . import mime
from .status import make_status

SYSTEM_SENDERS = ("mailer-daemon", "postmaster", "mail-daemon", "maildelivery")

_QSBMF = re.compile(r"\s*Hi\. This is the")
_QSBMF_RECIPIENT = re.compile(r"<(.+?)>:\s*\n(.*)", re.DOTALL)
_QSBMF_CODE = re.compile(r"#([245]\.\d{1,3}\.\d{1,3})")
_TOO_LONG = re.compile(r"in the queue too long", re.I)

_CODE = re.compile(r"(?<![\d.])([45]\d\d[- ]#?[45]\.\d{1,3}\.\d{1,3}|[45]\.\d{1,3}\.\d{1,3}|5\d\d)(?![\d.]*\d)")  # fmt: skip
_DELAY = re.compile(
    r"not yet been delivered|has been delayed|delivery (is )?delayed|will (be retried|keep trying|continue to)"
    r"|warning: (could not send|message)",
    re.I,
)
# What a report says of itself, in its subject or in words that it does not quote.
_NOT_DELIVERED = re.compile(
    r"undeliver|not (?:yet )?(?:be |been )?(?:delivered|sent to)|returned (?:mail|to sender)"
    r"|deliver\w{0,4} (?:\w{1,12} ){0,3}(?:fail|delay|notification)|fail\w{0,4} to deliver"
    r"|delivery (?:status|to the following)|mail (?:delivery )?(?:system|subsystem) at"
    r"|permanent (?:fatal )?error|unknown user|user unknown|no such user|unzustellbar"
    r"|(?:recipient|mailbox) (?:\w{1,12} ){0,2}(?:rejected|full|unavailable|not found)",
    re.I,
)
# Where an answer begins to quote: an attribution, a separator, the headers of what it answers.
_QUOTE = re.compile(
    r"^(?:>|-{2,} ?\w|_{5,}|(?:From|Von|De|Da|Van|От): [^@\n]{0,200}@"
    r"|(?:On|Am|Le|El|Il) [^@\n]{0,200}@[^:\n]{0,200}:\s?$)",
    re.I | re.M,
)
_TAG = re.compile(r"<[^<>]*>")
# In headers that the text of a report quotes.
_QUOTED_ID = re.compile(r"^[ \t>|]*Message-ID:\s*(<[^<>\s@]+@[^<>\s@]+>)", re.I | re.M)


def read(message):
    """Return a list of ``status.Status``; empty when the message is not such a notification."""
    text = mime.plain_text(message)
    if _QSBMF.match(text):
        return _read_qsbmf(text)
    failed = mime.addresses(mime.header(message, "X-Failed-Recipients"))
    # "500 pieces" in an answer of a person is no reply code.
    is_report = is_from_mail_system(message) and _CODE.search(text) and not is_answer(message)
    if not failed and not is_report:
        return []
    action = "delayed" if _DELAY.search(text) and not failed else "failed"
    if failed:
        return [make_status([address], action, "", _reason(text)) for address in failed]
    return [make_status(_addresses(message, text), action, "", _reason(text))]


def quoted_ids(message):
    """Return the Message-IDs of headers that the text of a report quotes."""
    return [
        found
        for part in mime.parts(message)
        if part.get_content_maintype() == "text"
        for found in _QUOTED_ID.findall(mime.text(part))
    ]


def is_from_mail_system(message):
    """Tell whether the author has the name of a mail system, which persons use too."""
    sender = mime.addresses(mime.header(message, "From"))
    return bool(sender) and sender[0].partition("@")[0] in SYSTEM_SENDERS


def has_null_path(message):
    """Tell whether the envelope sender was empty, as it is for reports."""
    return "<>" in (path.replace(" ", "") for path in mime.headers(message, "Return-Path"))


def is_answer(message):
    """Tell whether a mail in the name of a mail system is an answer that a person has written.

    Whoever looks after a domain reads mail at postmaster@ (RFC 5321, section 4.5.1), and answers
    from there: to a message that the answer names, and in words that speak of no failed delivery.
    """
    if has_null_path(message):
        return False
    if not mime.header(message, "In-Reply-To") and not mime.header(message, "References"):
        return False
    subject, words = mime.header(message, "Subject"), _own_words(message)
    return bool(words) and not any(map(_NOT_DELIVERED.search, (subject[:1000], words)))


def _own_words(message):
    """Return the text of a message before what it quotes."""
    text = mime.plain_text(message)
    if not text and (part := mime.find_part(message, "text/html")) is not None:
        text = _TAG.sub(" ", re.split(r"<(?:blockquote|hr)\b", mime.text(part), maxsplit=1)[0])
    quote = _QUOTE.search(text)
    return (text[: quote.start()] if quote else text).strip()


def _read_qsbmf(text):
    statuses = []
    for paragraph in re.split(r"\n\s*\n", text)[1:]:
        if paragraph.startswith("-"):
            break
        if found := _QSBMF_RECIPIENT.match(paragraph):
            code = _QSBMF_CODE.search(found[2])
            named = code[1] if code else "4.4.7" if _TOO_LONG.search(found[2]) else ""
            statuses.append(make_status([found[1].lower()], "failed", named, found[2]))
    return statuses


def _reason(text):
    """Return the paragraph with the code, or the first one."""
    paragraphs = [paragraph for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]
    return next(filter(_CODE.search, paragraphs), paragraphs[0] if paragraphs else "").strip()


def _addresses(message, text):
    """Return the addresses in the text before the copied message, without those of From and To."""
    own = {
        address for name in ("From", "To") for address in mime.addresses(mime.header(message, name))
    }
    return [found for found in mime.addresses(_before_copy(text)) if found not in own]


def _before_copy(text):
    """Return the lines before the one that a copy of the message follows: ``------ message …``."""
    head = []
    for line in text.split("\n"):
        words = line.lower() if line.startswith("--") else ""
        if any(word in words for word in ("copy", "original", "message")):
            break
        head.append(line)
    return "\n".join(head)
