"""Tells what an inbound mail is: failure, delay, complaint, automatic or personal answer.

A library for part of it is ``flufl.bounce``. It returns the addresses that a message reports as
failed, but not the Message-ID of the returned message, the status code, the server's words or
feedback reports, which are needed as well. So all is read here, with the standard library.
"""

import enum
from dataclasses import dataclass
from email.message import Message

from . import automatic, delivery_status, feedback, mime, plain_bounce
from .status import Status

MAX_IDS = 32  # Message-IDs that are returned for one mail; a long thread has as many


class InboundKind(str, enum.Enum):
    """What an inbound mail is."""

    FAILED = "failed"  # a message was not delivered and is not tried again
    DELAYED = "delayed"  # a message was not delivered yet; its mail server tries again
    SETTLED = "settled"  # a report that needs no action: delivered, relayed, read
    COMPLAINT = "complaint"  # the recipient reported a message as spam
    AUTOMATIC = "automatic"  # an answer by a program
    PERSONAL = "personal"  # an answer by a person: nothing says otherwise


FAILED, DELAYED, SETTLED = InboundKind.FAILED, InboundKind.DELAYED, InboundKind.SETTLED
COMPLAINT, AUTOMATIC, PERSONAL = InboundKind.COMPLAINT, InboundKind.AUTOMATIC, InboundKind.PERSONAL


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A mail that came in for messages that were sent.

    :ivar kind: an :class:`InboundKind`
    :ivar message_ids: of the messages that it is about, the most likely first
    :ivar statuses: one for each recipient that a delivery status names
    """

    kind: InboundKind
    message_ids: tuple[str, ...] = ()
    statuses: tuple[Status, ...] = ()

    @property
    def failures(self) -> tuple[Status, ...]:
        """The statuses of the recipients that the message did not reach."""
        return tuple(status for status in self.statuses if status.action == "failed")


def read(message: Message) -> InboundMail:
    """Tell what an inbound mail is, and which messages it is about.

    ===============================================  ==================================
    message                                          kind
    ===============================================  ==================================
    delivery status: failed for a recipient          ``FAILED``, with ``statuses``
    delivery status: delayed, failed for none        ``DELAYED``, with ``statuses``
    other reports (delivered, relayed, read)         ``SETTLED``
    feedback report: spam                            ``COMPLAINT``
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
        return _get_kind(statuses), statuses
    if kind == "disposition-notification":  # RFC 8098: read, deleted …
        return SETTLED, ()
    if statuses := plain_bounce.read(message):
        return _get_kind(statuses), statuses
    return (AUTOMATIC if automatic.is_automatic(message) else PERSONAL), ()


def _get_kind(statuses):
    actions = {status.action for status in statuses}
    return FAILED if "failed" in actions else DELAYED if "delayed" in actions else SETTLED


def _returned_ids(message):
    """Return the Message-IDs of the message that a report returns, whole or only its headers."""
    found = []
    part = mime.find_part(message, "message/rfc822", "text/rfc822-headers", "message/global",
                          "message/global-headers")  # fmt: skip
    for returned in mime.carried(part) if part is not None else ():
        # Exchange Online sometimes sets its own Message-Id and keeps the original under this name.
        for name in ("Message-Id", "X-Microsoft-Original-Message-ID"):
            found += mime.message_ids(mime.header(returned, name))
    return found or plain_bounce.quoted_ids(message)


def _answered_ids(message):
    return get_answered_ids(mime.header(message, "In-Reply-To"), mime.header(message, "References"))


def get_answered_ids(in_reply_to: str, references: str) -> list[str]:
    """Return the Message-IDs that a message answers, the nearest first (RFC 5322, 3.6.4)."""
    return mime.message_ids(in_reply_to) + mime.message_ids(references)[::-1]
