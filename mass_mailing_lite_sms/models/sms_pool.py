"""What carries text messages: it stands where the pool of SMTP sessions does for e-mail."""

import logging
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple
from uuid import uuid4

import psycopg2
import requests

from odoo.addons.iap.tools.iap_tools import InsufficientCreditError
from odoo.addons.mass_mailing_lite.delivery.outcome import (
    NOT_SENT,
    REFUSED,
    SENT,
    UNCERTAIN,
    Kind,
    clean,
)
from odoo.exceptions import AccessError, UserError

_logger = logging.getLogger(__name__)

# Answers of providers (states of SmsApi._send_sms_batch) that say: sent, or about to be.
ACCEPTED = frozenset({"success", "processing", "sent", "delivered"})
# Those about the account or its settings: nobody would get anything, so all wait.
ACCOUNT = frozenset(
    {
        "insufficient_credit",
        "unregistered",
        "twilio_authentication",
        "twilio_callback",
        "twilio_from_missing",
    }
)
# Those about one number or text: {state: failure type}.
REFUSALS = {
    "wrong_number_format": "sms_number",
    "sms_number_missing": "sms_number",
    "twilio_from_to": "sms_number",
    "country_not_supported": "sms_country",
    "registration_needed": "sms_registration",
    "twilio_acc_unverified": "sms_unverified",
    "duplicate_message": "sms_duplicate",
    "incompatible_content": "sms_content",
}


class TextMessage(NamedTuple):
    """One text to one number.

    :ivar key: id of the recipient, 0 for a test
    :ivar number: in the form E.164
    """

    key: int
    number: str
    text: str
    partner_id: int | None


@dataclass(frozen=True)
class SmsOutcome:
    """What a ``delivery.outcome.Outcome`` is for an e-mail."""

    kind: Kind
    failure_type: str = ""
    text: str = ""
    code: int | None = None
    enhanced = ""


class Session:
    """Stands where a session with a mail server does: a provider is called, not connected to."""

    def close(self):
        """Do nothing: nothing is open."""


class Listener:
    """An ``SmsApi`` of which it is known what it answered, whatever happens afterwards."""

    def __init__(self, api):
        self._api = api
        self.answers = None

    def __getattr__(self, name):
        return getattr(self._api, name)

    def _send_sms_batch(self, messages, *args, **kwargs):
        self.answers = self._api._send_sms_batch(messages, *args, **kwargs)
        return self.answers


