"""Sessions against aiosmtpd, in the clear, over TLS and with STARTTLS."""

import shutil
import smtplib
import ssl
import subprocess

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server  # noqa: N811  # a class in spite of its name
from delivery.outcome import DEFERRED, REFUSED, SENT
from delivery.smtp.session import Session
from delivery.smtp.tls_session import TlsSessions

DATA = b"Subject: x\r\n\r\n" + b".\r\n..\r\nHello\r\n" * 20


class Inbox:
    """Keeps what it accepts; refuses by the recipient's name."""

    def __init__(self):
        self.received = []

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("user3@"):
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos == ["user5@example.com"]:
            return "451 4.7.1 Greylisted"
        self.received.append((envelope.rcpt_tos, bytes(envelope.original_content)))
        return "250 2.0.0 Ok"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


class _Controller(Controller):
    """Listens where the system chooses, and offers STARTTLS when asked to."""

    tls_context = None

    def factory(self):
        return Server(self.handler, tls_context=self.tls_context, enable_SMTPUTF8=True)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def run():
    controllers = []

    def start(ssl_context=None, tls_context=None):
        inbox = Inbox()
        controller = _Controller(inbox, "127.0.0.1", 0, ssl_context=ssl_context, ready_timeout=60)
        controller.tls_context = tls_context
        controller.start()
        controllers.append(controller)
        return inbox, controller.port

    yield start
    for controller in controllers:
        controller.stop()


def insecure(context):
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


# With the contexts that connections of mailings have, and with those of other programs.
CONTEXTS = {"ours": TlsSessions().new_context, "others": ssl.create_default_context}


@pytest.fixture(
    params=["plain", *(f"{how} {whose}" for how in ("tls", "starttls") for whose in CONTEXTS)]
)
def connection(request, run):
    how, _space, whose = request.param.partition(" ")
    if how == "plain":
        inbox, port = run()
        smtp = smtplib.SMTP("127.0.0.1", port, timeout=30)
    elif how == "tls":
        inbox, port = run(ssl_context=request.getfixturevalue("certificate"))
        context = insecure(CONTEXTS[whose]())
        smtp = smtplib.SMTP_SSL("127.0.0.1", port, timeout=30, context=context)
    else:
        inbox, port = run(tls_context=request.getfixturevalue("certificate"))
        smtp = smtplib.SMTP("127.0.0.1", port, timeout=30)
        smtp.starttls(context=insecure(CONTEXTS[whose]()))
    smtp.ehlo_or_helo_if_needed()
    return inbox, smtp


@pytest.mark.parametrize("pipelining", [False, True])
def test_batch_arrives_and_refusals_stay_with_their_recipient(connection, envelopes, pipelining):
    inbox, smtp = connection
    if pipelining:
        # aiosmtpd reads line by line and so bears pipelining, but does not offer it
        smtp.esmtp_features["pipelining"] = ""
    session = Session(smtp, 30, 30)
    outcomes = session.send(envelopes(8, data=DATA))
    expected = [SENT] * 8
    expected[3], expected[5] = REFUSED, DEFERRED
    assert [outcome.kind for outcome in outcomes] == expected
    assert outcomes[5].failure_type == "greylisted"
    assert [content for _to, content in inbox.received] == [DATA] * 6
    assert session.usable
    session.close()


def test_large_message_arrives_unchanged(connection, envelopes):
    inbox, smtp = connection
    data = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 100_000
    session = Session(smtp, 30, 30)
    assert [outcome.kind for outcome in session.send(envelopes(2, data=data))] == [SENT] * 2
    assert [content for _to, content in inbox.received] == [data] * 2
    session.close()
