"""What a provider answered, heard beside Odoo's own code, whatever happens in it afterwards."""

from dataclasses import replace

import requests

from odoo.addons.mass_mailing_lite.delivery.outcome import NOT_SENT, SENT, UNCERTAIN, clean

from .sms_outcome import SmsOutcome, judge, judge_error

# Errors of Twilio's whole API, not of one message: login, account, too many requests, …
TWILIO_API = range(20000, 21000)
# Those about the sending number and the address for reports, which all messages have in common.
TWILIO_SENDER = frozenset({21212, 21603, 21606, 21609, 21611, 21659, 21660, 21661})


def listen_to(api, commit):
    """Return a ``Listener`` that stands for an ``SmsApi``.

    :param commit: ends the transaction: reports of the provider come while it is being called, and
        what is written afterwards must not be blind to them, nor they wait for it
    """
    is_twilio = hasattr(api, "_sms_twilio_send_request")
    return TwilioListener(api, commit) if is_twilio else Listener(api, commit)


class Listener:
    """An ``SmsApi`` of which it is known what it answered."""

    def __init__(self, api, commit):
        self._api = api
        self._commit = commit
        self._answers = ()

    def __getattr__(self, name):
        return getattr(self._api, name)

    def _send_sms_batch(self, messages, *args, **kwargs):
        self._commit()
        self._answers = self._api._send_sms_batch(messages, *args, **kwargs)
        self._commit()
        return self._answers

    def get_outcomes(self):
        """Return {uuid: SmsOutcome} of the SMS of which something is known."""
        return {answer["uuid"]: judge(answer) for answer in self._answers or ()}


class TwilioListener(Listener):
    """Odoo's Twilio, which sends each SMS in a request of its own; what it heard and does not tell.

    It calls a wrong password, or too many requests, "unknown", as it does an unknown refusal of one
    number; a lost connection and none at all a server error; and it stumbles over an answer that is
    no JSON, with the rest of a batch behind it. After an answer that is nobody's own nothing more of
    the batch is tried: each SMS would wait for as long, and be left open.
    """

    def __init__(self, api, commit):
        super().__init__(api, commit)
        self._send_request = api._sms_twilio_send_request
        self._outcomes = {}  # by uuid, of what was heard or not tried
        self._trouble = None
        api._sms_twilio_send_request = self._send_one

    def get_outcomes(self):
        """Return what was heard on the wire, and of refusals what Odoo made of them."""
        return {**super().get_outcomes(), **self._outcomes}

    def _send_one(self, session, to_number, body, uuid):
        """Send one SMS as Odoo does; return the response if Odoo can read it."""
        if self._trouble:
            self._outcomes[uuid] = replace(self._trouble, kind=NOT_SENT)
            return None
        line = Line(session)
        response = self._send_request(line, to_number, body, uuid)
        if outcome := line.get_outcome():
            self._outcomes[uuid] = outcome
            if outcome.kind is not SENT:
                self._trouble = outcome
        return response if line.is_readable else None


class Line:
    """A ``requests.Session`` for one request, of which it is known how it ended.

    :ivar is_readable: whether the answer is what Twilio's API answers
    """

    def __init__(self, session):
        self._session = session
        self._response = self._error = None
        self._content = {}
        self.is_readable = False

    def __getattr__(self, name):
        return getattr(self._session, name)

    def post(self, *args, **kwargs):
        """Send the request, and note what comes of it."""
        try:
            self._response = self._session.post(*args, **kwargs)
        except requests.exceptions.RequestException as error:
            self._error = error
            raise
        try:
            content = self._response.json()
        except ValueError:
            content = None
        if isinstance(content, dict):
            self.is_readable = True
            self._content = content
        return self._response

    def get_outcome(self):
        """Return the SmsOutcome, None when a message was refused, which Odoo knows more about."""
        if self._error:
            return judge_error(self._error)
        status, code = self._response.status_code, self._content.get("code")
        if self._response.ok:
            return None if self._content.get("error") else SmsOutcome(SENT)
        if status >= 500:
            return SmsOutcome(UNCERTAIN, "sms_gateway", self._get_words())
        if status == 429 or not self.is_readable:
            return SmsOutcome(NOT_SENT, "sms_gateway", self._get_words())
        if code in TWILIO_API or code in TWILIO_SENDER:
            return SmsOutcome(NOT_SENT, "sms_account", self._get_words())
        return None

    def _get_words(self):
        """Return what the provider said, with the number under which its documentation has it."""
        words = self._content.get("message") or self._response.reason
        return clean(f"{words} ({self._content.get('code') or self._response.status_code})")