class SmsPool:
    """Hands batches of messages to Odoo's ``sms.sms``, one after the other.

    The first batch is a single message, each further one twice as large: a
    gateway that hangs makes one recipient uncertain, not five hundred.

    :param mailing: the mailing, for its company
    :param most: messages of a batch at most
    :param is_test: the mailing is not under way, and nothing is to be tracked
    :ivar failure: the outcome after which nothing more was tried, None when there was none
    """

    def __init__(self, mailing, most, is_test=False):
        self._mailing = mailing
        self._sms = mailing.env["sms.sms"].with_company(mailing.company_id)
        self._most = most
        self._is_test = is_test
        self._size = 1
        self._waiting = deque()
        self.failure = None

    @property
    def open_count(self):
        """Messages that were put and not yet collected."""
        return len(self._waiting)

    def put(self, messages):
        """Let these be sent, too; nothing happens before they are collected."""
        self._waiting.extend(messages)

    def collect(self, _least, _seconds):
        """Send one batch; return (message, outcome)s.

        After a failure that is nobody's own the rest is left, and so it is when
        the mailing was paused meanwhile.
        """
        if self._waiting and not self.failure and not self._is_test and not self._is_wanted():
            return self._leave(SmsOutcome(NOT_SENT))
        if self.failure:
            return self._leave(self.failure)
        batch = [self._waiting.popleft() for _ in range(min(self._size, len(self._waiting)))]
        if not batch:
            return []
        results = self._send(batch)
        self._size = min(2 * self._size, self._most)
        return results

    def withdraw(self):
        """Take back what was not begun."""
        withdrawn = list(self._waiting)
        self._waiting.clear()
        return withdrawn

    def close(self):
        """Do nothing: nothing is open."""

    def _is_wanted(self):
        self._mailing.invalidate_recordset(["state"])
        return self._mailing.state == "sending"

    def _leave(self, outcome):
        return [(message, outcome) for message in self.withdraw()]

    # ------------------------------------------------------------
    # One batch
    # ------------------------------------------------------------

    def _send(self, batch):
        by_uuid = {uuid4().hex: message for message in batch}
        records = self._create(by_uuid)
        # What is sent must be known, and a report may come at once.
        self._commit()
        answers, fault = self._call(records)
        self._commit()
        outcomes = {answer["uuid"]: judge(answer) for answer in answers or ()}
        silent = fault or SmsOutcome(UNCERTAIN, "sms_gateway", "The provider did not answer.")
        results = [(message, outcomes.get(uuid, silent)) for uuid, message in by_uuid.items()]
        # Nobody has got an answer, or all got the same one about the account.
        broken = [outcome for _message, outcome in results if is_broken(outcome)]
        if len(broken) == len(results):
            self.failure = SmsOutcome(NOT_SENT, broken[0].failure_type, broken[0].text)
            if any(outcome.kind is UNCERTAIN for outcome in broken):
                # Each further try would leave another one open: a person looks, as after a wrong login.
                self.failure = SmsOutcome(NOT_SENT, "login", broken[0].text, code=550)
        return results

    def _create(self, by_uuid):
        """Create the SMS, and what ties them to their recipients.

        As under way: Odoo's own queue takes those that wait, and would send
        after a kill what a person is to decide about.
        """
        records = self._sms.create(
            [
                {
                    "uuid": uuid,
                    "number": message.number,
                    "body": message.text,
                    "partner_id": message.partner_id,
                    "state": "process",
                }
                for uuid, message in by_uuid.items()
            ]
        )
        if not self._is_test:
            self._sms.env["sms.tracker"].create(
                [
                    {"sms_uuid": uuid, "partner_mailing_recipient_id": message.key}
                    for uuid, message in by_uuid.items()
                ]
            )
        return records

    def _call(self, records):
        """Let Odoo send the SMS; return (answers, None) or (answers so far, outcome)."""
        listeners = []
        try:
            for api, part in records._split_by_api():
                listeners.append(Listener(api))
                part.with_context(sms_api=listeners[-1], partner_mailing_sending=True)._send(
                    unlink_failed=True, unlink_sent=True, raise_exception=True
                )
            fault = None
        except Exception as error:  # whatever a provider's addon raises
            _logger.warning("A batch of %s SMS was not sent: %s", len(records), error)
            fault = judge_error(error)
            self._discard(records)
        answers = [answer for one in listeners for answer in one.answers or ()]
        return answers, fault

    def _discard(self, records):
        """Undo what is half written after a fault, and let go of the SMS."""
        if self._is_test:
            return  # the fault is told, which undoes it all
        self._sms.env.cr.rollback()
        try:
            with self._sms.env.cr.savepoint():
                records.write({"state": "error", "to_delete": True})
        except psycopg2.Error:
            _logger.warning("%s SMS stay behind as under way.", len(records), exc_info=True)

    def _commit(self):
        if self._is_test:
            return
        # pylint: disable-next=invalid-commit  # what a provider was given must outlive a kill
        self._sms.env.cr.commit()


def judge(answer):
    """Return the outcome of a provider's answer about one SMS."""
    state, words = answer.get("state"), clean(str(answer.get("failure_reason") or ""))
    if state in ACCEPTED:
        return SmsOutcome(SENT)
    if state == "server_error":
        # Also what Odoo's Twilio answers after a lost connection: the SMS may be on its way.
        return SmsOutcome(UNCERTAIN, "sms_gateway", words)
    if state in ACCOUNT:
        return SmsOutcome(NOT_SENT, "sms_account", words or state)
    return SmsOutcome(REFUSED, REFUSALS.get(state, "unknown"), words or state or "")


def is_broken(outcome):
    """Tell whether an outcome, were it that of all, says that the gateway is at fault."""
    return outcome.kind is NOT_SENT or outcome.failure_type == "sms_gateway"


def judge_error(error):
    """Return the outcome of a batch whose call ended in an exception.

    Only what surely came before anything was handed over lets it wait; a
    time-out and whatever is not known leave it open (RFC 1047 says why).
    """
    words = clean(str(error)).rstrip(".")
    chain = []
    link = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    if any(is_refused_connection(link) or is_refused_request(link) for link in chain):
        return SmsOutcome(NOT_SENT, "sms_gateway", words)
    if any(isinstance(link, InsufficientCreditError) for link in chain):
        return SmsOutcome(NOT_SENT, "sms_account", words)
    if any(isinstance(link, requests.exceptions.RequestException) for link in chain):
        return SmsOutcome(UNCERTAIN, "sms_gateway", words)
    if isinstance(error, UserError) and not isinstance(error, AccessError):
        # A setting that is missing, said before the provider is called.
        return SmsOutcome(NOT_SENT, "sms_account", words)
    return SmsOutcome(UNCERTAIN, "sms_gateway", words)


def is_refused_connection(error):
    """Tell whether no connection came about: the request was never sent."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    names = {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}
    return type(reason).__name__ in names


def is_refused_request(error):
    """Tell whether the provider refused the request as a whole (HTTP 4xx)."""
    response = getattr(error, "response", None)
    return isinstance(error, requests.exceptions.HTTPError) and (
        response is not None and 400 <= response.status_code < 500
    )
