"""What became of one message, as a value.

An SMTP reply says three things: whether it concerns the recipient or the server (by the stage of
the transaction), whether another try can help (by the reply code, RFC 5321 section 4.2.1) and what
the reason is (by the enhanced status code, RFC 3463). When the final reply did not come, the
outcome is uncertain (RFC 1047).
"""

import enum
import re
from typing import NamedTuple

from .characters import CONTROL_RANGES

STAGES = (
    "making", "connect", "greeting", "tls", "login", "mail", "rcpt", "data", "end_of_data",
)  # fmt: skip

FAILURE_TYPES = (
    "address_unknown", "mailbox_full", "mailbox_unavailable", "relay_denied", "policy", "content",
    "too_large", "smtputf8", "greylisted", "rate_limited", "network", "sender_refused", "login",
    "tls", "server", "rendering", "unknown",
)  # fmt: skip

TEXT_LIMIT = 1000  # characters kept of a reply; RFC 5321 section 4.5.3.1.5 allows 512 a line

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
# One line, printable, single blanks: nothing to clean.
_usual_reply = re.compile(
    r"(?:([245]\.\d{1,3}\.\d{1,3}) )?((?![245]\.\d)[!-~]{1,80}(?: [!-~]{1,80}){0,9})"
).fullmatch
_UNPRINTABLE = re.compile(f"[{CONTROL_RANGES}]+")


class OutcomeKind(str, enum.Enum):
    """What became of a message, and so what to do next; the value can be stored."""

    SENT = "sent"  # the server has accepted it
    DEFERRED = "deferred"  # refused for this recipient for the moment: try again later
    REFUSED = "refused"  # refused for this recipient: do not try again
    NOT_SENT = "not_sent"  # not accepted; a fault of server, envelope sender or connection
    UNCERTAIN = "uncertain"  # all was transmitted, the final reply did not come


SENT, DEFERRED, REFUSED = OutcomeKind.SENT, OutcomeKind.DEFERRED, OutcomeKind.REFUSED
NOT_SENT, UNCERTAIN = OutcomeKind.NOT_SENT, OutcomeKind.UNCERTAIN


class Outcome(NamedTuple):
    """What became of one message to one recipient.

    :ivar kind: an :class:`OutcomeKind`
    :ivar stage: one of ``STAGES``: the step that decided
    :ivar code: the reply code (RFC 5321), ``None`` when no reply decided
    :ivar enhanced: the enhanced status code (RFC 3463) like ``"5.1.1"``, or ``""``
    :ivar text: the reply in words, on one line, without control characters
    """

    kind: OutcomeKind
    stage: str
    code: int | None = None
    enhanced: str = ""
    text: str = ""

    @property
    def is_final(self) -> bool:
        """Whether it is not to be tried again: sent or refused."""
        return self.kind is SENT or self.kind is REFUSED

    @property
    def failure_type(self) -> str:
        """One of ``FAILURE_TYPES``; ``""`` for a message that was sent."""
        return "" if self.kind is SENT else failure_type(self)


def from_reply(stage: str, code: int, text: str) -> Outcome:
    """Return the outcome that a server's reply means.

    ======================  =====================================================================
    reply                   outcome
    ======================  =====================================================================
    2xx at ``end_of_data``  SENT (not called for a 2xx elsewhere, which decides nothing)
    421 at any stage        NOT_SENT: the server closes (RFC 5321 section 3.8)
    before ``rcpt``         NOT_SENT: no recipient was named yet
    about the sender, the   NOT_SENT: many servers refuse a sender only at RCPT (Postfix by
    client or the server    default), so the stage alone does not decide
    any other 4xx / 5xx     DEFERRED / REFUSED. At DATA and end of data too: a content filter
                            refuses this one message. With NOT_SENT one such message would keep all
                            others from being sent
    ======================  =====================================================================

    :param text: the reply's lines without codes, joined with a newline or blank
    """
    enhanced, words = split_enhanced(text)
    if 200 <= code < 300:
        return Outcome(SENT, stage, code, enhanced, words)
    outcome = Outcome(NOT_SENT, stage, code, enhanced, words)
    if code == 421 or stage not in _RECIPIENT_STAGES or _concerns_server(outcome):
        return outcome
    return Outcome(REFUSED if code >= 500 else DEFERRED, stage, code, enhanced, words)


def split_enhanced(text: str) -> tuple[str, str]:
    """Return (enhanced status code or ``""``, cleaned words), also when each line has the code.

    Replies of several lines have the same enhanced code on each line (RFC 2034 section 3).
    """
    if usual := _usual_reply(text):
        return usual[1] or "", usual[2]
    match = _ENHANCED.match(text)
    if not match:
        return "", clean(text)
    enhanced = match.group(1)
    lines = [line.removeprefix(enhanced).strip() for line in text.split("\n")]
    return enhanced, clean(" ".join(lines))


def clean(text: str) -> str:
    """Return a text on one line, without control characters, of ``TEXT_LIMIT`` characters."""
    text = " ".join(_UNPRINTABLE.sub(" ", text[: 4 * TEXT_LIMIT]).split())
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


_RECIPIENT_STAGES = frozenset({"rcpt", "data", "end_of_data"})

# Enhanced codes without their class. X.1.7 and X.1.8: the sender's address (RFC 3463 section 3.2);
# X.7.20 to X.7.27: the sender's domain fails DKIM, SPF, reverse DNS or has no mail exchanger
# (RFC 7372 section 3, RFC 7505 section 4.2); X.7.8 to X.7.14: authentication and encryption
# (RFC 4954 section 6, RFC 5248 section 4).
_DOMAIN = {f"7.{number}" for number in range(20, 28)}
_SENDER = frozenset({"1.7", "1.8"} | _DOMAIN)
_LOGIN = frozenset({"7.8", "7.9", "7.11", "7.12", "7.13", "7.14"})

