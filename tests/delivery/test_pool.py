"""Several sessions with one server."""

import select
import smtplib
import threading
import time
from collections import Counter

import pytest
from delivery.outcome import NOT_SENT, REFUSED, SENT, UNCERTAIN
from delivery.smtp.pool import NoSession, Pool, SessionThread
from scripted_server import CLOSE, SILENCE, Say, answer_all_at_once


@pytest.fixture
def pool():
    pools = []

    def make(server, connections=1, **options):
        def connect():
            made.threads.add(threading.current_thread())
            smtp = smtplib.SMTP("127.0.0.1", server.port, timeout=30)
            smtp.ehlo()
            return smtp

        made = Pool(connect, connections, timeout=30, final_timeout=30, **options)
        made.threads = set()
        pools.append(made)
        return made

    yield make
    for made in pools:
        made.close()


def kinds(outcomes):
    return [outcome.kind for outcome in outcomes]


def to(server):
    return sorted(recipients[0] for _sender, recipients, _content in server.ledger)


@pytest.mark.parametrize("connections", [1, 3, 8])
def test_each_message_goes_once_and_outcomes_keep_their_order(serve, pool, envelopes, connections):
    all_at_once = answer_all_at_once(connections)

    def answer(verb, line, count):
        if verb == "RCPT" and "user7@" in line:
            return b"550 5.1.1 No\r\n"
        return all_at_once(verb, line, count)

    server = serve(answer)
    batch = envelopes(40)
    sender = pool(server, connections)
    outcomes = sender.transmit(batch)
    assert [n for n, o in enumerate(outcomes) if o.kind is REFUSED] == [7]
    assert kinds(outcomes).count(SENT) == 39
    assert to(server) == sorted(e.recipients[0] for e in batch if e.key != 7)
    assert server.connections == connections
    assert sender.threads == {threading.current_thread()}


def test_sessions_are_kept_between_batches(serve, pool, envelopes):
    server = serve(answer_all_at_once(2))
    sender = pool(server, 2)
    for _ in range(5):
        assert kinds(sender.transmit(envelopes(6))) == [SENT] * 6
    assert server.connections == 2


def test_no_more_sessions_than_messages_are_opened(serve, pool, envelopes):
    server = serve()
    pool(server, 8).transmit(envelopes(2))
    assert server.connections <= 2


def test_empty_batch_opens_no_session(serve, pool):
    server = serve()
    assert pool(server, 2).transmit([]) == []
    assert server.connections == 0


def test_session_is_renewed_after_its_number_of_messages(serve, pool, envelopes):
    server = serve()
    sender = pool(server, messages_per_connection=10)
    assert kinds(sender.transmit(envelopes(35))) == [SENT] * 35
    assert server.connections == 4
    assert server.commands.count("QUIT") == 3


@pytest.mark.timeout(100)
def test_idle_sessions_that_are_used_up_hold_nothing_back(serve, pool, envelopes):
    server = serve(answer_all_at_once(2, "CONTENT"))
    sender = pool(server, 2, messages_per_connection=2)
    for count in (4, 1, 1, 2):
        assert kinds(sender.transmit(envelopes(count))) == [SENT] * count
    assert len(to(server)) == 8


def test_server_that_closes_after_each_twenty_gets_everything(serve, pool, envelopes):
    goodbye = Say(b"421 4.7.0 Enough for one session\r\n", then="close")

    def answer(verb, line, count):
        return goodbye if verb == "MAIL" and count % 21 == 20 else None

    server = serve(answer)
    batch = envelopes(100)
    assert kinds(pool(server).transmit(batch)) == [SENT] * 100
    assert to(server) == sorted(e.recipients[0] for e in batch)


def test_server_that_takes_a_hundred_in_a_session_gets_everything(serve, pool, envelopes):
    begun = Counter()  # by session

    def answer(verb, _line, _count):
        begun[server.connections] += verb == "MAIL"
        if begun[server.connections] <= 100 or verb not in ("MAIL", "RCPT", "DATA"):
            return None
        return b"452 4.5.3 Too many messages sent\r\n" if verb == "MAIL" else b"503 5.5.1 No\r\n"

    server = serve(answer)
    assert kinds(pool(server).transmit(envelopes(250))) == [SENT] * 250
    assert len(to(server)) == 250
    assert server.connections == 3


def test_server_that_takes_nothing_in_any_session_is_not_asked_for_ever(serve, pool, envelopes):
    server = serve(lambda verb, _line, _count: b"452 4.5.3 No\r\n" if verb == "MAIL" else None)
    assert set(kinds(pool(server).transmit(envelopes(3)))) == {NOT_SENT}
    assert server.connections == 1


def test_server_that_closed_an_idle_session_is_called_again(serve, pool, envelopes):
    server = serve(lambda verb, line, count: CLOSE if verb == "MAIL" and count == 4 else None)
    sender = pool(server)
    sender.transmit(envelopes(4))
    assert kinds(sender.transmit(envelopes(2))) == [SENT] * 2
    assert server.connections == 2


