"""The request by which ``sms_twilio`` sends one SMS, and the account of a company there."""

from dataclasses import replace

import requests

from odoo.addons.mass_mailing_lite.delivery.outcome import NOT_SENT, SENT, UNCERTAIN, clean

from ..transport.outcome import SmsOutcome, from_error
from .sms import Listener

SEND_REQUEST = "_sms_twilio_send_request"
# Errors of Twilio's whole API, not of one message: login, account, too many requests, …
API_ERRORS = range(20000, 21000)
# Those about the sending number and the address for reports, which all messages have in common.
SENDER_ERRORS = frozenset({21212, 21603, 21606, 21609, 21611, 21659, 21660, 21661})


ACCOUNT_FIELD, TOKEN_FIELD = "sms_twilio_account_sid", "sms_twilio_auth_token"


def has_accounts(companies):
    """Tell whether companies can have an account at Twilio: whether ``sms_twilio`` is installed."""
    return ACCOUNT_FIELD in companies._fields and TOKEN_FIELD in companies._fields


def find_companies(companies, account):
    """Return the companies with an account; several may share one.

    :param companies: ``res.company``, as superuser
    :param account: Twilio's identifier of the account, as a request names it
    """
    if not has_accounts(companies) or not account or "\0" in account:
        return companies.browse()
    return companies.search([(ACCOUNT_FIELD, "=", account)])


def get_token(company):
    """Return the secret of a company's account, by which Twilio signs its requests."""
    return company[TOKEN_FIELD]


def is_twilio(api):
    """Tell whether the API of a provider is that of ``sms_twilio``."""
    return hasattr(api, SEND_REQUEST)


class TwilioListener(Listener):
    """Listens to Twilio itself, which gets a request of its own for each SMS.

    Odoo keeps less than Twilio says: a wrong password and too many requests are "unknown" to it, as
    is an unknown refusal of one number; a connection that was lost is the same to it as one that
    could not be opened; and an answer that is no JSON is an error that ends the batch. After an
    answer that is not about one number nothing more of the batch is tried: each SMS would wait for
    as long, and be uncertain.
    """

    def __init__(self, api, commit):
        super().__init__(api, commit)
        self._send_request = getattr(api, SEND_REQUEST)
        self._outcomes = {}  # by uuid, of what was heard or not tried
        self._fault = None
        setattr(api, SEND_REQUEST, self._send_one)

    def get_outcomes(self):
        """Return what Twilio answered, and of refusals of one number what Odoo made of them."""
        return {**super().get_outcomes(), **self._outcomes}

    def _send_one(self, session, to_number, body, uuid):
        """Send one SMS as Odoo does; return the response if Odoo can read it."""
        if self._fault:
            self._outcomes[uuid] = replace(self._fault, kind=NOT_SENT)
            return None
        observed = ObservedSession(session)
        response = self._send_request(observed, to_number, body, uuid)
        if outcome := observed.get_outcome():
            self._outcomes[uuid] = outcome
            if outcome.kind is not SENT:
                self._fault = outcome
        return response if observed.is_readable else None


class ObservedSession:
    """A ``requests.Session`` for one request that notes how it ended.

    :ivar is_readable: whether the answer has the form of Twilio's API
    """

    def __init__(self, session):
        self._session = session
        self._response = self._error = None
        self._content = {}
        self.is_readable = False

    def __getattr__(self, name):
        return getattr(self._session, name)

    def post(self, *args, **kwargs):
        """Send the request, and note the response or the error."""
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
        """Return the SmsOutcome, None when one message was refused, of which Odoo knows more."""
        if self._error:
            return from_error(self._error)
        status, code = self._response.status_code, self._content.get("code")
        if self._response.ok:
            return None if self._content.get("error") else SmsOutcome(SENT)
        if status >= 500:
            return SmsOutcome(UNCERTAIN, "sms_gateway", self._get_words())
        if status == 429 or not self.is_readable:
            return SmsOutcome(NOT_SENT, "sms_gateway", self._get_words())
        if code in API_ERRORS or code in SENDER_ERRORS:
            return SmsOutcome(NOT_SENT, "sms_account", self._get_words())
        return None

    def _get_words(self):
        """Return what Twilio said, with the number of the error in its documentation."""
        words = self._content.get("message") or self._response.reason
        return clean(f"{words} ({self._content.get('code') or self._response.status_code})")
