"""TLS sessions are resumed, by real TLS on loopback."""

import contextlib
import smtplib
import ssl

import pytest
from delivery.outcome import SENT
from delivery.smtp import tls_session
from delivery.smtp.pool import Pool
from delivery.smtp.session import Session
from delivery.smtp.tls_session import TlsSessions
from hostile_web import make_certificate
from tls_server import TlsServer


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """Make a context with a certificate that is trusted, unless another one is made after it."""

    def make(name="localhost", version=None, tickets=None):
        context = make_certificate(tmp_path, name)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        if version:
            context.maximum_version = version
        if tickets is not None:
            context.num_tickets = tickets
            context.options |= 0 if tickets else ssl.OP_NO_TICKET
        return context

    return make


@pytest.fixture
def serve():
    servers = []

    def start(*contexts, **options):
        servers.append(TlsServer(*contexts, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def open_smtp(sessions, server, host="localhost", strict=True):
    """Open a connection in the way of Odoo's ``ir.mail_server``."""
    context = sessions.new_context()
    context.check_hostname = strict
    context.verify_mode = ssl.CERT_REQUIRED if strict else ssl.CERT_NONE
    if server.starttls:
        smtp = smtplib.SMTP(host, server.port, timeout=30)
        smtp.starttls(context=context)
    else:
        smtp = smtplib.SMTP_SSL(host, server.port, timeout=30, context=context)
    smtp.ehlo_or_helo_if_needed()
    return smtp


def connect(sessions, server, **options):
    """Open a session and close it; return whether a TLS session was resumed."""
    smtp = open_smtp(sessions, server, **options)
    reused = smtp.sock.session_reused
    Session(smtp, 30, 30).close()
    return reused


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("starttls", [False, True])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_second_connection_resumes_the_session_of_the_first(
    certificate, serve, strict, starttls, version
):
    server = serve(certificate(version=version), starttls=starttls)
    sessions = TlsSessions()
    seen = [connect(sessions, server, strict=strict) for _each in range(4)]
    assert seen == server.reused == [False, True, True, True]


def test_trusted_certificates_are_read_once_for_a_server(certificate, serve, monkeypatch):
    server = serve(certificate())
    made, make = [], ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda: made.append(1) or make())
    sessions = TlsSessions()
    for _each in range(3):
        connect(sessions, server)
    assert len(made) == 1
    monkeypatch.setattr(tls_session, "MAX_AGE", 0)
    assert not connect(sessions, server)  # after MAX_AGE the certificate is checked anew
    assert len(made) == 2


def test_each_of_several_connections_has_a_session_of_its_own(certificate, serve):
    server = serve(certificate())
    sessions = TlsSessions()
    for expected in ([False, False], [True, True], [True, True, False]):
        for smtp in [open_smtp(sessions, server) for _each in expected]:
            Session(smtp, 30, 30).close()
        assert server.reused[-len(expected) :] == expected


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_server_without_tickets_gets_a_new_session_each_time(certificate, serve, version):
    server = serve(certificate(version=version, tickets=0), certificate(version=version, tickets=0))
    sessions = TlsSessions()
    for _each in range(2):
        with contextlib.suppress(ssl.SSLCertVerificationError):
            connect(sessions, server, strict=False)
    assert server.reused == [False, False]


def test_server_that_has_forgotten_the_session_is_connected_to_all_the_same(certificate, serve):
    server = serve(certificate(), certificate(), certificate())
    sessions = TlsSessions()
    assert [connect(sessions, server, strict=False) for _each in range(3)] == [False] * 3


def test_changed_certificate_is_verified_although_there_is_a_session(certificate, serve):
    other, trusted = certificate(), certificate()
    server = serve(trusted, other)
    sessions = TlsSessions()
    assert not connect(sessions, server)
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        connect(sessions, server)


def test_session_of_another_host_is_never_used(certificate, serve):
    # One program with one ticket key: it would take the session for any of them.
    context = certificate()
    server, neighbour = serve(context), serve(context)
    sessions = TlsSessions()
    connect(sessions, server, strict=False)
    assert not connect(sessions, server, host="127.0.0.1", strict=False)
    assert not connect(sessions, neighbour, strict=False)
    assert connect(sessions, server, strict=False)


def test_session_that_was_not_verified_is_not_used_where_it_has_to_be(certificate, serve):
    untrusted, _trusted = certificate(), certificate()
    server = serve(untrusted)
    sessions = TlsSessions()
    connect(sessions, server, strict=False)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(sessions, server)
    assert connect(sessions, server, strict=False)


def test_name_is_verified_for_each_host(certificate, serve):
    server = serve(certificate(name="mail.example.com"))
    sessions = TlsSessions()
    for _each in range(2):
        with pytest.raises(ssl.SSLCertVerificationError, match="ostname"):
            connect(sessions, server)


def test_servers_that_are_not_used_any_more_are_forgotten(certificate, serve, monkeypatch):
    monkeypatch.setattr(tls_session, "MAX_SERVERS", 2)
    context = certificate()
    servers = [serve(context) for _each in range(3)]
    sessions = TlsSessions()
    for server in servers:
        connect(sessions, server, strict=False)
    assert [terms.port for terms in sessions._servers] == [one.port for one in servers[1:]]


@pytest.mark.parametrize("starttls", [False, True])
def test_connections_that_follow_one_another_in_a_pool_resume_one_session(
    certificate, serve, envelopes, starttls
):
    server = serve(certificate(), starttls=starttls)
    sessions = TlsSessions()
    with Pool(lambda: open_smtp(sessions, server), messages_per_connection=2) as pool:
        outcomes = pool.transmit(envelopes(6))
    assert {outcome.kind for outcome in outcomes} == {SENT}
    assert server.reused == [False, True, True]
