"""Tells what a message that came back is: a failure, a delay, a complaint, a robot, or a person.

Data flows from left to right::

    mime ─▶ delivery_status, plain_bounce, feedback, automatic ─▶ report ─▶ InboundMail

* ``delivery_status``  notifications that follow RFC 3464
* ``plain_bounce``     notifications that do not: qmail's QSBMF, and free text
* ``feedback``         feedback reports of mailbox providers (RFC 5965)
* ``automatic``        answers that no person wrote (RFC 3834)

A library does part of it, ``flufl.bounce``: it returns the addresses that a message says have
failed. What the gateway needs beside that, the returned message's identity, the status code, the
words and feedback reports, it does not return; so this reads all of it itself, with the standard
library alone.
"""

import enum
from dataclasses import dataclass
from email.message import Message

from . import automatic, delivery_status, feedback, mime, plain_bounce
from .status import Status

MAX_IDS = 32  # what is looked up for one message; a long thread has as many


class InboundKind(str, enum.Enum):
    """What a message that came back is."""

    FAILED = "failed"  # a message was not delivered, and nobody tries any more
    DELAYED = "delayed"  # not delivered yet; somebody keeps trying
    SETTLED = "settled"  # a report of anything else: delivered, relayed, read
    COMPLAINT = "complaint"  # the recipient wants no more of it
    AUTOMATIC = "automatic"  # written by a program on the recipient's behalf
    PERSONAL = "personal"  # written by a person, as far as one can tell


FAILED, DELAYED, SETTLED = InboundKind.FAILED, InboundKind.DELAYED, InboundKind.SETTLED
COMPLAINT, AUTOMATIC, PERSONAL = InboundKind.COMPLAINT, InboundKind.AUTOMATIC, InboundKind.PERSONAL


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A message that came back.

    :ivar kind: a :class:`InboundKind`
    :ivar message_ids: what it is about, the likeliest first
    :ivar statuses: recipient by recipient, where the message is a delivery status
    """

    kind: InboundKind
    message_ids: tuple[str, ...] = ()
    statuses: tuple[Status, ...] = ()

    @property
    def failures(self) -> tuple[Status, ...]:
        """The recipients that the message did not reach."""
        return tuple(status for status in self.statuses if status.action == "failed")


def read(message: Message) -> InboundMail:
    """Tell what a message is and which message of ours it is about.

    ===============================================  ==================================
    message                                          kind
    ===============================================  ==================================
    delivery status: failed for somebody             ``FAILED``, with ``statuses``
    delivery status: delayed, nobody failed          ``DELAYED``
    other reports (delivered, relayed, read)         ``SETTLED``
    feedback report against the message              ``COMPLAINT``
    vacation notice and the like                     ``AUTOMATIC``
    anything else                                    ``PERSONAL``
    ===============================================  ==================================
    """
    kind, statuses = _classify(message)
    returned = [] if kind in (AUTOMATIC, PERSONAL) else _returned_ids(message)
    found = dict.fromkeys(returned + _answered_ids(message))
    return InboundMail(kind, tuple(found)[:MAX_IDS], tuple(statuses))


def _classify(message):
    kind = str(message.get_param("report-type") or "").lower()
    if kind == "feedback-report" or mime.find_part(message, "message/feedback-report") is not None:
        return (COMPLAINT if feedback.is_complaint(message) else SETTLED), ()
    if statuses := delivery_status.read(message):
        return _judge(statuses), statuses
    if kind == "disposition-notification":  # RFC 8098: read, deleted …
        return SETTLED, ()
    if statuses := plain_bounce.read(message):
        return _judge(statuses), statuses
    return (AUTOMATIC if automatic.is_automatic(message) else PERSONAL), ()


def _judge(statuses):
    actions = {status.action for status in statuses}
    return FAILED if "failed" in actions else DELAYED if "delayed" in actions else SETTLED


def _returned_ids(message):
    """Return the Message-IDs of the message that a report returns, whole or its headers."""
    found = []
    part = mime.find_part(message, "message/rfc822", "text/rfc822-headers", "message/global",
                          "message/global-headers")  # fmt: skip
    for returned in mime.carried(part) if part is not None else ():
        # Exchange Online keeps the sender's under the second name when it gives one of its own.
        for name in ("Message-Id", "X-Microsoft-Original-Message-ID"):
            found += mime.message_ids(mime.header(returned, name))
    return found or plain_bounce.quoted_ids(message)


def _answered_ids(message):
    return get_answered_ids(mime.header(message, "In-Reply-To"), mime.header(message, "References"))


def get_answered_ids(in_reply_to: str, references: str) -> list[str]:
    """Return what a message says it answers: the nearest first (RFC 5322, section 3.6.4)."""
    return mime.message_ids(in_reply_to) + mime.message_ids(references)[::-1]
