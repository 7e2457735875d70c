"""Makes an outcome from an exception: why a session could not be opened.

``smtplib`` connects, negotiates TLS (RFC 3207) and logs in (RFC 4954). Which of these steps failed
can be told only from the exception's class.
"""

import smtplib
import socket
import ssl

from ..outcome import NOT_SENT, Outcome, clean, split_enhanced

# Texts for faults of the network, where no server says anything. Callers compare them to translate.
UNKNOWN_NAME = "The server's name is not known"
NO_ANSWER = "The server did not answer in time"
CONNECTION_REFUSED = "No mail server listens there: connection refused"

FAULTS = (
    smtplib.SMTPException,
    OSError,
)  # OSError: also ssl.SSLError, socket.gaierror, TimeoutError


def from_exception(error: BaseException) -> Outcome:
    """Return the NOT_SENT outcome for an exception, with the server's words where there are any.

    :param error: one of ``FAULTS``, raised while connecting, securing or logging in
    """
    code, text = _words(error)
    enhanced, text = split_enhanced(text)
    return Outcome(NOT_SENT, _stage(error, text), code, enhanced, text)


def _stage(error: BaseException, text: str) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "login"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "tls" if "STARTTLS" in text else "login"
    if isinstance(error, (smtplib.SMTPConnectError, smtplib.SMTPHeloError)):
        return "greeting"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "greeting"
    if isinstance(error, smtplib.SMTPResponseException):
        return "tls"  # smtplib raises this class itself only for a refused STARTTLS
    if isinstance(error, smtplib.SMTPException):
        return "login"  # this class itself: no common login method
    return "tls" if isinstance(error, ssl.SSLError) else "connect"


def decode_reply(text: bytes | str) -> str:
    """Return the text of a reply that an exception of ``smtplib`` carries."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _words(error: BaseException) -> tuple[int | None, str]:
    if isinstance(error, smtplib.SMTPResponseException):
        text = decode_reply(error.smtp_error)
        return (error.smtp_code if error.smtp_code > 0 else None), text
    if isinstance(error, socket.gaierror):
        return None, f"{UNKNOWN_NAME}: {error.strerror or error}"
    if isinstance(error, TimeoutError):
        return None, NO_ANSWER
    if isinstance(error, ConnectionRefusedError):
        return None, CONNECTION_REFUSED
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return None, clean(words or type(error).__name__)
