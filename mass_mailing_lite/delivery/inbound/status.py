"""What a delivery status says about one recipient, as a value."""

import re
from dataclasses import dataclass

from ..outcome import DEFERRED, REFUSED, Outcome, clean, split_enhanced

# Failures that do not come from the address: it may accept another message, from another sender, of
# another size, or at another time.
NOT_THE_ADDRESS = frozenset(
    {
        "relay_denied", "policy", "content", "too_large", "smtputf8", "greylisted", "rate_limited",
        "sender_refused", "login", "tls", "server",
    }
)  # fmt: skip

_REPLY = re.compile(r"\b([245]\d\d)(?:[- ]#?([245]\.\d{1,3}\.\d{1,3}))?(?=[- :\n]|$)")
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")

# Exim, when the last of several tries has failed.
_GAVE_UP = re.compile(r"retry time(out| not reached)", re.I)

# Words of systems that give no code more specific than "failed".
_WORDS = (
    ("mailbox_full", re.compile(r"quota|(mailbox|inbox|storage)\W{1,9}(\w{1,30}\W{1,9}){0,3}full|over ?limit", re.I)),
    (
        "address_unknown",
        re.compile(
            r"(unknown|no such|invalid|non-?existent)\W{1,9}(\w{1,30}\W{1,9})?(user|address|recipient|mailbox|account)"
            r"|(user|address|recipient|mailbox|account)\W{1,9}(\w{1,30}\W{1,9}){0,2}(unknown|not found|not exist)"
            r"|does(n't| not) exist|unrouteable|no mailbox|not a valid mailbox",
            re.I,
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a message for one recipient.

    :ivar addresses: the recipient's addresses in lower case: final, original
    :ivar action: ``failed``, ``delayed``, ``delivered``, ``relayed`` or ``expanded``
    :ivar code: SMTP reply code, or None
    :ivar enhanced: status code like ``"5.1.1"`` (RFC 3463)
    :ivar text: the reason in the server's words, on one line
    """

    addresses: tuple[str, ...]
    action: str
    code: int | None
    enhanced: str
    text: str

    @property
    def is_permanent(self) -> bool:
        """Whether another try later cannot help, by the class of the status code."""
        return not self.enhanced.startswith("4")

    @property
    def is_final_for_address(self) -> bool:
        """Whether the address cannot be used any more; not when the message is the reason."""
        return self.is_permanent and self.failure_type not in NOT_THE_ADDRESS

    @property
    def failure_type(self) -> str:
        """One of ``outcome.FAILURE_TYPES``."""
        if self.enhanced[1:] in ("", ".0.0") or (self.code == 554 and self.enhanced[1:] == ".3.0"):
            for kind, pattern in _WORDS:
                if pattern.search(self.text):
                    return kind
        kind = REFUSED if self.is_permanent else DEFERRED
        return Outcome(kind, "rcpt", self.code, self.enhanced, self.text).failure_type

    @property
    def words(self) -> str:
        """The reason for display: codes, then words."""
        parts = (self.code, self.enhanced, self.text)
        return " ".join(str(part) for part in parts if part)


def make_status(addresses, action, status, text) -> Status:
    """Return the :class:`Status` of a recipient.

    :param str status: the status code that the report gives, or ``""``
    :param str text: the server's reply with its codes, on one or several lines
    """
    reply = _REPLY.search(text)
    code = int(reply[1]) if reply else None
    enhanced = (
        status if status and not status.endswith(".0.0") else _get_specific_code(status, code, text)
    )
    return Status(tuple(dict.fromkeys(addresses)), action, code, enhanced, _words(text, code))


def _get_specific_code(status, code, text):
    """Return a more specific status code than X.0.0, from the server's words or its reply code.

    Many systems report 5.0.0 for everything, Exim even for temporary refusals that it gave up on.
    """
    if inside := _ENHANCED.search(text):
        return inside[1]
    if _GAVE_UP.search(text):
        return "4.0.0"
    return f"{str(code)[0]}.0.0" if code else status or "5.0.0"


def _words(text, code):
    """Return the reply without its codes, which replies of several lines have on each line."""
    if code:
        text = re.sub(rf"\b{code}[- ](#?[245]\.\d{{1,3}}\.\d{{1,3}}\s)?", "", text)
    return clean(split_enhanced(text.strip())[1])
