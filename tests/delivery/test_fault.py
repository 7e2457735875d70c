"""Why no session could be opened, from the exceptions of smtplib and the network."""

import smtplib
import socket
import ssl

import pytest
from delivery.outcome import NOT_SENT
from delivery.smtp.fault import (
    CONNECTION_REFUSED,
    FAULTS,
    NO_ANSWER,
    UNKNOWN_NAME,
    from_exception,
)


@pytest.mark.parametrize(
    ("error", "stage", "code", "enhanced", "failure"),
    [
        (ConnectionRefusedError(111, "refused"), "connect", None, "", "network"),
        (TimeoutError("timed out"), "connect", None, "", "network"),
        (socket.gaierror(-2, "Name or service not known"), "connect", None, "", "network"),
        (OSError("no route"), "connect", None, "", "network"),
        (ssl.SSLError(1, "wrong version"), "tls", None, "", "tls"),
        (ssl.SSLCertVerificationError("self-signed"), "tls", None, "", "tls"),
        (smtplib.SMTPConnectError(554, b"5.7.1 Go away"), "greeting", 554, "5.7.1", "server"),
        (smtplib.SMTPConnectError(421, b"too many connections"), "greeting", 421, "",
         "rate_limited"),
        (smtplib.SMTPHeloError(501, b"bad name"), "greeting", 501, "", "server"),
        (smtplib.SMTPServerDisconnected("closed"), "greeting", None, "", "network"),
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 Bad password"), "login", 535, "5.7.8",
         "login"),
        (smtplib.SMTPNotSupportedError("SMTP AUTH extension not supported"), "login", None, "",
         "login"),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported"), "tls", None, "", "tls"),
        (smtplib.SMTPResponseException(454, b"4.7.0 TLS not available"), "tls", 454, "4.7.0",
         "tls"),
        (smtplib.SMTPException("No suitable authentication method"), "login", None, "", "login"),
        (smtplib.SMTPConnectError(-1, "nothing"), "greeting", None, "", "network"),
    ],
)  # fmt: skip
def test_exception_names_the_stage_and_keeps_the_servers_words(
    error, stage, code, enhanced, failure
):
    outcome = from_exception(error)
    assert isinstance(error, FAULTS)
    assert (outcome.kind, outcome.stage) == (NOT_SENT, stage)
    assert (outcome.code, outcome.enhanced) == (code, enhanced)
    assert outcome.failure_type == failure
    assert outcome.text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(-2, "Name not known"), f"{UNKNOWN_NAME}: Name not known"),
        (TimeoutError("timed out"), NO_ANSWER),
        (TimeoutError(110, "Connection timed out"), NO_ANSWER),
        (ConnectionRefusedError(111, "Connection refused"), CONNECTION_REFUSED),
        (OSError(113, "No route to host"), "No route to host"),
        (OSError(), "OSError"),
    ],
)
def test_faults_of_the_network_have_texts_that_callers_translate(error, text):
    assert from_exception(error).text == text
