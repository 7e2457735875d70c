"""What carries text messages: it stands where the pool of SMTP sessions does for e-mail."""

import logging
from collections import deque
from typing import NamedTuple
from uuid import uuid4

import psycopg2

from odoo.addons.mass_mailing_lite.delivery.outcome import NOT_SENT, UNCERTAIN

from .sms_listener import listen_to
from .sms_outcome import SmsOutcome, is_broken, judge_error

_logger = logging.getLogger(__name__)


class TextMessage(NamedTuple):
    """One text to one number.

    :ivar key: id of the recipient, 0 for a test
    :ivar number: in the form E.164
    """

    key: int
    number: str
    text: str
    partner_id: int | None


class Session:
    """Stands where a session with a mail server does: a provider is called, not connected to."""

    def close(self):
        """Do nothing: nothing is open."""


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
        outcomes, fault = self._call(records)
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
        """Let Odoo send the SMS; return ({uuid: outcome}, outcome of the others or None)."""
        listeners = []
        try:
            for api, part in records._split_by_api():
                listeners.append(listen_to(api, self._commit))
                part.with_context(sms_api=listeners[-1], partner_mailing_sending=True)._send(
                    unlink_failed=True, unlink_sent=True, raise_exception=True
                )
            self._commit()
            fault = None
        except Exception as error:  # whatever a provider's addon raises
            _logger.warning("Odoo stumbled over a batch of %s SMS: %s", len(records), error)
            fault = judge_error(error)
            self._discard(records)
        outcomes = {}
        for listener in listeners:
            outcomes.update(listener.get_outcomes())
        return outcomes, fault

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
        self._commit()

    def _commit(self):
        if self._is_test:
            return
        # pylint: disable-next=invalid-commit  # what a provider was given must outlive a kill
        self._sms.env.cr.commit()