def test_server_that_achieves_nothing_is_not_called_for_ever(serve, pool, envelopes):
    server = serve(lambda verb, line, count: CLOSE if verb == "MAIL" else None)
    assert kinds(pool(server).transmit(envelopes(5))) == [NOT_SENT] * 5
    assert server.connections == 1


def test_server_that_closes_each_session_at_once_is_not_called_for_ever(serve, envelopes):
    server = serve(lambda verb, line, count: Say(b"250 x\r\n", "close") if verb == "EHLO" else None)

    def connect():
        smtp = smtplib.SMTP("127.0.0.1", server.port, timeout=30)
        smtp.ehlo()
        assert select.select([smtp.sock], [], [], 30)[0], "the end of the connection is there"
        return smtp

    with Pool(connect, timeout=30, final_timeout=30) as sender:
        assert kinds(sender.transmit(envelopes(3))) == [NOT_SENT] * 3
    assert server.connections == 1


@pytest.mark.parametrize(("age", "counts"), [(0, False), (61, True)])
def test_session_closed_by_the_server_was_idle_or_unwanted(
    serve, connect, envelopes, monkeypatch, age, counts
):
    monkeypatch.setattr("delivery.smtp.pool.MIN_IDLE", 60)
    session = connect(serve())
    sender = Pool(lambda: None)
    thread = SessionThread(sender, session)
    thread._opened -= age
    sender._waiting.extend(envelopes(1))
    session.cut()
    assert thread.take(wait=True) is None
    assert thread.has_succeeded is counts


def test_uncertain_message_is_never_sent_again(serve, pool, envelopes):
    server = serve(lambda verb, line, count: CLOSE if verb == "CONTENT" and count == 3 else None)
    outcomes = pool(server).transmit(envelopes(10))
    assert kinds(outcomes) == [SENT] * 3 + [UNCERTAIN] + [SENT] * 6
    assert len(to(server)) == 9


def test_one_broken_session_leaves_the_others_alone(serve, pool, envelopes):
    server = serve(lambda verb, line, count: CLOSE if verb == "CONTENT" and count == 5 else None)
    outcomes = pool(server, 4).transmit(envelopes(40))
    assert kinds(outcomes).count(UNCERTAIN) == 1
    assert kinds(outcomes).count(SENT) == 39
    assert len(set(to(server))) == 39


def test_fewer_connections_do_when_the_server_allows_no_more(serve, pool, envelopes):
    asked = answer_all_at_once(3)  # the third one is refused

    def answer(verb, line, count):
        asked(verb, line, count)
        too_many = Say(b"421 4.7.0 Too many connections\r\n", then="close")
        return too_many if verb == "CONNECT" and count >= 2 else None

    server = serve(answer)
    sender = pool(server, 8)
    for _ in range(3):
        assert kinds(sender.transmit(envelopes(10))) == [SENT] * 10
    assert server.connections == 3


def test_no_session_says_why_in_the_servers_words(serve, pool, envelopes):
    no = Say(b"554 5.7.1 You are not welcome\r\n", then="close")
    server = serve(lambda verb, line, count: no if verb == "CONNECT" else None)
    with pytest.raises(NoSession) as caught:
        pool(server, 4).transmit(envelopes(5))
    outcome = caught.value.outcome
    assert (outcome.kind, outcome.code, outcome.stage) == (NOT_SENT, 554, "greeting")
    assert outcome.text == "You are not welcome"
    assert server.connections == 1


def test_server_that_goes_away_half_way_leaves_the_rest_not_sent(serve, pool, envelopes):
    def answer(verb, line, count):
        if verb == "CONNECT" and count:
            return Say(b"554 5.3.2 Closed\r\n", then="close")
        return CLOSE if verb == "MAIL" and count == 3 else None

    outcomes = pool(serve(answer)).transmit(envelopes(6))
    assert kinds(outcomes) == [SENT] * 3 + [NOT_SENT] * 3


def test_failure_that_is_none_of_the_networks_passes(envelopes):
    def connect():
        raise LookupError("no server is configured")

    with pytest.raises(LookupError):
        Pool(connect).transmit(envelopes(1))


def test_switched_off_sending_is_told(envelopes):
    with pytest.raises(NoSession, match="switched off") as caught:
        Pool(lambda: None).transmit(envelopes(1))
    assert (caught.value.outcome.kind, caught.value.outcome.stage) == (NOT_SENT, "connect")


def test_closing_says_quit_on_every_session(serve, pool, envelopes):
    server = serve(answer_all_at_once(3))
    with pool(server, 3) as sender:
        sender.transmit(envelopes(6))
    assert server.commands.count("QUIT") == 3


def test_waiting_of_sessions_overlaps(serve, pool, envelopes):
    all_wait = threading.Event()

    def answer(verb, line, count):
        if verb == "CONTENT":
            if count == 7:  # none of the seven before has its reply
                all_wait.set()
            assert all_wait.wait(30)

    sender = pool(serve(answer), 8)
    assert kinds(sender.transmit(envelopes(32))) == [SENT] * 32


