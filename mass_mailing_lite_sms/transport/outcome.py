"""What became of an SMS: from the answer of a provider's API, or from how the call ended."""

from dataclasses import dataclass

import requests

from odoo.addons.iap.tools.iap_tools import InsufficientCreditError
from odoo.addons.mass_mailing_lite.delivery.outcome import (
    NOT_SENT,
    REFUSED,
    SENT,
    UNCERTAIN,
    OutcomeKind,
    clean,
)
from odoo.exceptions import AccessError, UserError

# Answers of providers (states of SmsApi._send_sms_batch) that say: sent, or about to be.
ACCEPTED = frozenset({"success", "processing", "sent", "delivered"})
# Those about the account or its settings: no SMS would be accepted, so all wait.
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

# Names of urllib3's errors for a connection that could not be opened.
NO_CONNECTION = {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}


@dataclass(frozen=True)
class SmsOutcome:
    """What became of one SMS; the same as a ``delivery.outcome.Outcome`` for an e-mail.

    :ivar failure_type: as of ``partner.mailing.recipient``; "" for an SMS that was sent
    :ivar text: the words of the provider
    :ivar code: reply code where the outcome is to be taken as that of a mail server
    """

    kind: OutcomeKind
    failure_type: str = ""
    text: str = ""
    code: int | None = None
    enhanced = ""
    stage = "provider"  # no step of an SMTP session


def from_answer(answer):
    """Return the outcome that an answer about one SMS calls for.

    :param answer: one of the dicts that ``SmsApi._send_sms_batch`` returns
    """
    state, words = answer.get("state"), clean(str(answer.get("failure_reason") or ""))
    if state in ACCEPTED:
        return SmsOutcome(SENT)
    if state == "server_error":
        return SmsOutcome(UNCERTAIN, "sms_gateway", words)
    if state in ACCOUNT:
        return SmsOutcome(NOT_SENT, "sms_account", words or state)
    return SmsOutcome(REFUSED, REFUSALS.get(state, "unknown"), words or state or "")


def is_provider_fault(outcome):
    """Tell whether the provider is at fault when all SMS of a batch have this outcome."""
    return outcome.kind is NOT_SENT or outcome.failure_type == "sms_gateway"


def from_error(error):
    """Return the outcome of a batch whose call ended in an exception.

    Not sent only where nothing can have been handed over; uncertain after a time-out and any other
    error, for the same reason as in SMTP (RFC 1047).
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
        # A setting is missing, which Odoo finds before it calls the provider.
        return SmsOutcome(NOT_SENT, "sms_account", words)
    return SmsOutcome(UNCERTAIN, "sms_gateway", words)


def is_refused_connection(error):
    """Tell whether no connection could be opened: the request was never sent."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if type(reason).__name__ == "ProxyError":
        # It uses the same name for a connection through a proxy that was lost later.
        reason = reason.original_error
        if str(reason).startswith("Tunnel connection failed"):
            return True
    return type(reason).__name__ in NO_CONNECTION


def is_refused_request(error):
    """Tell whether the provider refused the request as a whole (HTTP 4xx)."""
    response = getattr(error, "response", None)
    return isinstance(error, requests.exceptions.HTTPError) and (
        response is not None and 400 <= response.status_code < 500
    )
