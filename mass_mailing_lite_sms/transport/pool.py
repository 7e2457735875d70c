"""What carries texts: it has the methods of the pool of SMTP sessions."""

import logging
from collections import deque
from uuid import uuid4

import psycopg2

from odoo.addons.mass_mailing_lite.delivery.outcome import NOT_SENT, UNCERTAIN

from ..odoo_seams.sms import Listener, split_by_provider
from ..odoo_seams.twilio import TwilioListener, is_twilio
from .outcome import SmsOutcome, from_error, is_provider_fault

_logger = logging.getLogger(__name__)


class Session:
    """Stands in the place of a session with a mail server: a provider is called, not connected to."""

    def close(self):
        """Do nothing: nothing is open."""


class SmsPool:
    """Hands batches of messages to Odoo's ``sms.sms``, one after the other.

    The first batch is a single message, each further one twice as large: a provider that does not
    answer makes one recipient uncertain, not five hundred.

    :param sms: ``sms.sms`` in the company of the mailing
    :param most: messages of a batch at most
    :param is_wanted: callable, whether the mailing is still to be sent; None for a test, which is
        neither tracked nor committed
    :ivar failure: the outcome after which nothing more was tried, None when there was none
    """

    def __init__(self, sms, most, is_wanted=None):
        self._sms = sms
        self._most = most
        self._is_wanted = is_wanted
        self._is_test = is_wanted is None
        self._size = 1
        self._waiting = deque()
        self.failure = None

    @property
    def open_count(self):
        """Messages that were put and not yet collected."""
        return len(self._waiting)

    def put(self, messages):
        """Take these, too; nothing is sent before they are collected."""
        self._waiting.extend(messages)

    def collect(self, _least, _seconds):
        """Send one batch; return (message, outcome)s.

        The rest is returned as not sent after a failure that is not about one number, and when the
        mailing was paused meanwhile.
        """
        if self.failure:
            return self._leave(self.failure)
        if self._waiting and not self._is_test and not self._is_wanted():
            return self._leave(SmsOutcome(NOT_SENT))
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

    def _leave(self, outcome):
        return [(message, outcome) for message in self.withdraw()]

    # ------------------------------------------------------------
    # One batch
    # ------------------------------------------------------------

    def _send(self, batch):
        """Return (message, outcome) for each message; set ``failure`` when none got an answer."""
        by_uuid = {uuid4().hex: message for message in batch}
        records = self._create(by_uuid)
        # What is sent must be known after a kill, and a report may come at once.
        self._commit()
        outcomes, fault = self._call(records)
        silent = fault or SmsOutcome(UNCERTAIN, "sms_gateway", "The provider did not answer.")
        results = [(message, outcomes.get(uuid, silent)) for uuid, message in by_uuid.items()]
        # There was no answer about any of them, or all answers were about the account.
        broken = [outcome for _message, outcome in results if is_provider_fault(outcome)]
        if len(broken) == len(results):
            self.failure = SmsOutcome(NOT_SENT, broken[0].failure_type, broken[0].text)
            if any(outcome.kind is UNCERTAIN for outcome in broken):
                # Each further try would leave one more uncertain. As after a wrong login, the
                # mailing is paused, for a person to decide.
                self.failure = SmsOutcome(NOT_SENT, "login", broken[0].text, code=550)
        return results

    def _create(self, by_uuid):
        """Create the SMS, and the trackers that tie them to their recipients.

        In the state "process": Odoo's own queue takes those that are "outgoing", and would send
        after a kill what a person has to decide about.
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
            for api, part in split_by_provider(records):
                listeners.append(listen_to(api, self._commit))
                listeners[-1].send(part)
            self._commit()
            fault = None
        except Exception as error:  # whatever a provider's addon raises
            _logger.warning("A batch of %s SMS ended in an error: %s", len(records), error)
            fault = from_error(error)
            self._discard(records)
        outcomes = {}
        for listener in listeners:
            outcomes.update(listener.get_outcomes())
        return outcomes, fault

    def _discard(self, records):
        """Undo what is half written after a fault, and mark the SMS for deletion."""
        if self._is_test:
            return  # the error that the user sees undoes it all
        self._sms.env.cr.rollback()
        try:
            with self._sms.env.cr.savepoint():
                records.write({"state": "error", "to_delete": True})
        except psycopg2.Error:
            _logger.warning("%s SMS stay in the state process.", len(records), exc_info=True)
        self._commit()

    def _commit(self):
        if self._is_test:
            return
        # pylint: disable-next=invalid-commit  # what a provider was given must outlive a kill
        self._sms.env.cr.commit()


def listen_to(api, commit):
    """Return the ``Listener`` for the API of a provider; ``commit`` as there."""
    return (TwilioListener if is_twilio(api) else Listener)(api, commit)