# The queue


def test_owner_goes_on_while_messages_are_on_their_way(serve, pool, envelopes):
    may_go_on = threading.Event()

    def answer(verb, line, count):
        if verb == "CONTENT" and count:
            may_go_on.wait(60)

    server = serve(answer)
    sender = pool(server)
    sender.put(envelopes(2))
    assert sender.open_count == 2
    ((first, outcome),) = sender.collect(1)
    assert (first.key, outcome.kind) == (0, SENT)
    assert sender.collect(1, 0.0) == []
    sender.put(envelopes(4)[2:])
    may_go_on.set()
    assert {envelope.key for envelope, _outcome in sender.collect(3)} == {1, 2, 3}
    assert sender.open_count == 0
    assert len(to(server)) == 4


def test_messages_are_open_until_they_are_collected(serve, pool, envelopes):
    may_go_on = threading.Event()

    def answer(verb, line, count):
        if verb == "CONTENT" and count:
            may_go_on.wait(60)

    sender = pool(serve(answer))
    sender.put(envelopes(3))
    assert (len(sender.collect(1)), sender.open_count) == (1, 2)
    may_go_on.set()
    deadline = time.monotonic() + 30
    while len(sender._done) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sender.open_count == 2
    assert len(sender.collect(3)) == 2
    assert sender.open_count == 0
    assert sender.collect(3) == []


def test_owner_sleeps_while_it_waits(serve, pool, envelopes, monkeypatch):
    monkeypatch.setattr("delivery.smtp.pool.CLOSING_TIME", 0.1)
    server = serve(lambda verb, line, count: SILENCE if verb == "CONTENT" else None)
    sender = pool(server)
    sender.put(envelopes(1))
    begun = time.thread_time()
    assert sender.collect(1, 0.3) == []
    assert time.thread_time() - begun < 0.1
    sender.close()  # which does not wait for the server


def test_what_no_session_has_begun_can_be_withdrawn(serve, pool, envelopes):
    may_go_on = threading.Event()

    def answer(verb, line, count):
        if verb == "CONTENT":
            may_go_on.wait(60)

    server = serve(answer)
    sender = pool(server)
    sender.put(envelopes(20))
    withdrawn = sender.withdraw()
    may_go_on.set()
    done = sender.collect(20)
    assert len(withdrawn) >= 17
    keys = [envelope.key for envelope in withdrawn] + [envelope.key for envelope, _o in done]
    assert sorted(keys) == list(range(20))
    assert len(to(server)) == len(done)


def test_message_that_cannot_be_made_leaves_the_others_alone(serve, pool, envelopes):
    def broken():
        raise LookupError("no such picture")

    first, second, third = envelopes(3)
    outcomes = pool(serve()).transmit([first, second._replace(data=broken), third])
    assert kinds(outcomes) == [SENT, REFUSED, SENT]
    assert outcomes[1].failure_type == "rendering"
    assert outcomes[1].text == "no such picture"


def test_next_message_is_made_while_the_server_works(serve, pool, envelopes):
    made, made_meanwhile = [], []
    third = threading.Event()

    def answer(verb, line, count):
        if verb == "CONTENT" and count == 0:
            third.wait(30)
            made_meanwhile.extend(made)

    def make(number):
        made.append(number)
        if number == 2:
            third.set()
        return (b"Subject: x\r\n\r\nHello\r\n",)

    batch = [e._replace(data=lambda n=e.key: make(n)) for e in envelopes(4)]
    assert kinds(pool(serve(answer)).transmit(batch)) == [SENT] * 4
    assert made_meanwhile == [0, 1, 2]


def test_objection_leaves_what_waits_and_the_next_put_asks_again(serve, pool, envelopes):
    no = b"550 5.7.1 Sender refused\r\n"
    server = serve(lambda verb, line, count: no if verb == "MAIL" and count == 0 else None)
    sender = pool(server)
    outcomes = sender.transmit(envelopes(10))
    assert {outcome.text for outcome in outcomes} == {"Sender refused"}
    assert kinds(outcomes) == [NOT_SENT] * 10
    assert kinds(sender.transmit(envelopes(10))) == [SENT] * 10
    assert server.connections == 1


def test_closing_cuts_off_a_server_that_is_silent(serve, pool, envelopes, monkeypatch):
    monkeypatch.setattr("delivery.smtp.pool.CLOSING_TIME", 0.1)
    server = serve(lambda verb, line, count: SILENCE if verb == "CONTENT" and count == 1 else None)
    sender = pool(server)
    sender.put(envelopes(2))
    assert [outcome.kind for _envelope, outcome in sender.collect(1)] == [SENT]
    sender.close()
    assert [outcome.kind for _envelope, outcome in sender.collect(1)] == [UNCERTAIN]
