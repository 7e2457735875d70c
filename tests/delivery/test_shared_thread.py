"""Several sessions of a pool in one thread."""

import smtplib
import socket
import ssl
import threading
import time
from functools import partial

import pytest
from delivery.outcome import NOT_SENT, SENT, UNCERTAIN
from delivery.smtp.pool import Pool
from delivery.smtp.session import Session
from delivery.smtp.shared_thread import LATER, READ, SharedThread, Wait
from delivery.smtp.tls_session import TlsSessions
from hostile_web import make_certificate
from scripted_server import CLOSE, SILENCE, Say, answer_all_at_once

# Of a session that waits, at most: a message without its final reply, one that is begun, one that is
# made.
HELD = 3
LARGE = b"Subject: x\r\n\r\n" + b"A line of a large file, as it is sent.\r\n" * 225_000  # 9 MB


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=["plain", "tls"])
def serve(request, serve, certificate):
    """Start scripted servers, in the clear and with TLS."""
    return partial(serve, tls=certificate if request.param == "tls" else None)


@pytest.fixture
def sender(monkeypatch):
    """Make pools."""
    sessions = TlsSessions()
    monkeypatch.setattr("delivery.smtp.pool.CLOSING_TIME", 0.1)
    pools = []

    def make(server, connections=2, timeout=30, final_timeout=None, **options):
        def connect():
            smtp = open_smtp(server, sessions)
            smtp.ehlo()
            return smtp

        options.update(timeout=timeout, final_timeout=final_timeout or timeout)
        pools.append(Pool(connect, connections, **options))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def open_smtp(server, sessions):
    """Open a connection in the way of Odoo's ``ir.mail_server``."""
    if not server.tls:
        return smtplib.SMTP("127.0.0.1", server.port, timeout=30)
    context = sessions.new_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return smtplib.SMTP_SSL("127.0.0.1", server.port, timeout=30, context=context)


def kinds(done):
    return [outcome.kind for _envelope, outcome in done]


def smtp_threads():
    return {thread for thread in threading.enumerate() if thread.name == "smtp"}


@pytest.mark.parametrize("connections", [2, 8])
def test_sessions_of_a_pool_share_a_thread_which_ends_with_them(
    serve, sender, envelopes, connections
):
    before, during = smtp_threads(), set()

    def make():
        during.update(smtp_threads() - before)
        return (b"Subject: x\r\n\r\nHello\r\n",)

    server = serve(answer_all_at_once(connections))
    pool = sender(server, connections)
    outcomes = pool.transmit([e._replace(data=make) for e in envelopes(40)])
    assert {outcome.kind for outcome in outcomes} == {SENT}
    assert (server.connections, len(during)) == (connections, 1)
    pool.close()
    for thread in during:
        thread.join(30)
    assert not smtp_threads() - before


def send_beside_a_silent_one(serve, sender, messages):
    """Send all but the few of one connection, which gets no reply to its first message."""
    server = serve(lambda verb, line, count: SILENCE if verb == "CONTENT" and not count else None)
    pool = sender(server, timeout=60)
    pool.put(messages)
    done = kinds(pool.collect(len(messages) - HELD, 30))
    assert len(done) >= len(messages) - HELD and set(done) == {SENT}
    return pool


def test_server_that_is_silent_on_one_connection_holds_no_other_back(serve, sender, envelopes):
    send_beside_a_silent_one(serve, sender, envelopes(40))


def test_server_that_answers_in_drops_on_one_connection_holds_no_other_back(
    serve, sender, envelopes
):
    end = threading.Event()
    drops = Say(b"250 2.0.0 It was taken in the end\r\n", drip=0.01, hold=end)
    server = serve(lambda verb, line, count: drops if verb == "CONTENT" and not count else None)
    pool = sender(server, timeout=60)
    pool.put(envelopes(20))
    done = pool.collect(20 - HELD, 30)
    assert len(done) >= 20 - HELD
    assert "in the end" not in "".join(outcome.text for _envelope, outcome in done)
    end.set()
    assert kinds(done + pool.collect(20 - len(done), 30)) == [SENT] * 20


def test_server_that_reads_slowly_on_one_connection_holds_no_other_back(serve, sender, envelopes):
    may_read = threading.Event()

    def answer(verb, line, count):
        if verb == "PART" and line in first.recipients:
            may_read.wait(60)

    server = serve(answer)
    first, *others = envelopes(20)
    pool = sender(server, timeout=60)
    pool.put([first._replace(data=LARGE)])
    pool.put(others)
    done = pool.collect(20 - HELD, 30)
    assert len(done) >= 20 - HELD
    assert first.key not in {envelope.key for envelope, _outcome in done}
    may_read.set()
    assert kinds(done + pool.collect(20 - len(done), 30)) == [SENT] * 20
    assert max(len(content) for _from, _to, content in server.ledger) == len(LARGE)