# Servers use some codes, mostly X.7.1, both for sender and for recipient: then the words decide.
_ABOUT_SENDER = re.compile(r"sender (address )?(rejected|denied|refused|verif)", re.IGNORECASE)
_ABOUT_CLIENT = re.compile(r"client host|helo command rejected|\bblocked using\b", re.IGNORECASE)
_RELAY = re.compile(r"\brelay", re.IGNORECASE)
_GREYLIST = re.compile(r"gr[ae]y[- ]?list", re.IGNORECASE)
_RATE = re.compile(r"rate|too (many|much|fast|frequent)|quota exceeded for|throttl", re.IGNORECASE)


def _detail(outcome: Outcome) -> str:
    return outcome.enhanced[2:]


def _concerns_server(outcome: Outcome) -> bool:
    """Whether a refusal at or after RCPT concerns the sender, the client or the server."""
    detail = _detail(outcome)
    if detail in _SENDER or detail in _LOGIN or outcome.code == 530:
        return True
    if detail[:2] in ("5.", "7.", "") and (
        _ABOUT_SENDER.search(outcome.text) or _ABOUT_CLIENT.search(outcome.text)
    ):
        return True
    # After RCPT was accepted, X.3.x (system storage) concerns the server, and X.3.4 (message too
    # large) concerns all recipients.
    if outcome.stage == "rcpt":
        return False
    return detail[:2] == "3." or (not detail and outcome.code in (452, 503))


# RFC 3463 section 3, codes without their class: by the whole code, then by its subject.
_BY_DETAIL = {
    **dict.fromkeys(_SENDER, "sender_refused"),
    "2.1": "mailbox_unavailable", "2.2": "mailbox_full", "2.3": "too_large",
    "3.4": "too_large", "3.1": "server", "5.3": "rate_limited", "6.7": "smtputf8",
    "7.8": "login", "7.9": "login", "7.12": "login", "7.13": "login", "7.14": "login",
    "7.10": "tls", "7.11": "tls", "7.28": "rate_limited",
}  # fmt: skip
_BY_SUBJECT = {
    "1": "address_unknown", "2": "mailbox_unavailable", "3": "server", "4": "network",
    "5": "server", "6": "content", "7": "policy",
}  # fmt: skip

# RFC 5321 section 4.2.3, RFC 1870 and RFC 4954, for replies without an enhanced code.
_BY_CODE = {
    450: "mailbox_unavailable", 451: "server", 452: "mailbox_full", 454: "login",
    550: "address_unknown", 551: "address_unknown", 552: "mailbox_full", 553: "address_unknown",
    554: "policy", 555: "server", 556: "address_unknown",
}  # fmt: skip


def failure_type(outcome: Outcome) -> str:
    """Return the reason, one of ``FAILURE_TYPES``.

    The stage decides before MAIL; then the server's words, where a code is ambiguous; then the
    enhanced code; then the reply code.
    """
    stage, code, text = outcome.stage, outcome.code, outcome.text
    if stage in ("login", "tls"):
        return stage
    if stage == "making":
        return "rendering"
    if code in (530, 534, 535, 538):  # RFC 4954 section 6, RFC 3207 section 4
        return "tls" if "TLS" in text or code == 538 else "login"
    if code is None and not outcome.enhanced:
        return "network"
    if code == 421:
        return "rate_limited" if _RATE.search(text) else "server"
    if stage in ("connect", "greeting"):
        return "server"
    detail = _detail(outcome)
    return (
        _by_words(outcome, detail)
        or _BY_DETAIL.get(detail)
        or _by_basic_code(outcome, detail)
        or _BY_SUBJECT.get(detail.partition(".")[0])
        or "unknown"
    )


def _by_words(outcome: Outcome, detail: str) -> str:
    """Return the reason from the words, for ambiguous codes: X.7.x, X.2.0, none."""
    text = outcome.text
    if detail and detail[0] not in "257" and detail not in ("0.0", "3.2", "3.0", "1.0"):
        return ""
    if _ABOUT_SENDER.search(text):
        return "sender_refused"
    if (outcome.code or 0) < 500:
        if _GREYLIST.search(text):
            return "greylisted"
        if _RATE.search(text) and detail not in ("2.2", "2.1"):
            return "rate_limited"
    elif detail in ("", "7.0", "7.1", "0.0") and _RELAY.search(text):
        return "relay_denied"
    return ""


def _by_basic_code(outcome: Outcome, detail: str) -> str:
    """Return the reason from the reply code, unless the enhanced code has a subject (not X.0.x)."""
    if detail and not detail.startswith("0."):
        # A refusal of MAIL concerns the sender. The server's own faults (X.3.x, X.4.x) and the size
        # of the message were found before.
        return "sender_refused" if outcome.stage == "mail" and detail[0] in "17" else ""
    code = outcome.code or 0
    if outcome.stage == "mail":
        special = {451: "server", 452: "server", 552: "too_large", 555: "server"}
        return special.get(code, "sender_refused" if code in (450, 550, 551, 553, 554) else "")
    if outcome.stage in ("data", "end_of_data"):
        special = {452: "server", 503: "server", 550: "policy", 552: "too_large", 554: "content"}
        return special.get(code) or _BY_CODE.get(code, "")
    return _BY_CODE.get(code, "")