def test_reply_that_does_not_come_in_time_leaves_its_message_uncertain(serve, sender, envelopes):
    server = serve(lambda verb, line, count: SILENCE if verb == "CONTENT" and not count else None)
    begun = time.monotonic()
    outcomes = sender(server, final_timeout=2).transmit(envelopes(20))
    assert [outcome.kind for outcome in outcomes].count(UNCERTAIN) == 1
    assert [outcome.kind for outcome in outcomes].count(SENT) == 19
    assert 2 <= time.monotonic() - begun < 20


def test_server_that_reads_no_more_is_given_up(serve, sender, envelopes):
    stop = threading.Event()

    def answer(verb, line, count):
        if verb == "DATA":  # for replies there is more time
            [session] = pool._threads
            session._session._connection._timeout = 0.3
        if verb == "PART":
            stop.wait(60)

    pool = sender(serve(answer))
    (outcome,) = pool.transmit(envelopes(1, LARGE))
    stop.set()
    assert (outcome.kind, outcome.text) == (NOT_SENT, "The connection timed out")


def test_lost_connection_ends_its_session_alone(serve, sender, envelopes):
    server = serve(lambda verb, line, count: CLOSE if verb == "CONTENT" and count == 7 else None)
    outcomes = sender(server, 3).transmit(envelopes(40))
    assert [outcome.kind for outcome in outcomes].count(UNCERTAIN) == 1
    assert [outcome.kind for outcome in outcomes].count(SENT) == 39


def test_idle_sessions_use_no_processor_and_wake_for_the_next_message(serve, sender, envelopes):
    server = serve(answer_all_at_once(2))
    pool = sender(server)
    pool.transmit(envelopes(20))
    begun = time.process_time()
    time.sleep(0.2)
    assert time.process_time() - begun < 0.1
    for _ in range(20):
        assert [outcome.kind for outcome in pool.transmit(envelopes(1))] == [SENT]
    assert server.connections == 2


def test_closing_cuts_a_silent_server_off(serve, sender, envelopes):
    pool = send_beside_a_silent_one(serve, sender, envelopes(10))
    pool.close()
    assert kinds(pool.collect(1, 30))[0] is UNCERTAIN


def test_single_session_has_a_thread_to_itself(serve, sender, envelopes):
    pool = sender(serve(), connections=1)
    assert pool.shared_thread is None
    assert [outcome.kind for outcome in pool.transmit(envelopes(3))] == [SENT] * 3


@pytest.mark.parametrize("serve", ["plain"], indirect=True)
def test_session_with_another_kind_of_socket_has_a_thread_to_itself(serve):
    smtp = smtplib.SMTP("127.0.0.1", serve().port, timeout=30)
    smtp.ehlo()
    plain, smtp.sock = smtp.sock, type("Wrapped", (), {"settimeout": lambda *_args: None})()
    assert not Session(smtp).share()
    smtp.sock = plain
    assert Session(smtp).share()
    smtp.close()


# The thread


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def run(*sessions):
    """Run sessions to their end, all of them."""
    thread, ended = SharedThread(), [threading.Event() for _session in sessions]

    async def observed(session, end):
        try:
            await session
        finally:
            end.set()

    for session, end in zip(sessions, ended, strict=True):
        thread.add(observed(session, end))
    assert all(end.wait(30) for end in ended)
    return thread


def test_wait_tells_whether_the_socket_is_ready_or_the_time_is_over(pair):
    ours, theirs = pair
    answers = []

    async def session():
        answers.append(await Wait(ours.fileno(), READ, 0.05))
        theirs.send(b"x")
        answers.append(await Wait(ours.fileno(), READ, 30))

    run(session())
    assert answers == [False, True]


def test_fault_of_a_session_stops_no_other(pair, caplog):
    ours, theirs = pair
    order = []

    async def broken():
        raise LookupError("a bug")

    async def whole():
        theirs.send(b"x")
        await Wait(ours.fileno(), READ, 30)
        order.append("whole")

    run(broken(), whole())
    assert order == ["whole"]
    assert "a bug" in caplog.text


def test_news_that_come_just_before_a_session_waits_for_them_are_not_missed():
    thread = SharedThread()
    ended = threading.Event()

    async def session():
        thread.wake()
        await LATER
        ended.set()

    for _ in range(50):
        ended.clear()
        thread.add(session())
        assert ended.wait(30)
